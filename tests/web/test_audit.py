"""The audit log's page and file, over HTTP."""

from __future__ import annotations

import ast
import csv
import io
import re
import uuid

import pytest

from bot.store import Store
from bot.web.audit.words import DEEDS, KINDS
from tests.conftest import Site
from tests.sources import nodes
from tests.test_docs import SOURCES, log_events
from tests.web.test_tokens import ask
from tests.web.visitor import Visitor


@pytest.fixture
def name() -> str:
    return f"wie-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def manager(site: Site) -> Visitor:
    return Visitor(site.url, site.session("leider", "manager"))


def test_log_says_in_dutch_who_did_what(site: Site, manager: Visitor, name: str) -> None:
    site.account(name, "agent", name="Sanne <b>")

    async def deeds(store: Store) -> None:
        await store.audit.note(name, "template.saved", "utter_groet", "versie 3", address="192.0.2.1")
        await store.audit.note("", "sign_in.failed", name, "wrong password")
        await store.audit.note("iemand-die-weg-is", "iets.nieuws", "x")

    site.run(deeds)
    page = manager.get("/audit")
    assert "Sanne &lt;b&gt;" in page.body
    assert "Antwoord gepubliceerd Over: utter_groet versie 3 Vanaf: 192.0.2.1" in page.text
    assert "Niet ingelogd Inloggen mislukt Over: Sanne <b> verkeerd wachtwoord" in page.text
    assert "iemand-die-weg-is iets.nieuws" in page.text, "what has no words shows its code"


def test_log_is_chosen_by_person_and_kind_and_says_when_there_is_nothing(
    site: Site, manager: Visitor, name: str
) -> None:
    site.account(name, "agent")

    async def deeds(store: Store) -> None:
        await store.audit.note(name, "template.saved", f"utter_van_{name}")
        await store.audit.note(name, "account.changed", name)

    site.run(deeds)
    assert f"utter_van_{name}" in manager.get(f"/audit?account={name}").text
    assert f"utter_van_{name}" not in manager.get(f"/audit?account={name}&kind=account").text
    empty = manager.get(f"/audit?account={name}&kind=department")
    assert "Hier is niets over gevonden." in empty.text
    gone = manager.get("/audit?account=%3Cscript%3E&kind=%3Cb%3E")
    assert gone.status == 200 and "<script>" not in gone.body.partition("</form>")[0]
    assert manager.get("/audit?before=x").status == 400


def test_long_log_has_pages(site: Site, manager: Visitor, name: str) -> None:
    async def deeds(store: Store) -> None:
        for number in range(101):
            await store.audit.note(name, "template.saved", f"utter_{number}_")

    site.run(deeds)
    first = manager.get(f"/audit?account={name}")
    assert "utter_100_" in first.text and "utter_0_" not in first.text and "Nieuwste" not in first.text
    older = re.search(r'href="(/audit\?[^"]*before=[^"]*)"', first.body)
    assert older and name in older[1]
    second = manager.get(older[1].replace("&amp;", "&"))
    assert "utter_0_" in second.text and "Nieuwste" in second.text and "Ouder" not in second.text


def test_file_has_all_of_it_and_no_formulas(site: Site, manager: Visitor, name: str) -> None:
    async def deeds(store: Store) -> None:
        for number in range(600):
            await store.audit.note(name, "template.saved", f"=HYPERLINK({number})", '+1;"x"\n')

    site.run(deeds)
    answer = manager.get(f"/audit.csv?account={name}")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "logboek.csv" in answer.headers["content-disposition"]
    assert answer.body.startswith("\ufeff")
    lines = list(csv.DictReader(io.StringIO(answer.body.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert len(lines) == 600
    assert lines[0]["Over"] == "'=HYPERLINK(599)" and lines[0]["Details"] == '\'+1;"x"\n'
    assert lines[0]["Wat"] == "Antwoord gepubliceerd" and re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", lines[0]["Tijd"]
    )
    assert not any(cell.startswith(("=", "+", "-", "@")) for line in lines for cell in line.values())


@pytest.mark.parametrize("role", ["agent", "editor"])
def test_log_is_for_managers_and_admins(site: Site, name: str, role: str) -> None:
    visitor = Visitor(site.url, site.session(name, role))  # type: ignore[arg-type]
    assert visitor.get("/audit").status == 403 and visitor.get("/audit.csv").status == 403


def test_saving_an_answer_is_in_the_log_whoever_does_it(site: Site, name: str) -> None:
    editor = Visitor(site.url, site.session(name, "editor"))
    form = {
        "title": "Groet",
        "text": f"Hoi van {name}",
        "expected_version": editor.get("/editor/utter_groet").value("expected_version"),
    }
    saved = editor.post_form("/editor/utter_groet", form)
    assert saved.status == 303
    version = int(form["expected_version"])
    restored = editor.post("/editor/utter_groet/restore", version=version, expected_version=version + 1)
    assert restored.status == 303
    _, text = site.run(lambda store: store.tokens.create("Robot", "editor", created_by=name))
    assert ask(site, text, "/api/v1/templates/utter_groet", "PUT", {"text": "Hoi!"})[0] == 200
    entries = site.run(lambda store: store.audit.search(kind="template", limit=3)).entries
    robot = f"token:{text.split('_')[1]}"
    assert [(entry.account_id, entry.what, entry.details) for entry in entries] == [
        (robot, "template.saved", f"versie {version + 3}"),
        (name, "template.restored", f"versie {version + 2}"),
        (name, "template.saved", f"versie {version + 1}"),
    ]


def test_every_deed_has_its_dutch_words() -> None:
    """A new one needs a line in bot/web/audit/words.py."""
    events, deeds = set(log_events()), set()
    for path in SOURCES:
        for node in nodes(path):
            if isinstance(node, ast.Constant) and re.fullmatch(r"[a-z_]+\.[a-z_]+", str(node.value)):
                deeds.add(str(node.value))
    written = {deed for deed in deeds - events if deed.partition(".")[0] in KINDS}
    assert written - {f"{kind}.lua" for kind in KINDS} <= set(DEEDS)
    assert {deed.partition(".")[0] for deed in DEEDS} <= set(KINDS)
