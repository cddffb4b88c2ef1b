"""What the dialogue makes of one message; knows nothing of Rasa, whose import takes seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.model import Button, Nlu

if TYPE_CHECKING:
    from bot.nlu.sentence_vectors import Encoding


@dataclass(frozen=True)
class Utterance:
    """Something to say: a template, with buttons behind the template's own; or a text of a custom action.

    intent: what it answers; empty when it only asks back.
    """

    template: str = ""
    text: str = ""
    buttons: tuple[Button, ...] = ()
    intent: str = ""


@dataclass
class TurnResult:
    """What Rasa made of one message. `dialogue` is what the next turn of the conversation must be given."""

    dialogue: str
    nlu: Nlu
    utterances: list[Utterance] = field(default_factory=list)
    handoff: dict[str, Any] | None = None


@dataclass(frozen=True)
class Examined:
    """How the NLU read one message. spelled: with its mistakes put right, empty if there were none.

    ask_threshold: from which confidence it asks what is meant. encoding: how its vector was made, None without one.
    """

    spelled: str
    ask_threshold: float | None
    encoding: Encoding | None
