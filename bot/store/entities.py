"""What the NLU found in all that a customer wrote: what an agent needs to know at a glance.

Each turn stores its entities with the rest of its NLU, in one step (finish.lua); here they come together.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.model import Entity, Nlu, TranscriptLine


def customer_entities(lines: Iterable[TranscriptLine]) -> list[Entity]:
    """In the order in which the customer named them; the same in another spelling counts once, as first written."""
    return unique_entities(line.nlu for line in lines if line.nlu)


def unique_entities(found_by_nlu: Iterable[Nlu]) -> list[Entity]:
    """The same, of what the NLU made of some messages."""
    found: dict[tuple[str, str], Entity] = {}
    for nlu in found_by_nlu:
        for raw in nlu.entities:
            entity = Entity(str(raw.get("entity", "")), str(raw.get("value", "")))
            found.setdefault((entity.entity, _plain(entity.value)), entity)
    return list(found.values())


def _plain(value: str) -> str:
    """WS-1048221 is ws 1048221; a value of nothing but signs stays what it is."""
    return "".join(char for char in value.casefold() if char.isalnum()) or value
