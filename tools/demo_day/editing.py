"""What community managers did with answers: one that waits for a colleague, and a variable of the company's own."""

from __future__ import annotations

from dataclasses import replace

from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.editing_rules import EditingRules
from bot.store.work import now_ms

_DRAFTED = "utter_faq_ruilen"
_RULES = EditingRules(fields={"telefoonnummer": "030 - 123 45 67", "retourdagen": "30"}, by="meryem")


async def own_answers(store: Store) -> None:
    """Before the day and on it."""
    at_ms = now_ms()
    published = await store.templates.published(_DRAFTED)
    text = published.text.replace("30 dagen", "60 dagen") + "\nMet de feestdagen mag je dus wat langer nadenken."
    draft = AnswerDraft(replace(published, text=text), "review", "lotte", at_ms, note="Tot en met 31 januari.")
    await store.answer_drafts.save(draft)
    await store.editing_rules.save(replace(_RULES, at_ms=at_ms - 86_400_000))
