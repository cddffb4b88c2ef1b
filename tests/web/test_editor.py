"""Editing answers, over HTTP against the real server and Redis, without JavaScript."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.model import Button, Role, Template
from bot.store import Store
from bot.store.topics import Example, Topic
from bot.web.editor.checks import is_https_url
from bot.web.editor.compare import compare
from bot.web.editor.list_rows import matches
from bot.web.editor.occasions import answers_question, occasion
from tests.conftest import Site
from tests.web.visitor import Page, Visitor

DOMAIN = Path(__file__).parents[2] / "domain.yml"
SCRIPT = "<script>alert('1')</script>"


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


@pytest.fixture
def answer(site: Site) -> Template:
    """An answer that only this test edits."""
    number = uuid.uuid4().hex[:8]
    template = Template(f"utter_faq_{number}", f"Vraag {number}", "De eerste tekst.\nMet een tweede regel.")
    return site.run(lambda store: store.templates.save(template, expected_version=0))


def test_edit_is_stored_with_who_and_when_and_shown(site: Site, editor: Visitor, answer: Template) -> None:
    saved = _save(editor, answer, title="Nieuwe titel", text="  Nieuw antwoord.\r\nTweede regel.  ")
    assert saved.status == 303
    page = editor.get(saved.location)
    assert "Gepubliceerd. Klanten zien dit antwoord nu." in page.text
    assert page.value("text") == "Nieuw antwoord.\nTweede regel."
    stored = _stored(site, answer)
    assert (stored.title, stored.text, stored.version) == ("Nieuwe titel", "Nieuw antwoord.\nTweede regel.", 2)
    assert stored.edited_by == "sanne" and stored.edited_at_ms > 0
    assert "Sanne de Wit" in page.text


def test_an_answer_to_no_question_says_when_customers_read_it(site: Site, editor: Visitor, answer: Template) -> None:
    public = Template("utter_reactie_openbaar", "Openbaar antwoord", "Dank je!")
    site.run(lambda store: store.templates.seed([public]))
    assert "Iedereen kan het lezen." in editor.get(_address(public)).text
    assert "Iedereen kan het lezen." not in editor.get(_address(answer)).text


def test_page_opened_later_does_not_claim_to_have_saved(editor: Visitor, answer: Template) -> None:
    assert "Gepubliceerd." not in editor.get(_address(answer)).text
    assert "Gepubliceerd." not in editor.get(_address(answer) + "?done=published&saved=9").text


def test_saving_without_a_change_makes_no_version(site: Site, editor: Visitor, answer: Template) -> None:
    assert _save(editor, answer).status == 303
    assert _stored(site, answer).version == 1


def test_double_click_on_save_saves_once_and_is_no_conflict(site: Site, editor: Visitor, answer: Template) -> None:
    first, second = (_save(editor, answer, text="Eén keer.") for _ in range(2))
    assert first.location == second.location
    assert _stored(site, answer).version == 2


def test_text_from_outside_is_never_markup(editor: Visitor, answer: Template) -> None:
    saved = _save(editor, answer, title="<i>Hoi</i>", text=SCRIPT + "</textarea>", **_button(1, "<u>ja</u>", "/klacht"))
    for path in (saved.location, "/editor", "/editor?q=" + "%3Cscript%3E"):
        body = editor.get(path).body
        assert "<script>alert" not in body and "<i>Hoi" not in body and "<u>ja" not in body
    page = editor.get(saved.location)
    assert page.value("text") == SCRIPT + "</textarea>"
    assert page.headers["content-security-policy"]


def test_page_has_no_inline_script_or_style(editor: Visitor, answer: Template) -> None:
    for path in ("/editor", _address(answer), "/account/password"):
        body = editor.get(path).body
        assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|<style", body)


def test_unknown_variable_is_refused_and_named(site: Site, editor: Visitor, answer: Template) -> None:
    page = _save(editor, answer, text="Dat kost {prijs}. {wanneer}")
    assert page.status == 400
    assert "{prijs} bestaat niet. Je kunt kiezen uit {wanneer}, {afdeling}" in page.text
    assert page.value("text") == "Dat kost {prijs}. {wanneer}", "what was typed stays"
    assert _stored(site, answer) == answer


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": ""}, "Vul een titel in."),
        ({"title": "x" * 21}, "De titel mag hoogstens 20 tekens lang zijn; het zijn er nu 21."),
        ({"text": " \n "}, "Vul het antwoord in."),
        ({"text": "x" * 2001}, "Het antwoord mag hoogstens 2000 tekens lang zijn; het zijn er nu 2001."),
        ({"text": "Zie { wanneer }"}, "De tekens { en } mogen alleen om een variabele staan"),
        ({"text": "Zie {wanneer"}, "De tekens { en } mogen alleen om een variabele staan"),
        ({"button-1-title": "Ja"}, "Kies wat knop 1 doet."),
        ({"button-2-target": "/klacht"}, "Vul de tekst van knop 2 in, of maak de knop leeg."),
        ({"button-1-title": "x" * 21, "button-1-target": "/klacht"}, "Knop 1 mag hoogstens 20 tekens lang zijn"),
        ({"button-1-title": "Ja", "button-1-target": "/bestaat_niet"}, "Kies wat knop 1 doet."),
        ({"button-3-title": "Ja", "button-3-target": "url"}, "Vul bij knop 3 een adres in dat begint met https://."),
        (
            {"button-3-title": "Ja", "button-3-target": "url", "button-3-url": "javascript:alert(1)"},
            "Vul bij knop 3 een adres in dat begint met https://.",
        ),
        (
            {"button-4-title": "Vier", "button-4-target": "/klacht"},
            "Een antwoord heeft hoogstens 3 knoppen. Maak deze leeg.",
        ),
    ],
)
def test_error_stands_beside_its_field_and_in_the_summary(
    site: Site, editor: Visitor, answer: Template, fields: dict[str, str], error: str
) -> None:
    page = _save(editor, answer, **fields)
    assert page.status == 400
    assert page.text.count(error) == 2
    id = re.search(r'<li><a href="#([^"]+)">', page.body)
    assert id and f'id="{id[1]}"' in page.body, "the summary leads to the field"
    assert re.search(rf'id="{id[1]}"[^>]*aria-invalid="true"[^>]*aria-describedby="{id[1]}-error', page.body)
    assert _stored(site, answer) == answer


def test_longest_text_and_title_are_accepted(site: Site, editor: Visitor, answer: Template) -> None:
    assert _save(editor, answer, title="t" * 20, text="€" * 2000).status == 303
    assert len(_stored(site, answer).text) == 2000


def test_buttons_lead_to_topics_and_pages(site: Site, editor: Visitor, answer: Template) -> None:
    fields = {
        **_button(1, "Retour", "/faq_retourkosten"),
        **_button(3, "Meer", "url", "https://www.example.nl/x?y=1"),
    }
    page = editor.get(_save(editor, answer, **fields).location)
    assert _stored(site, answer).buttons == (
        Button("Retour", payload="/faq_retourkosten"),
        Button("Meer", url="https://www.example.nl/x?y=1"),
    )
    assert page.value("button-2-title") == "Meer" and page.value("button-2-url") == "https://www.example.nl/x?y=1"
    assert '<option value="/faq_retourkosten" selected>' in page.body


def test_topic_that_no_answer_is_named_after_can_be_kept(site: Site, editor: Visitor, answer: Template) -> None:
    other = Template("utter_eigen", "Eigen", "Tekst", (Button("Eigen", payload="/eigen_intent"),))
    site.run(lambda store: store.templates.save(other, expected_version=0))
    assert _save(editor, answer, **_button(1, "Eigen", "/eigen_intent")).status == 303


def test_address_left_over_from_an_earlier_choice_does_not_count(site: Site, editor: Visitor, answer: Template) -> None:
    _save(editor, answer, **_button(1, "Klacht", "/klacht", "https://www.example.nl/"))
    assert _stored(site, answer).buttons == (Button("Klacht", payload="/klacht"),)


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://www.example.nl/a?b=c#d", True),
        ("http://www.example.nl/", False),
        ("https://", False),
        ("https://sanne:geheim@example.nl/", False),
        ("https://example.nl/a b", False),
        ("https://[::1", False),
        ("https://example.nl/" + "x" * 500, False),
    ],
)
def test_only_a_whole_https_address_is_a_page(url: str, good: bool) -> None:
    assert is_https_url(url) is good


def test_conflict_shows_both_texts_and_loses_nothing(site: Site, editor: Visitor, answer: Template) -> None:
    other = Visitor(site.url, site.session("noor", "editor", name="Noor Bakker"))
    _save(other, answer, text="De tekst van Noor.")
    conflict = _save(editor, answer, text="De tekst van Sanne.")
    assert conflict.status == 409
    assert "Noor Bakker heeft dit antwoord intussen ook bewerkt." in conflict.text
    assert "De tekst van Noor." in _section(conflict, "theirs") and "De tekst van Sanne." in _section(conflict, "mine")
    assert conflict.value("text") == "De tekst van Sanne."
    assert _stored(site, answer).text == "De tekst van Noor."
    # Saving once more, having seen both, is a choice.
    again = editor.post_form(_address(answer), _fields(answer, text="Van ons samen.", version=_version_on(conflict)))
    assert again.status == 303
    assert [one.text for one in _history(site, answer)] == ["Van ons samen.", "De tekst van Noor.", answer.text]


def test_third_editor_in_a_conflict_is_a_conflict_again(site: Site, editor: Visitor, answer: Template) -> None:
    _save(editor, answer, text="Eerste.")
    conflict = _save(editor, answer, text="Tweede.")
    version = _version_on(conflict)
    site.run(lambda store: store.templates.save(_stored_as(answer, "Derde."), expected_version=version))
    assert editor.post_form(_address(answer), _fields(answer, text="Tweede.", version=version)).status == 409


def test_restoring_an_earlier_version_makes_it_the_newest(site: Site, editor: Visitor, answer: Template) -> None:
    page = editor.get(_save(editor, answer, text="Een vergissing.").location)
    assert "Zet terug: versie 1" in page.body and "De eerste tekst." in page.text
    restored = editor.post(_address(answer) + "/restore", version=1, expected_version=2)
    assert "Teruggezet. Klanten zien dit antwoord nu." in editor.get(restored.location).text
    stored = _stored(site, answer)
    assert (stored.text, stored.version, stored.edited_by) == (answer.text, 3, "sanne")
    assert len(_history(site, answer)) == 3


def test_restoring_over_somebody_elses_edit_is_a_conflict(site: Site, editor: Visitor, answer: Template) -> None:
    _save(editor, answer, text="Tweede.")
    page = editor.post(_address(answer) + "/restore", version=1, expected_version=1)
    assert page.status == 409 and page.value("text") == answer.text
    assert _stored(site, answer).text == "Tweede."


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"version": 7, "expected_version": 1}, 404),
        ({"version": "x", "expected_version": 1}, 400),
        ({"version": 1}, 400),
        ({"version": "9" * 400, "expected_version": 1}, 400),
    ],
)
def test_odd_restore_is_refused(editor: Visitor, answer: Template, fields: dict[str, Any], status: int) -> None:
    assert editor.post_form(_address(answer) + "/restore", fields).status == status


@pytest.mark.parametrize("version", ["", "-1", "1.5", "een", "9" * 400])
def test_odd_expected_version_is_refused(site: Site, editor: Visitor, answer: Template, version: str) -> None:
    page = editor.post_form(_address(answer), {**_fields(answer, text="Anders."), "expected_version": version})
    assert page.status == 400 and _stored(site, answer) == answer


def test_long_history_is_shortened_and_can_be_seen_whole(site: Site, editor: Visitor, answer: Template) -> None:
    async def edit_often(store: Store) -> None:
        for version in range(1, 25):
            await store.templates.save(_stored_as(answer, f"Tekst {version}."), expected_version=version)

    site.run(edit_often)
    page = editor.get(_address(answer))
    assert "Tekst 23." in page.body and "De eerste tekst." not in page.body
    assert "De eerste tekst." in editor.get(_address(answer) + "?history=all").body


def test_answer_that_does_not_exist_is_not_found_and_not_made(site: Site, editor: Visitor) -> None:
    assert editor.get("/editor/utter_bestaat_niet").status == 404
    page = editor.post_form("/editor/utter_bestaat_niet", _fields(Template("utter_bestaat_niet", "T", "Tekst")))
    assert page.status == 404
    assert "utter_bestaat_niet" not in {template.name for template in site.run(lambda store: store.templates.all())}


def test_list_shows_every_answer_with_first_line_editor_and_version(editor: Visitor, answer: Template) -> None:
    _save(editor, answer, text="Eerste regel.\nTweede regel.")
    row = _row(editor.get("/editor?q=" + answer.name), answer)
    assert "Eerste regel." in row and "Tweede regel." not in row
    assert "Sanne de Wit" in row and answer.title in row and answer.name in row and "versie 2" in row


@pytest.mark.parametrize("query", ["vindbaar", "VINDBAAR", "vínd geel", "utter_faq", "geel  tweede"])
def test_search_looks_in_title_name_and_text(editor: Visitor, answer: Template, query: str) -> None:
    _save(editor, answer, title=f"Vindbaar {answer.name[-8:]}", text="Eerste regel.\nGeel in de tweede regel.")
    assert _row(editor.get("/editor?q=" + query.replace(" ", "+").replace("í", "%C3%AD")), answer)


def test_search_leaves_out_what_does_not_match(editor: Visitor, answer: Template) -> None:
    page = editor.get("/editor?q=" + answer.name)
    assert "1 antwoord voor" in page.text
    assert page.body.count('<tr class="answer-row">') == 1
    assert "Geen antwoord gevonden." in editor.get("/editor?q=xyzzy").text


def test_search_ignores_capitals_and_accents() -> None:
    assert matches("Crème BRÛLÉE", "creme Brulee") and not matches("Crème", "brulee")


@pytest.mark.parametrize(
    ("role", "status"), [("agent", 403), ("editor", 200), ("admin", 200)], ids=["agent", "editor", "admin"]
)
def test_editor_is_for_editors_and_admins(site: Site, answer: Template, role: Role, status: int) -> None:
    visitor = Visitor(site.url, site.session(f"met-rol-{role}", role))
    assert visitor.get("/editor").status == status
    assert visitor.get(_address(answer)).status == status
    assert _save(visitor, answer, text="Anders.").status == (303 if status == 200 else 403)
    assert (_stored(site, answer).text == "Anders.") is (status == 200)
    restored = visitor.post(_address(answer) + "/restore", version=1, expected_version=2)
    assert restored.status == (303 if status == 200 else 403)


def test_without_a_session_nothing_is_saved(site: Site, answer: Template) -> None:
    visitor = Visitor(site.url)
    assert visitor.get(_address(answer)).location == "/sign-in?next=" + _address(answer).replace("/", "%2F")
    assert _save(visitor, answer, text="Anders.").status == 401
    assert _stored(site, answer) == answer


def test_header_leads_only_where_the_role_may_go(site: Site, editor: Visitor) -> None:
    assert 'href="/desk"' not in editor.get("/editor").body
    body = Visitor(site.url, site.session("baas", "admin")).get("/editor").body
    assert 'href="/desk"' in body and 'href="/editor" aria-current="page"' in body and 'href="/accounts"' in body


def test_preview_shows_the_variables_as_a_customer_would_read_them(editor: Visitor, answer: Template) -> None:
    page = editor.get(_save(editor, answer, text="Welkom bij {bedrijf}. {wanneer}").location)
    widget, messenger = re.findall(r'class="preview-text">([^<]*)<', page.body)
    assert widget == messenger and "Welkom bij Winkel van Sinkel." in widget and "{" not in widget


def test_comparing_marks_only_what_differs_and_keeps_every_character() -> None:
    one, other = "De winkel is\nopen.", "De winkel is\nop zondag dicht."
    pieces, other_pieces = compare(one, other)
    assert "".join(piece.text for piece in pieces) == one
    assert "".join(piece.text for piece in other_pieces) == other
    assert [piece.text for piece in pieces if piece.differs] == ["open."]


def test_the_page_says_when_customers_read_what_no_question_leads_to(site: Site, editor: Visitor) -> None:
    domain = yaml.safe_load(DOMAIN.read_text())
    intents = {f"utter_{one if isinstance(one, str) else next(iter(one))}" for one in domain["intents"]}
    for name in domain["responses"]:
        assert bool(occasion(name)) == (name not in intents), name
        assert answers_question(name) == (name in intents), name
    names = ("utter_faq_ruilen", "utter_in_wachtrij", "utter_reactie_openbaar")
    site.run(lambda store: store.templates.seed([Template(name, "Titel", "Een tekst.") for name in names]))
    question, waiting, public = (editor.get(f"/editor/{name}") for name in names)
    assert "Bedoel je …?" in question.text and "Bedoel je …?" not in waiting.text + public.text
    assert ["Tekst van knop 1" in page.text for page in (question, waiting, public)] == [True, True, False]


def _address(answer: Template) -> str:
    return f"/editor/{answer.name}"


def _fields(answer: Template, *, version: int | None = None, **changes: str) -> dict[str, Any]:
    expected = answer.version if version is None else version
    return {"title": answer.title, "text": answer.text, "expected_version": expected, **changes}


def _save(visitor: Visitor, answer: Template, **changes: str) -> Page:
    """Save from the form as it was when `answer` was read."""
    return visitor.post_form(_address(answer), _fields(answer, **changes))


def _button(number: int, title: str, target: str, url: str = "") -> dict[str, str]:
    return {f"button-{number}-title": title, f"button-{number}-target": target, f"button-{number}-url": url}


def _stored(site: Site, answer: Template) -> Template:
    return site.run(lambda store: store.templates.get(answer.name))


def _history(site: Site, answer: Template) -> list[Template]:
    return site.run(lambda store: store.templates.history(answer.name))


def _stored_as(answer: Template, text: str) -> Template:
    return Template(answer.name, answer.title, text, edited_by="noor")


def _version_on(page: Page) -> int:
    return int(page.value("expected_version"))


def _section(page: Page, id: str) -> str:
    found = re.search(rf'id="{id}">(.*?)</p>', page.body, re.DOTALL)
    assert found, f"no {id!r}"
    return re.sub(r"<[^>]*>", "", found[1])


def _row(page: Page, answer: Template) -> str:
    rows = re.findall(r'<tr class="answer-row">.*?</tr>', page.body, re.DOTALL)
    found = [row for row in rows if answer.name in row]
    assert len(found) == 1
    return found[0]


def test_who_has_no_topics_yet_reads_what_to_do_first(site: Site, editor: Visitor) -> None:
    assert "Zo begin je" in editor.get("/topics").text
    assert "Zo begin je" not in editor.get("/editor").text, "there are answers to questions"
    topic = Topic("faq_eerste", "De eerste", examples=(Example("de eerste vraag"),))
    site.run(lambda store: store.topics.save(topic))
    assert "Zo begin je" not in editor.get("/topics").text
