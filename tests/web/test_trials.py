"""Trying messages, over HTTP without JavaScript; the test stands where the assistant stands."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import Any

import pytest

from bot.model import Handoff, IntentScore, Message, ModelRecord, Nlu
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.topics import Example, Topic
from bot.store.trials import Near, Tried
from bot.web.trials.views import LIMIT
from tests.conftest import Site
from tests.web.visitor import Page, Visitor

OPEN = "faq_openingstijden"
NLU = Nlu(
    "answer",
    OPEN,
    0.93,
    (IntentScore(OPEN, 0.93), IntentScore("faq_niet_bekend", 0.05)),
    ({"entity": "date", "value": "zondag"},),
    0.62,
)
SCRIPT = "<script>alert('1')</script>"


@pytest.fixture(scope="module", autouse=True)
def topics(site: Site) -> None:
    async def make(store: Store) -> None:
        await store.topics.save_all(
            [
                Topic(OPEN, "Openingstijden", examples=(Example("hoe laat open"),)),
                Topic("faq_retourkosten", "Retourkosten", examples=(Example("zijn jullie zondag open?"),), place=1),
            ]
        )
        for number, name in enumerate(("oud", "live", "nieuw")):
            await store.models.register(ModelRecord(name, "/nowhere", "0", number))
        await store.models.activate("live")
        await store.work.sign_of_life("w", '{"model":"live"}')

    site.run(make)


@pytest.fixture
def editor(site: Site) -> Visitor:
    site.run(lambda store: store.work.sign_of_life("w", '{"model":"live"}'))
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


def try_out(editor: Visitor, text: str = "zijn jullie zondag open?", **more: str) -> Page:
    return editor.post("/trials", **{"text": text, "channel": "widget", "before": "", "other": "", **more})


def answered(site: Site, asked: Page, **more: Any) -> str:
    """As the assistant does; returns the address of the trial."""
    reply = Message("r", "trial", "assistant", "Wij zijn open.", 1, template=f"utter_{OPEN}")
    tried = Tried("live", **{"nlu": NLU, "ask_threshold": 0.09, "replies": (reply,), **more})

    async def answer(store: Store) -> None:
        trial, _ = await store.trials.get(asked.location.rpartition("/")[2])
        await store.trials.answer(trial, "live", tried)

    site.run(answer)
    return asked.location


def test_a_trial_waits_and_then_shows_what_a_customer_reads_and_why(site: Site, editor: Visitor) -> None:
    asked = try_out(editor)
    assert asked.status == 303
    waiting = editor.get(asked.location)
    assert "De assistent leest het bericht" in waiting.text and 'http-equiv="refresh"' in waiting.body
    near = (Near("hoe laat open", OPEN, 0.912),)
    page = editor.get(answered(site, asked, near=near, spelled="zijn jullie zondag open"))
    assert 'http-equiv="refresh"' not in page.body
    for words in (
        "Krijgt het antwoord op: Openingstijden.",
        "Wij zijn open.",
        "93%",
        "antwoordt vanaf 62%, vraagt terug vanaf 9%",
        "Gelezen als zijn jullie zondag open",
        "Datum zondag",
        "hoe laat open Openingstijden · lijkt 91%",
    ):
        assert words in page.text, words
    assert f'href="/topics/{OPEN}"' in page.body and f'href="/editor/utter_{OPEN}"' in page.body
    assert 'href="/topics/faq_niet_bekend"' not in page.body


def test_a_handover_names_the_department_and_the_reason(site: Site, editor: Visitor) -> None:
    handoff = Handoff("not_confident", "normal", 1)
    page = editor.get(answered(site, try_out(editor), handoff=handoff, nlu=Nlu("human", "", 0.1)))
    assert "Gaat naar een medewerker van de klantenservice: vraag niet herkend." in page.text


def test_the_draft_of_the_answer_is_shown_too(site: Site, editor: Visitor) -> None:
    async def draft(store: Store) -> None:
        published = await store.templates.published(f"utter_{OPEN}")
        changed = replace(published, text="Nieuw: {openingstijden}.")
        await store.answer_drafts.save(AnswerDraft(changed, "draft", "sanne", 1))

    site.run(draft)
    page = editor.get(answered(site, try_out(editor)))
    assert "Nieuw: " in page.text and "{openingstijden}" not in page.text
    site.run(lambda store: store.answer_drafts.remove(f"utter_{OPEN}", expected_version=1))


def test_two_models_stand_side_by_side_and_the_newest_is_proposed(site: Site, editor: Visitor) -> None:
    form = editor.get("/trials")
    assert '<option value="nieuw" selected>' in form.body and 'value="live"' not in form.body
    asked = try_out(editor, other="nieuw")

    async def refuse(store: Store) -> None:
        trial = await store.trials.next("other")
        assert trial is not None
        await store.trials.answer(trial, "other", Tried("nieuw", problem="refused"))

    site.run(refuse)
    page = editor.get(answered(site, asked))
    assert "Nu live live" in page.text and "Ander model nieuw" in page.text
    assert "Dit model kan niet geladen worden." in page.text


def test_the_lesson_proposed_is_what_the_other_model_says_first(site: Site, editor: Visitor) -> None:
    asked = try_out(editor, other="nieuw")
    assert '<option value="">Kies een onderwerp</option>' in editor.get(asked.location).body

    async def answer(store: Store) -> None:
        trial = await store.trials.next("other")
        assert trial is not None
        nlu = replace(NLU, ranking=(IntentScore("faq_retourkosten", 0.9), IntentScore(OPEN, 0.1)))
        await store.trials.answer(trial, "other", Tried("nieuw", nlu=nlu, ask_threshold=0.1))

    site.run(answer)
    page = editor.get(answered(site, asked)).body
    assert '<option value="faq_retourkosten" selected>' in page and 'data-likeliest="faq_retourkosten"' in page


def test_without_an_assistant_the_page_says_so(site: Site, editor: Visitor) -> None:
    asked = try_out(editor)
    site.run(lambda store: store.work.sign_off("w"))
    assert "Er draait nu geen assistent." in editor.get(asked.location).text


def test_words_of_danger_go_before_any_model(site: Site, editor: Visitor) -> None:
    page = editor.get(answered(site, try_out(editor, "ik wil niet meer leven")))
    assert "klinkt als een noodgeval" in page.text and "113" in page.text


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"text": " "}, "Vul een bericht in"),
        ({"text": "a" * 2001}, "hoogstens 2000 tekens"),
        ({"before": "a" * 2001}, "hoogstens 2000 tekens"),
        ({"channel": "postduif"}, "Kies een kanaal."),
        ({"other": "weg"}, "Dit model is er niet meer."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(editor: Visitor, fields: dict[str, str], error: str) -> None:
    page = try_out(editor, **{"text": f"hoi 😀 {SCRIPT}", **fields})
    assert page.status == 400 and error in page.text
    if "text" not in fields:
        assert page.value("text") == f"hoi 😀 {SCRIPT}"


@pytest.mark.parametrize("text", [SCRIPT, "😀🎉", "مرحبا كيف الحال", "{bedrijf} {{ 7*7 }}"])
def test_markup_and_odd_signs_are_text(site: Site, editor: Visitor, text: str) -> None:
    near = (Near(text, OPEN, 0.9),)
    page = editor.get(answered(site, try_out(editor, text), spelled=text, near=near))
    assert SCRIPT not in page.body and html.escape(text, quote=False).replace("'", "&#39;") in page.body


def test_who_tries_too_much_waits(site: Site) -> None:
    hasty = Visitor(site.url, site.session("haastig", "editor"))
    for _ in range(LIMIT.amount):
        assert try_out(hasty).status == 303
    page = try_out(hasty, "dit blijft staan")
    assert page.status == 429 and page.value("text") == "dit blijft staan"


def test_a_message_becomes_an_example_and_leaves_its_other_topic(site: Site, editor: Visitor) -> None:
    asked = try_out(editor, "Zijn jullie zondag open")
    done = editor.post(f"{asked.location}/learn", what="example", intent=OPEN)
    assert done.status == 303 and "is een voorbeeld geworden" in editor.get(done.location).text
    found = {topic.intent: topic for topic in site.run(lambda store: store.topics.all())}
    added = found[OPEN].examples[-1]
    assert (added.text, added.by) == ("Zijn jullie zondag open", "sanne") and added.at_ms
    assert found["faq_retourkosten"].examples == ()
    assert found[OPEN].edited_by == "sanne"
    versions = {topic.intent: topic.version for topic in found.values()}
    editor.post(f"{asked.location}/learn", what="example", intent=OPEN)  # a double click
    assert {topic.intent: topic.version for topic in site.run(lambda store: store.topics.all())} == versions


def test_a_message_becomes_a_test_without_personal_numbers(site: Site, editor: Visitor) -> None:
    asked = try_out(editor, "mijn bsn is 123456782,\nben je open?")
    editor.post(f"{asked.location}/learn", what="test", intent=OPEN, must_answer="1")
    test = site.run(lambda store: store.topics.get(OPEN)).tests[-1]
    assert (test.text, test.must_answer) == ("mijn bsn is [BSN], ben je open?", True)


@pytest.mark.parametrize(
    ("text", "intent", "error"),
    [
        ("hoi", "", "Kies een onderwerp."),
        ("hoi", "faq_weg", "Kies een onderwerp."),
        ("a" * 600, OPEN, "Dit bericht kan er niet bij"),
    ],
)
def test_a_lesson_that_can_not_be_is_refused(editor: Visitor, text: str, intent: str, error: str) -> None:
    page = editor.post(f"{try_out(editor, text).location}/learn", what="example", intent=intent)
    assert page.status == 400 and error in page.text and page.value("text") == text


def test_a_trial_that_is_over_is_not_found(editor: Visitor) -> None:
    assert editor.get("/trials/weg").status == 404
    assert editor.post("/trials/weg/learn", what="example", intent=OPEN).status == 404
