"""What can go to a department, in Dutch: questions that customers ask, and reasons for which a human is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.model import REASONS
from bot.store import Store
from bot.store.departments import Department
from bot.web.editor.topics import payload_choices

# A human takes these up in person, whatever the department.
_NO_TOPICS = {"bevestigen", "ontkennen"}


@dataclass(frozen=True)
class Topics:
    """Intent -> title, reason -> words; taken: either -> name of another department that has it."""

    intents: Mapping[str, str]
    reasons: Mapping[str, str]
    taken: Mapping[str, str]

    @property
    def titles(self) -> dict[str, str]:
        """Of both."""
        return {**self.intents, **self.reasons}


async def load_topics(store: Store, department_id: str, departments: Sequence[Department]) -> Topics:
    """What the form of a department offers."""
    choices = await payload_choices(store)
    intents = {payload[1:]: title for payload, title in choices.items() if payload[1:] not in _NO_TOPICS}
    for one in departments:  # an intent whose answer is gone stays where it was
        intents |= {intent: intent for intent in one.intents if intent not in intents}
    taken = {
        topic: one.name for one in departments if one.id != department_id for topic in (*one.intents, *one.reasons)
    }
    return Topics(intents, REASONS, taken)
