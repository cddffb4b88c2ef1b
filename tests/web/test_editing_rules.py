"""What managers set about editing, over HTTP; and that customers read the company's own variables at once."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from bot.answers import Answers, render
from bot.model import Template
from bot.store import Store
from bot.store.editing_rules import EditingRules
from tests.conftest import Site
from tests.web.visitor import Visitor


@pytest.fixture
def manager(site: Site) -> Visitor:
    site.run(_reset)
    return Visitor(site.url, site.session("mira", "manager", name="Mira"))


async def _reset(store: Store) -> None:
    """The site is shared: without rules of another test."""
    now = await store.editing_rules.get()
    await store.editing_rules.save(EditingRules(version=now.version))


def fields(visitor: Visitor, *rows: tuple[str, str], **more: Any) -> dict[str, Any]:
    """The form as it is on the page, with these variables."""
    named = {}
    for number, (name, value) in enumerate(rows, start=1):
        named |= {f"field-{number}-name": name, f"field-{number}-value": value}
    return {"version": visitor.get("/editor/rules").value("version"), **named, **more}


def test_a_variable_of_the_company_counts_at_once_in_every_channel(site: Site, manager: Visitor) -> None:
    name = f"utter_faq_{uuid.uuid4().hex[:8]}"
    text = "Bel {telefoonnummer}, of kom langs{adres}. Je schrijft in {kanaal}."
    site.run(lambda store: store.templates.save(Template(name, "Bellen", text), expected_version=0))
    saved = manager.post_form("/editor/rules", fields(manager, ("telefoonnummer", "020 123"), ("adres", "")))
    page = manager.get(saved.location)
    assert "Opgeslagen. Het geldt vanaf nu." in page.text and "Staat in 1 antwoord." in page.text

    async def read(store: Store, channel: str) -> str:
        answers = Answers(store.templates, site.settings, store.departments, store.editing_rules)
        return (await answers.message(name, "c1", channel=channel)).text

    assert site.run(lambda store: read(store, "widget")) == "Bel 020 123, of kom langs. Je schrijft in de chat."
    assert site.run(lambda store: read(store, "instagram")).endswith("Je schrijft in Instagram.")
    manager.post_form("/editor/rules", fields(manager, ("telefoonnummer", "020 456")))
    assert "020 456" in site.run(lambda store: read(store, "widget"))
    # One that is gone leaves nothing behind, and managers see where it was.
    manager.post_form("/editor/rules", fields(manager))
    assert site.run(lambda store: read(store, "widget")) == "Bel, of kom langs. Je schrijft in de chat."
    assert "{telefoonnummer} bestaat niet, maar staat in 1 antwoord." in manager.get("/editor/rules").text


def test_an_own_variable_may_be_used_and_another_one_not(site: Site, manager: Visitor) -> None:
    manager.post_form("/editor/rules", fields(manager, ("telefoonnummer", "020 123")))
    name = f"utter_faq_{uuid.uuid4().hex[:8]}"
    site.run(lambda store: store.templates.save(Template(name, "Bellen", "Bel."), expected_version=0))
    form = {"title": "Bellen", "expected_version": 1}
    assert manager.post_form(f"/editor/{name}", {**form, "text": "Bel {telefoonnummer}."}).status == 303
    refused = manager.post_form(f"/editor/{name}", {**form, "text": "Bel {faxnummer}.", "expected_version": 2})
    assert refused.status == 400 and "{faxnummer} bestaat niet." in refused.text
    assert "{telefoonnummer}" in refused.text, "what there is to choose from"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (("Telefoon", "1"), "De naam “Telefoon” kan niet."),
        (("x" * 31, "1"), "kan niet."),
        (("wanneer", "1"), "De naam “wanneer” bestaat al."),
        (("", "los"), "Geef deze tekst een naam"),
        (("nummer", "{wanneer}"), "Hier mogen geen { en } in staan."),
        (("nummer", "x" * 201), "Hoogstens 200 tekens; het zijn er nu 201."),
        (("😀", "1"), "kan niet."),
    ],
)
def test_a_variable_that_cannot_be_is_refused_and_what_was_typed_stays(
    site: Site, manager: Visitor, row: tuple[str, str], error: str
) -> None:
    page = manager.post_form("/editor/rules", fields(manager, ("goed", "Ja"), row))
    assert page.status == 400 and error in page.text
    assert (page.value("field-2-name"), page.value("field-2-value")) == row
    assert site.run(lambda store: store.editing_rules.get()).fields == {}


def test_two_managers_at_once_see_each_others_rules(site: Site, manager: Visitor) -> None:
    other = Visitor(site.url, site.session("otto", "manager", name="Otto"))
    mine = fields(manager, ("mijn", "1"))
    other.post_form("/editor/rules", fields(other, ("zijn", "2"), answers_need_review="on"))
    conflict = manager.post_form("/editor/rules", mine)
    assert conflict.status == 409
    assert "Otto heeft dit intussen ook gewijzigd." in conflict.text and "zijn = 2" in conflict.text
    assert conflict.value("field-1-name") == "mijn"
    assert site.run(lambda store: store.editing_rules.get()).fields == {"zijn": "2"}


def test_the_audit_log_says_who_set_what(site: Site, manager: Visitor) -> None:
    manager.post_form("/editor/rules", fields(manager, ("telefoonnummer", "020 123"), answers_need_review="on"))
    log = manager.get("/audit").text
    assert "Regels voor antwoorden gewijzigd" in log and "tweede paar ogen aan, {telefoonnummer}" in log


def test_a_value_with_markup_or_from_right_to_left_stays_text(site: Site, manager: Visitor) -> None:
    for value in ("<b>vet</b>", "مرحبا", "😀"):
        manager.post_form("/editor/rules", fields(manager, ("naam", value)))
        page = manager.get("/editor/rules")
        assert page.value("field-1-value") == value and "<b>vet" not in page.body
        assert render("Hoi {naam}!", {"naam": value}) == f"Hoi {value}!"
