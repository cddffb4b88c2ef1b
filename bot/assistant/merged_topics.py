"""Topics that were merged since the model was trained: what the model still takes for one is about the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from bot.assistant.turn import TurnResult, Utterance
from bot.model import Button
from bot.store.topics import Standing


def merges(topics: Iterable[Standing]) -> dict[str, str]:
    """Intent of a topic that was merged -> the one that answers for it now, also after more than one merge."""
    into = {topic.intent: topic.merged_into for topic in topics if topic.is_retired and topic.merged_into}
    return {intent: _end(intent, into) for intent in into}


def leads_to(payload: str, merged: Mapping[str, str]) -> str:
    """What a button asks for now: it may be of an old message."""
    intent = payload.removeprefix("/")
    return f"/{merged[intent]}" if intent in merged else payload


def lead_on(result: TurnResult, merged: Mapping[str, str]) -> TurnResult:
    """With the answers and buttons of the topics that are there now."""
    if not merged:
        return result
    intent = merged.get(result.nlu.intent, result.nlu.intent)
    utterances = list(dict.fromkeys(_led_on(said, merged) for said in result.utterances))  # two may have become one
    return replace(result, utterances=utterances, nlu=replace(result.nlu, intent=intent))


def _led_on(said: Utterance, merged: Mapping[str, str]) -> Utterance:
    target = merged.get(said.intent, said.intent)
    own = said.template == f"utter_{said.intent}"
    buttons = (replace(button, payload=leads_to(button.payload, merged)) for button in said.buttons)
    template = f"utter_{target}" if own else said.template
    return replace(said, template=template, intent=target, buttons=_without_repeats(buttons))


def _without_repeats(buttons: Iterable[Button]) -> tuple[Button, ...]:
    """Two choices may have become one; the first stays."""
    known: dict[str, Button] = {}
    for button in buttons:
        known.setdefault(button.payload or button.url or button.title, button)
    return tuple(known.values())


def _end(intent: str, into: Mapping[str, str]) -> str:
    """Where the merges end; a circle, which no page makes, ends somewhere in it."""
    for _ in into:
        if intent not in into:
            break
        intent = into[intent]
    return intent
