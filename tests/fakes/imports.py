"""Imports in every state that a page shows."""

from __future__ import annotations

from dataclasses import replace

from bot.store import Store
from bot.store.imports import Import, ImportRow
from bot.store.work import now_ms

ROWS = (
    ImportRow(2, "Verkopen jullie ook hangmatten?", "Ja, in de zomer.", "new", button="Hangmatten"),
    ImportRow(
        3,
        "Hoe lang is de garantie?",
        "Twee jaar.",
        "example",
        target="faq_garantie",
        target_title="Garantie",
        hints=("In het antwoord staat een rekeningnummer of ander persoonlijk nummer. Klopt dat?",),
        button="Garantie",
    ),
    ImportRow(4, "", "Een antwoord zonder vraag.", "skip", problem="Er staat geen vraag bij dit antwoord."),
)


async def some_imports(store: Store) -> dict[str, str]:
    """One to look at, one that was cut off, one that was done and one that was undone; part of an address -> id."""
    whole = Import("", "veelgestelde-vragen.xlsx", "sanne", now_ms(), ROWS)
    done = tuple(replace(row, intent="faq_hangmatten" if row.choice == "new" else "") for row in ROWS)
    imports = {
        "import_id": replace(whole, id="import-nieuw"),
        "import_begun": replace(whole, id="import-begonnen", rows=done, state="importing"),
        "import_done": replace(whole, id="import-klaar", rows=done, state="done"),
        "import_undone": replace(whole, id="import-weg", rows=done, state="undone", kept=("faq_hangmatten",)),
    }
    for one in imports.values():
        await store.imports.save(one)
    return {part: one.id for part, one in imports.items()}
