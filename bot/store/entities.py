"""What the NLU found in all that a customer wrote: what an agent needs to know at a glance.

Each turn stores its entities with the rest of its NLU, in one step (finish.lua); here they come together.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.model import Entity, TranscriptLine


def customer_entities(lines: Iterable[TranscriptLine]) -> list[Entity]:
    """In the order in which the customer named them; the same in another spelling counts once, as first written."""
    found: dict[tuple[str, str], Entity] = {}
    for line in lines:
        for raw in line.nlu.entities if line.nlu else ():
            entity = Entity(str(raw.get("entity", "")), str(raw.get("value", "")))
            found.setdefault((entity.entity, _plain(entity.value)), entity)
    return list(found.values())


def _plain(value: str) -> str:
    """WS-1048221 is ws 1048221; a value of nothing but signs stays what it is."""
    return "".join(char for char in value.casefold() if char.isalnum()) or value
