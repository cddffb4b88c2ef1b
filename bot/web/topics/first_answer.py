"""The first answer of a topic."""

from __future__ import annotations

from bot.errors import EditConflict
from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.topics import Topic
from bot.store.work import now_ms


async def give_answer(store: Store, topic: Topic, title: str, text: str, *, by: str) -> Template | None:
    """Let customers read it once the topic is trained; None if it is a draft that a colleague must look at first.

    Raises EditConflict if there is an answer already, or a draft of one.
    """
    if await store.answer_drafts.get(topic.answer):
        raise EditConflict(f"somebody works on {topic.answer!r}")
    if (await store.editing_rules.get()).answers_need_review:
        await store.answer_drafts.save(AnswerDraft(Template(topic.answer, title, text), "review", by, now_ms()))
        return None
    answer = Template(topic.answer, title, text, edited_at_ms=now_ms(), edited_by=by)
    return await store.templates.save(answer, expected_version=0)
