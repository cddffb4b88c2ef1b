"""The form of one answer, as tests without a browser fill it in."""

from __future__ import annotations

import uuid
from typing import Any

from bot.model import Template
from bot.store import Store
from bot.store.editing_rules import EditingRules
from tests.conftest import Site
from tests.web.visitor import Page, Visitor


def new_answer(site: Site, text: str = "De eerste tekst.", **fields: Any) -> Template:
    """One that only this test edits."""
    number = uuid.uuid4().hex[:8]
    template = Template(f"utter_faq_{number}", f"Vraag {number}", text, **fields)
    return site.run(lambda store: store.templates.save(template, expected_version=0))


def address(answer: Template) -> str:
    return f"/editor/{answer.name}"


def opened(visitor: Visitor, answer: Template) -> dict[str, Any]:
    """What the form holds as this visitor opens it now."""
    page = visitor.get(address(answer))
    assert page.status == 200
    return {name: page.value(name) for name in ("title", "text", "because", "expected_version", "draft_version")}


def send(visitor: Visitor, answer: Template, form: dict[str, Any], do: str, **changes: Any) -> Page:
    """Press one of the buttons under the form."""
    return visitor.post_form(address(answer), {**form, "do": do, **changes})


async def set_review(store: Store, needed: bool) -> None:
    now = await store.editing_rules.get()
    await store.editing_rules.save(EditingRules(answers_need_review=needed, version=now.version))
