"""Importing a company's own questions and answers, over HTTP: look, choose, import, undo."""

from __future__ import annotations

import asyncio
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.editing_rules import EditingRules
from bot.store.imports import Import, ImportRow
from bot.store.topics import Example, Topic
from bot.store.work import now_ms
from bot.web.importing.applying import apply, undo
from bot.web.importing.titles import button_of, title_of
from tests.conftest import Site, running_site
from tests.web.visitor import Page, Visitor

FAQ = Path(__file__).parents[1] / "evaluation" / "faqs" / "fietsenwinkel" / "faq.html"


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("esra", "editor"))


def sent(editor: Visitor, content: bytes, name: str = "faq.csv", **fields: str) -> Page:
    """What comes back when a file is sent, as a browser sends it."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    parts += [
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n".encode(),
        content,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    request = urllib.request.Request(editor.url + "/importing", data=b"".join(parts))
    request.add_header("content-type", f"multipart/form-data; boundary={boundary}")
    return editor._send(request)


def begun(editor: Visitor, *rows: tuple[str, str]) -> str:
    """Where the dry run of these questions and answers is."""
    content = "\n".join(['"Vraag";"Antwoord"', *(f'"{question}";"{answer}"' for question, answer in rows)])
    page = sent(editor, content.encode())
    assert page.status == 303, page.text
    return page.location


def topic(site: Site, title: str) -> Topic | None:
    topics = site.run(lambda store: store.topics.all(retired=True))
    return next((one for one in topics if one.title == title), None)


def unique(text: str) -> str:
    """A question that no other test asks, and that is like none of theirs."""
    return f"{uuid.uuid4().hex} {text}"


def test_a_page_of_forty_questions_becomes_forty_topics_and_is_undone(site: Site, editor: Visitor) -> None:
    page = sent(editor, FAQ.read_bytes(), "faq.html")
    path = page.location
    look = editor.get(path)
    assert "Er is nog niets veranderd" in look.text and "worden er 40 een nieuw onderwerp." in look.text
    assert topic(site, "Welk slot is het veiligst") is None
    assert editor.post(path, deed="import").location == path
    made = topic(site, "Welk slot is het veiligst")
    assert made and made.intent == "faq_welk_slot_is_het_veiligst"
    assert [(one.text, one.by) for one in made.examples] == [("Welk slot is het veiligst?", "esra")]
    answer = site.run(lambda store: store.templates.get(made.answer))
    assert answer.text.startswith("Kies een slot met het keurmerk ART.") and answer.title == "Slot veiligst"
    result = editor.get(path)
    assert "40 nieuwe onderwerpen" in result.text and 'href="/training"' in result.body
    editor.post(path, deed="import")  # again: nothing is made twice
    assert len(site.run(lambda store: store.topics.history(made.intent))) == 1
    assert editor.post(f"{path}/undo").location == path
    gone = topic(site, "Welk slot is het veiligst")
    assert gone and gone.is_retired
    assert site.run(lambda store: store.templates.get_many([made.answer])) == {}
    assert "ongedaan gemaakt" in editor.get(path).text
    deeds = [one.what for one in site.run(lambda store: store.audit.page())]
    assert {"import.done", "import.undone"} <= set(deeds) and deeds.count("import.done") == 1


def test_a_known_question_is_skipped_and_one_that_is_nearly_known_goes_to_its_topic(
    site: Site, editor: Visitor
) -> None:
    question = unique("Hoe lang is de garantie op mijn fiets?")
    path = begun(editor, (question, "Twee jaar."))
    editor.post(path, deed="import")
    nearly = question.replace("mijn", "m'n")
    again = begun(editor, (question.upper(), "Drie jaar."), (nearly, "Drie jaar."))
    assert "wordt er" not in editor.get(again).text and "komt er 1 als voorbeeld" in editor.get(again).text
    assert "slaan we er" in editor.get(again).text
    editor.post(again, deed="import")
    found = topic(site, title_of(question))
    assert found and [one.text for one in found.examples] == [question, nearly]
    editor.post(f"{again}/undo")
    found = topic(site, title_of(question))
    assert found and [one.text for one in found.examples] == [question] and not found.is_retired


def test_what_is_chosen_counts_and_what_can_not_be_imported_is_said(site: Site, editor: Visitor) -> None:
    skip, make = unique("Eerste?"), unique("Tweede?")
    path = begun(
        editor,
        (skip, "A"),
        (make, "<b>B</b><script>alert(1)</script>"),
        (make, "C"),
        ("", "D"),
        (unique("E"), "{onzin}"),
    )
    page = editor.get(path)
    for says in ("Staat al op plaats 3", "Er staat geen vraag", "{onzin} bestaat niet"):
        assert says in page.text
    assert "<script>alert" not in page.body
    editor.post(
        path, **{"choice-0": "skip", "choice-1": "new", "button-1": "Knop", "choice-2": "new", "deed": "import"}
    )
    assert topic(site, title_of(skip)) is None
    made = topic(site, title_of(make))
    assert made
    answer = site.run(lambda store: store.templates.get(made.answer))
    assert (answer.title, answer.text) == ("Knop", "B")


def test_a_wrong_button_is_refused_and_what_was_chosen_stays(editor: Visitor) -> None:
    path = begun(editor, (unique("Knop?"), "A"))
    page = editor.post(path, **{"choice-0": "new", "button-0": "x" * 21, "deed": "import"})
    assert page.status == 400 and "1 tot 20 tekens" in page.text and page.value("button-0") == "x" * 21
    nothing = editor.post(path, **{"choice-0": "skip", "button-0": "x", "deed": "import"})
    assert nothing.status == 400 and "niets om te importeren" in nothing.text


def test_personal_data_and_formulas_are_pointed_at(editor: Visitor) -> None:
    path = begun(editor, (unique("mijn bsn is 123456782, klopt dat?"), "Ja"), (unique("Formule?"), "=HYPERLINK(1)"))
    page = editor.get(path)
    assert "In de vraag staan persoonlijke gegevens" in page.text and "lijkt een formule" in page.text


def test_answers_can_wait_as_drafts(site: Site, editor: Visitor) -> None:
    question = unique("Concept?")
    path = begun(editor, (question, "Nog niet."))
    editor.post(path, **{"as": "drafts", "deed": "import"})
    made = topic(site, title_of(question))
    assert made
    assert site.run(lambda store: store.templates.get_many([made.answer])) == {}
    draft = site.run(lambda store: store.answer_drafts.get(made.answer))
    assert draft and draft.state == "draft" and draft.template.text == "Nog niet."
    assert editor.get(f"/editor/{made.answer}").status == 200
    editor.post(f"{path}/undo")
    assert site.run(lambda store: store.answer_drafts.get(made.answer)) is None


def test_where_a_second_pair_of_eyes_is_required_nothing_is_published(site: Site, editor: Visitor) -> None:
    question = unique("Beoordelen?")
    path = begun(editor, (question, "Eerst kijken."))
    site.run(lambda store: store.editing_rules.save(EditingRules(answers_need_review=True)))
    try:
        editor.post(path, **{"as": "published", "deed": "import"})
        made = topic(site, title_of(question))
        assert made
        back = editor.post(f"/editor/{made.answer}/bring-back", expected_version=1)
        assert back.status == 403 and "een collega moet het eerst nakijken" in back.text
    finally:
        site.run(lambda store: store.editing_rules.save(EditingRules(version=1)))
    draft = site.run(lambda store: store.answer_drafts.get(made.answer))
    assert draft and draft.state == "review"
    assert site.run(lambda store: store.templates.get_many([made.answer])) == {}
    assert editor.post(f"/editor/{made.answer}/bring-back", expected_version=1).status == 303, "without that rule"


def test_what_was_edited_since_stays_when_an_import_is_undone(site: Site, editor: Visitor) -> None:
    question = unique("Blijft?")
    path = begun(editor, (question, "Ja."))
    editor.post(path, deed="import")
    made = topic(site, title_of(question))
    assert made
    site.run(lambda store: store.topics.save(replace(made, examples=(*made.examples, Example("en dit")))))
    editor.post(f"{path}/undo")
    kept = topic(site, title_of(question))
    assert kept and not kept.is_retired
    assert site.run(lambda store: store.templates.get(made.answer)).text == "Ja."
    assert "zijn na de import veranderd" in editor.get(path).text


async def test_an_example_that_was_there_before_the_import_stays_when_it_is_undone(store: Store) -> None:
    mine = Example("Hoe laat zijn jullie open?", by="esra", at_ms=1)
    await store.topics.save(Topic("faq_open", "Open", examples=(mine,)))
    rows = tuple(
        ImportRow(at, one, "Negen uur.", "example", target="faq_open")
        for at, one in enumerate(("hoe laat zijn jullie open", "Wanneer open?"), 1)
    )
    found = await store.imports.save(Import("een", "faq.csv", "esra", now_ms(), rows))
    done = await apply(store, found, by="esra")
    assert len((await store.topics.get("faq_open")).examples) == 2
    await undo(store, done, by="esra")
    assert (await store.topics.get("faq_open")).examples == (mine,)


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [
        (b"", "faq.csv", "Er staat niets in het bestand"),
        (b"%PDF-1", "faq.pdf", "Dit is een PDF"),
        (("Vraag;Antwoord\n" + "a?;b\n" * 10_000).encode(), "faq.csv", "hoogstens 2000"),
        (b"x" * (5 * 1024 * 1024 + 1), "faq.csv", "hoogstens 5 MB"),
    ],
)
def test_a_file_that_is_no_use_is_refused(editor: Visitor, content: bytes, name: str, says: str) -> None:
    page = sent(editor, content, name)
    assert page.status == 400 and says in page.text


def test_columns_are_chosen_where_they_have_no_names(site: Site, editor: Visitor) -> None:
    question = unique("Kolom?")
    content = f"1;Ja;{question}\n2;Nee;{unique('Anders?')}\n".encode()
    page = sent(editor, content)
    assert page.status == 400 and "Welke kolom is wat?" in page.text
    same = sent(editor, content, question_column="1", answer_column="1")
    assert same.status == 400 and "twee verschillende kolommen" in same.text
    look = editor.get(sent(editor, content, question_column="2", answer_column="1").location)
    assert question in look.text


def test_pasted_text_that_is_no_use_stays_in_the_form(editor: Visitor) -> None:
    page = editor.post("/importing", pasted="zomaar 😀 tekst")
    assert page.status == 400 and page.value("pasted") == "zomaar 😀 tekst" and "We vonden geen vragen" in page.text


def test_what_is_pasted_has_the_limit_of_a_file(editor: Visitor) -> None:
    page = editor.post("/importing", pasted="Waar?\n" + "x" * 5 * 1024 * 1024)
    assert page.status == 400 and "Dit is te veel tekst." in page.text


def test_a_question_whose_words_are_a_topic_may_be_an_example_of_it(editor: Visitor) -> None:
    word = unique("").strip()[:16]
    editor.post(begun(editor, (f"{word}?", "Ja.")), deed="import")
    look = editor.get(begun(editor, (f"Wat zijn de {word}?", "Nee.")))
    assert f"Lijkt op het onderwerp {word}" in look.text and "wordt er 1 een nieuw onderwerp" in look.text


def test_who_sends_nothing_hears_what_is_expected(editor: Visitor) -> None:
    page = editor.post("/importing", pasted=" ")
    assert page.status == 400 and "Kies een bestand, of plak je vragen en antwoorden." in page.text


def test_agents_can_not_import(site: Site) -> None:
    agent = Visitor(site.url, site.session("agaath", "agent"))
    assert agent.get("/importing").status == 403
    assert agent.post("/importing", pasted="a?\nb").status == 403


def test_an_import_that_is_too_old_is_not_found(editor: Visitor) -> None:
    assert editor.get(f"/importing/{uuid.uuid4().hex}").status == 404


def an_import(*questions: str) -> Import:
    rows = tuple(ImportRow(at, one, "Antwoord.", "new", button=f"Knop {at}") for at, one in enumerate(questions, 1))
    return Import("een", "faq.csv", "esra", 1, rows)


async def test_two_who_import_the_same_at_once_make_everything_once(store: Store) -> None:
    found = await store.imports.save(an_import("Hoe laat?", "Waar?"))
    outcomes = await asyncio.gather(*(apply(store, found, by="esra") for _ in range(5)), return_exceptions=True)
    assert any(isinstance(one, Import) and one.state == "done" for one in outcomes)
    topics = await store.topics.all()
    assert sorted((one.title, one.version) for one in topics) == [("Hoe laat", 1), ("Waar", 1)]
    assert {one.version for one in await store.templates.all_published()} == {1}


async def test_an_import_that_was_cut_off_is_gone_on_with(store: Store) -> None:
    """Its answers were there, its topics not yet."""
    names = {"Hoe laat?": "faq_hoe_laat", "Waar?": "faq_waar"}
    begun = an_import(*names)
    rows = tuple(replace(row, intent=names[row.question]) for row in begun.rows)
    found = await store.imports.save(replace(begun, rows=rows, state="importing"))
    done = await apply(store, found, by="esra")
    assert done.state == "done" and len(await store.topics.all()) == 2
    once_more = await apply(store, await store.imports.get("een"), by="esra")
    assert once_more == done


async def test_an_import_that_was_cut_off_between_an_answer_and_its_draft_has_both(store: Store) -> None:
    begun = replace(an_import("Hoe laat?"), as_drafts=True, state="importing")
    found = await store.imports.save(replace(begun, rows=(replace(begun.rows[0], intent="faq_hoe_laat"),)))
    draft = AnswerDraft(Template("utter_faq_hoe_laat", "Knop 1", "Antwoord.", version=1), "draft", "esra", 1)
    await store.answer_drafts.save(draft)
    await apply(store, found, by="esra")
    assert (await store.templates.published("utter_faq_hoe_laat")).is_removed
    assert await store.answer_drafts.get("utter_faq_hoe_laat") == replace(draft, version=1)


async def test_hundreds_of_questions_are_imported(store: Store) -> None:
    found = await store.imports.save(an_import(*(f"Vraag nummer {at}?" for at in range(300))))
    await apply(store, found, by="esra")
    assert len(await store.topics.all()) == 300


@pytest.mark.parametrize(
    ("question", "button"),
    [
        ("Wat zijn de openingstijden van de winkel?", "Openingstijden"),
        ("Hoe lang heb ik garantie op een nieuwe fiets?", "Garantie nieuwe"),
        ("organiseren jullie ook fietstochten voor groepen?", "Fietstochten groepen"),
        ("Verhuren jullie fietsen?", "Verhuren fietsen"),
        ("Wie?", "Wie"),
        ("Rioolwaterzuiveringsinstallatie?", "Rioolwaterzuiverings"),
        ("😀?", "Vraag"),
    ],
)
def test_a_button_has_the_telling_words_of_the_question(question: str, button: str) -> None:
    assert button_of(question) == button
    assert button_of(question, {button}) != button and len(button_of(question, {button})) <= 20


def test_a_long_question_is_cut_between_words_for_a_title() -> None:
    assert title_of("Kan ik een fiets die ik op het internet heb gekocht in de winkel terugbrengen?") == (
        "Kan ik een fiets die ik op het internet heb gekocht in de…"
    )
