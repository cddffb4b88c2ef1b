"""Topics in the browser, over HTTP against the real server and Redis, without JavaScript."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bot.model import Account, Button, ModelRecord, Template
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.topics import Example, TestMessage, Topic
from bot.web.editor.tabs import tabs_of
from bot.web.topics.departments import department_of
from bot.web.topics.naming import new_intent
from bot.web.topics.saving import NewTopic, make_topic
from bot.web.topics.words import special
from tests.conftest import API_TOKEN, HANG_S, Site, running_site
from tests.fakes.topics import seed_topics
from tests.web.visitor import Page, Visitor


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the topics of the project."""
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        site.run(seed_topics)
        yield site


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


def test_a_button_may_lead_to_a_topic_without_an_answer_yet(editor: Visitor) -> None:
    page = editor.get("/editor/utter_groet")
    assert '<option value="/faq_garantie">Garantie</option>' in page.body
    assert "nlu_fallback" not in page.body


def test_a_department_gets_topics_by_their_title(site: Site) -> None:
    manager = Visitor(site.url, site.session("mo", "manager", name="Mo"))
    assert "Mijn gegevens (AVG)" in manager.get("/team/new").text


def test_a_tab_is_a_part_that_has_a_page_and_that_the_account_may_open() -> None:
    of = tabs_of(["/editor", "/topics", "/topics/<intent:str>", "/desk"])
    editor, agent = Account("e", "E", ("editor",)), Account("a", "A", ("agent",))
    assert [tab.title for tab in of(editor)] == ["Antwoorden", "Onderwerpen"]
    assert of(agent) == of(None) == []
    assert of(editor)[1].has("/topics/faq_garantie") and not of(editor)[1].has("/topics-anders")


def test_the_list_finds_by_name_and_by_example(editor: Visitor) -> None:
    whole = editor.get("/topics").text
    assert "50 onderwerpen" in whole and "Garantie" in whole and "Niet voor de bot" in whole
    by_name = editor.get("/topics?q=GARANTIE").text
    assert "faq_garantie" in by_name and "faq_vacatures" not in by_name
    by_example = editor.get("/topics?q=koopavnd").text
    assert "1 onderwerp voor “koopavnd”" in by_example and "koopavnd dordrecht tot" in by_example
    assert "Geen onderwerp gevonden" in editor.get("/topics?q=bestaat-niet").text


def test_a_new_topic_has_its_examples_and_its_answer(site: Site, editor: Visitor) -> None:
    made = create(
        editor, title="Hónden & katten!", examples="mag mijn hond mee\n- hond toegestaan?\n\n", must="kat mee?"
    )
    assert made.status == 303 and made.location.startswith("/topics/faq_honden_katten?")
    page = editor.get(made.location)
    assert "Het onderwerp is gemaakt." in page.text and "Honden zijn welkom." in page.text
    topic = stored(site, "faq_honden_katten")
    assert [one.text for one in topic.examples] == ["mag mijn hond mee", "hond toegestaan?"]
    assert topic.tests == (TestMessage("kat mee?", must_answer=True),)
    assert topic.edited_by == topic.examples[0].by == "sanne" and topic.edited_at_ms > 0
    answer = site.run(lambda store: store.templates.get("utter_faq_honden_katten"))
    assert (answer.title, answer.text, answer.edited_by) == ("Honden", "Honden zijn welkom.", "sanne")
    assert f'href="/topics/{topic.intent}">Hónden &amp; katten!</a>' in editor.get(f"/editor/{answer.name}").body


def test_a_name_that_is_short_enough_stands_on_the_button(site: Site, editor: Visitor) -> None:
    assert create(editor, title="Fietsenstalling", examples="fiets stallen", answer_title="").status == 303
    assert site.run(lambda store: store.templates.get("utter_faq_fietsenstalling")).title == "Fietsenstalling"


def test_an_answer_leads_to_its_topic_and_says_when_no_model_knows_that(site: Site, editor: Visitor) -> None:
    create(editor, title="Bakfietsen", examples="huur ik hier een bakfiets")

    async def answering_with(store: Store, *known: str) -> None:
        await store.models.register(ModelRecord("kent", "/nowhere", "0", 1))
        await store.models.note_topics("kent", dict.fromkeys(known, 1))
        await store.models.activate("kent")

    untrained = "De assistent kent dat nog niet"
    site.run(lambda store: answering_with(store, "faq_garantie"))
    page = editor.get("/editor/utter_faq_bakfietsen?done=published")
    assert 'href="/topics/faq_bakfietsen"' in page.body and untrained in page.text
    site.run(lambda store: answering_with(store, "faq_garantie", "faq_bakfietsen"))
    assert untrained not in editor.get("/editor/utter_faq_bakfietsen").text
    assert "Bij het onderwerp" not in editor.get("/editor/utter_in_wachtrij").text


def test_two_topics_with_one_title_have_names_of_their_own(site: Site, editor: Visitor) -> None:
    for number in (1, 2):
        assert create(editor, title="Dubbel", examples=f"dubbele vraag {number}").status == 303
    assert stored(site, "faq_dubbel").examples[0].text == "dubbele vraag 1"
    assert stored(site, "faq_dubbel_2").examples[0].text == "dubbele vraag 2"


@pytest.mark.parametrize(
    ("title", "intent"),
    [("🐶", "faq_vraag"), ("مرحبا", "faq_vraag"), ("Één / twee", "faq_een_twee"), ("x" * 60, "faq_" + "x" * 45)],
)
def test_every_title_makes_a_name_that_the_rasa_project_can_have(title: str, intent: str) -> None:
    assert new_intent(title, []) == intent
    assert new_intent(title, [intent]) == f"{intent}_2"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"title": ""}, "Vul een naam in."),
        ({"title": "x" * 61}, "De naam mag hoogstens 60 tekens lang zijn; het zijn er nu 61."),
        ({"description": "x" * 501}, "De omschrijving mag hoogstens 500 tekens lang zijn; het zijn er nu 501."),
        ({"examples": " \n "}, "Schrijf minstens één voorbeeld."),
        ({"examples": "x" * 501}, "Een regel mag hoogstens 500 tekens lang zijn."),
        ({"answer_text": ""}, "Vul het antwoord in."),
        ({"answer_text": "Dat kost {prijs}."}, "{prijs} bestaat niet."),
        ({"title": "x" * 21, "answer_title": ""}, "Vul in wat er op de knop staat: de naam van het onderwerp past er"),
        ({"answer_title": "x" * 21}, "De tekst op de knop mag hoogstens 20 tekens lang zijn; het zijn er nu 21."),
    ],
)
def test_what_is_wrong_with_a_new_topic_is_said_and_nothing_typed_is_lost(
    editor: Visitor, fields: dict[str, str], error: str
) -> None:
    given = {"title": "Iets", "examples": "iets anders", "answer_title": "Iets", "answer_text": "Zo.", **fields}
    page = create(editor, **given)
    assert page.status == 400 and error in page.text
    assert {name: page.value(name).strip() for name in given} == {name: text.strip() for name, text in given.items()}


def test_an_example_of_another_topic_is_refused_until_it_is_moved(site: Site, editor: Visitor) -> None:
    topic = make(site, "Oud", "waar is dit", "en dit")
    refused = create(editor, title="Nieuw", examples="Waar is DIT?\nheel iets anders")
    assert refused.status == 400 and f'href="/topics/{topic.intent}">Oud</a>' in refused.body
    assert refused.value("examples") == "Waar is DIT?\nheel iets anders"
    move = {"deed": "take", "take_from": refused.value("take_from")}
    made, twice = (create(editor, title="Nieuw", examples="Waar is DIT?\nheel iets anders", **move) for _ in range(2))
    assert made.status == 303 and twice.status == 400, "a double click makes no second one of it"
    assert texts(stored(site, "faq_nieuw")) == ["Waar is DIT?", "heel iets anders"]
    assert texts(stored(site, topic.intent)) == ["en dit"]


def test_a_save_adds_examples_and_keeps_who_added_the_others(site: Site, editor: Visitor) -> None:
    topic = make(site, "Erbij", "eerste", "tweede")
    saved = save(editor, topic, title="Erbij en eraf", added="derde\nTweede?", threshold="0,85", other="toets")
    page = editor.get(saved.location)
    assert "Opgeslagen." in page.text and "Een voorbeeld stond er al." in page.text
    assert editor.get(saved.location.replace("known=1", "known=%C2%B2")).status == 200
    now = stored(site, topic.intent)
    assert texts(now) == ["eerste", "tweede", "derde"]
    assert (now.title, now.threshold, now.tests, now.version) == ("Erbij en eraf", 0.85, (TestMessage("toets"),), 2)
    assert now.examples[0] == topic.examples[0] and now.examples[2].by == "sanne"


@pytest.mark.parametrize("threshold", ["0", "1,1", "0,001", "-1", "nan", "inf", "1e-1", "٠,٥", "hoog"])
def test_a_threshold_is_a_number_that_can_be_one(site: Site, editor: Visitor, threshold: str) -> None:
    topic = make(site, "Drempel", f"drempel {threshold}")
    page = save(editor, topic, threshold=threshold)
    assert page.status == 400 and "van 0,01 tot en met 1" in page.text and page.value("threshold") == threshold


@pytest.mark.parametrize(("threshold", "number"), [("0,01", 0.01), ("1", 1.0), (".5", 0.5), ("", None)])
def test_a_threshold_may_be_written_in_several_ways(
    site: Site, editor: Visitor, threshold: str, number: float | None
) -> None:
    topic = make(site, "Drempel", f"goede drempel {threshold}")
    assert save(editor, topic, threshold=threshold, answering="human").status == 303
    assert (stored(site, topic.intent).threshold, stored(site, topic.intent).answering) == (number, "human")


def test_the_same_form_twice_saves_once(site: Site, editor: Visitor) -> None:
    topic = make(site, "Dubbelklik", "een", "twee")
    first, second = (save(editor, topic, added="drie", picked=[0], deed="remove") for _ in range(2))
    assert first.status == second.status == 303
    assert texts(stored(site, topic.intent)) == ["twee", "drie"] and stored(site, topic.intent).version == 2


def test_two_who_edit_one_topic_see_what_the_other_changed(site: Site, editor: Visitor) -> None:
    topic = make(site, "Samen", "aaa", "bbb")
    other = Visitor(site.url, site.session("noor", "editor", name="Noor Bakker"))
    assert save(other, topic, title="Van Noor", added="van noor").status == 303
    page = save(editor, topic, description="Van Sanne", added="van sanne", picked=[1], deed="remove")
    assert page.status == 409
    assert "Noor Bakker heeft dit onderwerp intussen ook veranderd." in page.text
    assert "Naam: “Samen” werd “Van Noor”" in page.text and "1 voorbeeld weg: “bbb”" in page.text
    assert page.value("added") == "van sanne" and page.value("description") == "Van Sanne"
    assert texts(stored(site, topic.intent)) == ["aaa", "bbb", "van noor"], "nothing is saved yet"
    assert page.value("title") == "Van Noor", "she did not touch it, so the other's stays"
    fields = {name: page.value(name) for name in ("title", "description", "added", "expected_version")}
    again = save(editor, topic, **fields)
    assert again.status == 303 and texts(stored(site, topic.intent)) == ["aaa", "bbb", "van noor", "van sanne"]


def test_of_two_who_save_in_the_same_moment_one_is_asked_to_look(site: Site, editor: Visitor) -> None:
    topic = make(site, "Gelijktijdig", "tegelijk een")
    with ThreadPoolExecutor() as together:
        saves = [together.submit(save, editor, topic, title=f"Van {number}") for number in range(4)]
        answers = sorted(one.result().status for one in saves)
    assert answers == [303, 409, 409, 409] and stored(site, topic.intent).version == 2


def test_picked_examples_go_away_move_or_are_put_right(site: Site, editor: Visitor) -> None:
    topic, target = make(site, "Van", "van een", "van twee", "van drei"), make(site, "Naar", "naar vier")
    assert "Vink eerst een of meer voorbeelden aan." in save(editor, topic, deed="remove").text
    assert "Kies naar welk onderwerp" in save(editor, topic, picked=[0], deed="move").text
    assert save(editor, topic, picked=[0], deed="move", to=target.intent, title="Vanaf").status == 303
    now = stored(site, topic.intent)
    assert (now.title, texts(now), texts(stored(site, target.intent))) == (
        "Vanaf",
        ["van twee", "van drei"],
        ["naar vier", "van een"],
    )
    page = save(editor, now, title="Vanaf", picked=[1], deed="edit")
    assert page.status == 200 and page.value("added") == "van drei" and page.value("replaced") == "1"
    assert texts(stored(site, topic.intent)) == ["van twee", "van drei"], "only shown yet"
    assert save(editor, now, title="Vanaf", added="van drie", replaced=[1]).status == 303
    assert texts(stored(site, topic.intent)) == ["van twee", "van drie"]


def test_a_split_takes_the_examples_once_the_new_topic_is_made(site: Site, editor: Visitor) -> None:
    topic = make(site, "Breed", "een kat", "een hond", "een vis")
    page = save(editor, topic, picked=[0, 2], deed="split")
    assert (
        page.status == 200 and page.value("examples") == "een kat\neen vis" and page.value("split_from") == topic.intent
    )
    assert len(stored(site, topic.intent).examples) == 3
    made = create(editor, title="Smal", examples=page.value("examples"), split_from=topic.intent)
    assert made.status == 303 and texts(stored(site, topic.intent)) == ["een hond"]
    assert texts(stored(site, "faq_smal")) == ["een kat", "een vis"]
    twice = create(editor, title="Smal", examples=page.value("examples"), split_from=topic.intent)
    assert twice.status == 400 and "bij Smal" in twice.text, "a double click makes no second one of it"
    assert texts(stored(site, "faq_smal")) == ["een kat", "een vis"]


def test_a_merge_moves_all_and_what_asks_for_it_leads_on(site: Site, editor: Visitor) -> None:
    source, target = make(site, "Bron", "bron een", "gelijk"), make(site, "Doel", "doel een")
    button = Template("utter_faq_wijzer", "Wijzer", "Kijk daar.", (Button("Daar", f"/{source.intent}"),))
    site.run(lambda store: store.templates.save(button, expected_version=0))
    both = Template(
        "utter_faq_beide", "Beide", "Kies.", (Button("A", f"/{source.intent}"), Button("B", f"/{target.intent}"))
    )
    site.run(lambda store: store.templates.save(both, expected_version=0))
    own = site.run(lambda store: store.templates.get(target.answer))
    own = replace(own, buttons=(Button("Bron?", f"/{source.intent}"), Button("Klacht", "/klacht")))
    site.run(lambda store: store.templates.save(own, expected_version=1))
    first = editor.get(f"/topics/{source.intent}/merge?into={target.intent}")
    assert "2 voorbeelden gaan naar Doel" in first.text and "Wijzer" in first.text
    fields = {"into": target.intent, "version": source.version, "into_version": target.version}
    stale = editor.post(f"/topics/{source.intent}/merge", **{**fields, "into_version": 9})
    assert stale.status == 409 and stored(site, source.intent) == source
    merged = editor.post(f"/topics/{source.intent}/merge", **fields)
    again = editor.post(f"/topics/{source.intent}/merge", **fields)
    assert merged.status == again.status == 303 and merged.location == again.location
    assert texts(stored(site, target.intent)) == ["doel een", "bron een", "gelijk"]
    gone = stored(site, source.intent)
    assert (gone.is_retired, gone.merged_into, gone.examples) == (True, target.intent, ())
    rewritten = site.run(lambda store: store.templates.get("utter_faq_wijzer"))
    assert rewritten.buttons == (Button("Daar", f"/{target.intent}"),) and "Bron" in rewritten.because
    answers = site.run(lambda store: store.templates.get_many([both.name, own.name]))
    assert answers[both.name].buttons == (Button("B", f"/{target.intent}"),), "not two for the same"
    assert answers[own.name].buttons == (Button("Klacht", "/klacht"),), "none that asks for its own answer"
    assert site.run(lambda store: store.templates.get(source.answer)).text == "Antwoord.", "its answer stays"
    page = editor.get(f"/topics/{source.intent}").text
    assert "samengevoegd met Doel" in page
    assert "Samengevoegd met “Doel”" in page, "in the history"


def test_a_retired_topic_comes_back_without_what_others_have_by_now(site: Site, editor: Visitor) -> None:
    topic, other = make(site, "Weg", "terug een", "terug twee"), make(site, "Blijft", "blijft een")
    gone = editor.post(f"/topics/{topic.intent}/retire", expected_version=topic.version)
    assert "Uit gebruik gehaald." in editor.get(gone.location).text and stored(site, topic.intent).is_retired
    assert topic.title not in editor.get("/topics?q=weg").text.partition("onderwerp voor")[2]
    assert topic.intent in editor.get("/topics?filter=retired").text
    assert save(editor, other, added="terug een").status == 303
    back = editor.post(f"/topics/{topic.intent}/revive", expected_version=2)
    assert back.status == 303
    assert not stored(site, topic.intent).is_retired and texts(stored(site, topic.intent)) == ["terug twee"]


def test_an_earlier_version_comes_back_with_one_click(site: Site, editor: Visitor) -> None:
    topic = make(site, "Geschiedenis", "oud voorbeeld")
    save(editor, topic, title="Nieuwe naam", picked=[0], deed="remove", added="nieuw voorbeeld")
    page = editor.get(f"/topics/{topic.intent}").text
    assert "1 voorbeeld erbij: “nieuw voorbeeld”" in page and "1 voorbeeld weg: “oud voorbeeld”" in page
    refused = editor.post(f"/topics/{topic.intent}/restore", version=1, expected_version=1)
    assert refused.status == 409 and stored(site, topic.intent).version == 2
    restored = editor.post(f"/topics/{topic.intent}/restore", version=1, expected_version=2)
    assert restored.status == 303
    now = stored(site, topic.intent)
    assert (now.title, texts(now), now.version) == ("Geschiedenis", ["oud voorbeeld"], 3)
    assert editor.post(f"/topics/{topic.intent}/restore", version=99, expected_version=3).status == 404


@pytest.mark.parametrize("intent", ["klacht", "nlu_fallback", "groet"])
def test_what_every_assistant_must_understand_stays(site: Site, editor: Visitor, intent: str) -> None:
    before = stored(site, intent)
    page = editor.get(f"/topics/{intent}")
    assert "Uit gebruik halen" not in page.text and special(before) in page.text
    assert editor.post(f"/topics/{intent}/retire", expected_version=before.version).status == 400
    assert editor.post(f"/topics/{intent}/merge", into="faq_garantie", version=1, into_version=1).status == 400
    assert stored(site, intent) == before


def test_a_topic_goes_to_a_department(site: Site, editor: Visitor) -> None:
    topic = make(site, "Afdeling", "welke afdeling is dit")

    async def departments(store: Store) -> None:
        for place, name in enumerate(("klantenservice", "hr")):
            await store.departments.save(Department(name, name, Target(10, 60), place=place))

    site.run(departments)
    for wanted in ("hr", "klantenservice", ""):
        was = department_of(topic.intent, site.run(lambda store: store.departments.all()))
        assert save(editor, topic, department=wanted, department_was=was).status == 303
        assert department_of(topic.intent, site.run(lambda store: store.departments.all())) == wanted
        noted = site.run(lambda store: store.audit.page(limit=1))[0]
        assert (noted.what, noted.about, noted.details) == ("department.saved", wanted, topic.intent)
    assert save(editor, topic, department="bestaat-niet").status == 404


def test_a_topic_without_an_answer_gets_one(site: Site, editor: Visitor) -> None:
    topic = make(site, "Antwoordloos", "wie antwoordt hierop", answer="")
    address = f"/topics/{topic.intent}/answer"
    assert "Nog geen antwoord" in editor.get(f"/topics/{topic.intent}").text
    wrong = editor.post(address, answer_title="Wie", answer_text="Dat is {wie}.")
    assert wrong.status == 400 and wrong.value("answer_text") == "Dat is {wie}."
    assert editor.post(address, answer_title="Wie", answer_text="Wij.").status == 303
    assert site.run(lambda store: store.templates.get(topic.answer)).text == "Wij."
    second = editor.post(address, answer_title="Wie", answer_text="Ik.")
    assert second.status == 409 and "gaf dit onderwerp net een antwoord" in second.text and "Ik." in second.text


def test_a_first_answer_that_a_colleague_must_see_is_a_draft(site: Site, editor: Visitor) -> None:
    topic = make(site, "Nakijken", "wie kijkt dit na", answer="")
    address = f"/topics/{topic.intent}"
    before = site.run(lambda store: store.editing_rules.get())
    rules = site.run(lambda store: store.editing_rules.save(replace(before, answers_need_review=True)))
    try:
        saved = editor.post(f"{address}/answer", answer_title="Nakijken", answer_text="Wij kijken na.")
        noted = site.run(lambda store: store.audit.page(limit=1))[0]
        assert (noted.what, noted.about) == ("template.review", topic.answer)
        made = create(editor, title="Ook nakijken", examples="wie kijkt dit ook na")
    finally:
        site.run(lambda store: store.editing_rules.save(replace(rules, answers_need_review=False)))
    page = editor.get(saved.location)
    assert "zodra een collega het heeft nagekeken" in page.text and "Er is een concept." in page.text
    assert "Er is een concept." in editor.get(made.location).text
    drafts = site.run(lambda store: store.answer_drafts.all())
    assert (drafts[topic.answer].state, drafts[topic.answer].by) == ("review", "sanne")
    second = editor.post(f"{address}/answer", answer_title="Ik", answer_text="Ik kijk na.")
    assert second.status == 409 and "Ik kijk na." in second.text


def test_hints_say_in_dutch_what_would_be_better(site: Site, editor: Visitor) -> None:
    topic = make(site, "Tips", "mijn bsn is 111222333", "hm", "wat kost dat <b>ding</b>")
    site.run(lambda store: store.topics.save(replace(topic, tests=(TestMessage("hm"),))))
    page = editor.get(f"/topics/{topic.intent}").text
    assert "schrijf er nog minstens 5" in page and "gegevens van een klant" in page
    assert "Heel kort." in page and "opmaak" in page and "toetst niets: “hm”" in page
    assert "gegevens van een klant" not in editor.get("/topics/faq_garantie").text


def test_what_the_model_does_not_know_yet_is_counted(site: Site, editor: Visitor) -> None:
    async def activate(store: Store) -> None:
        card = {"topics_changes": await store.topics.changes()}
        await store.models.register(ModelRecord("m1", "/tmp/m1.tar.gz", "0" * 64, 1, card))
        await store.models.activate("m1")

    site.run(activate)
    assert "nog niet in het model" not in editor.get("/topics").text
    make(site, "Ongetraind", "dit kent het model niet")
    assert "1 wijziging staat nog niet in het model." in editor.get("/topics").text


def test_text_from_outside_is_never_markup(site: Site, editor: Visitor) -> None:
    script = "<script>alert('1')</script>"
    made = create(editor, title=script, examples=script + "\n\u202eomgekeerd 🐶", answer_text=script)
    for path in (made.location, "/topics", "/topics?q=%3Cscript%3E", "/editor/utter_groet"):
        page = editor.get(path)
        assert "<script>alert" not in page.body and not re.search(r"\sstyle=|\son[a-z]+=|<style", page.body)
    assert editor.get(made.location).headers["content-security-policy"]


@pytest.mark.parametrize("fields", [{"expected_version": "x"}, {"picked": "-1"}, {"picked": "a"}, {"replaced": "1.5"}])
def test_what_nobody_typed_is_refused(site: Site, editor: Visitor, fields: dict[str, str]) -> None:
    assert save(editor, stored(site, "faq_garantie"), **fields).status == 400


def test_no_topic_of_that_name_is_404(editor: Visitor) -> None:
    assert editor.get("/topics/faq_bestaat_niet").status == 404
    assert editor.post("/topics/faq_bestaat_niet/retire", expected_version=1).status == 404


def test_a_program_makes_and_changes_a_topic(site: Site) -> None:
    path = "/topics/faq_van_een_programma"
    assert api(site, "PUT", path, {"title": "Programma", "examples": ["hallo  daar", "Hallo daar?"]})[0] == 200
    status, made = api(site, "GET", path)
    assert (status, [one["text"] for one in made["examples"]], made["version"]) == (200, ["hallo daar"], 1)
    edit = {"tests": [{"text": "toets", "must_answer": True}], "threshold": 0.5, "answering": "human", "version": 1}
    assert api(site, "PUT", path, edit)[0] == 200
    changed = stored(site, "faq_van_een_programma")
    assert (changed.title, changed.threshold, changed.answering) == ("Programma", 0.5, "human")
    assert changed.tests == (TestMessage("toets", must_answer=True),) and texts(changed) == ["hallo daar"]
    assert api(site, "PUT", path, edit)[1]["code"] == "edit_conflict", "of version 1, that is not there any more"
    assert api(site, "PUT", path, {"threshold": 0.5})[1]["version"] == 2, "nothing to change saves nothing"
    assert api(site, "PUT", path, {"threshold": None, "is_retired": True})[1]["is_retired"]
    in_use = [one["intent"] for one in api(site, "GET", "/topics")[1]["items"]]
    assert "faq_garantie" in in_use and "faq_van_een_programma" not in in_use
    assert "faq_van_een_programma" in json.dumps(api(site, "GET", "/topics?retired=yes")[1])


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/topics/iets_anders", {"title": "x"}, "expected faq_..."),
        ("/topics/faq_NIET", {"title": "x"}, "intent: expected"),
        ("/topics/faq_zonder_titel", {}, "title: expected 1 to 60 characters"),
        ("/topics/faq_garantie", {"examples": ["x" * 501]}, "expected lines of 1 to 500 characters"),
        ("/topics/faq_garantie", {"threshold": 0.001}, "threshold: expected a number from 0.01"),
        ("/topics/faq_garantie", {"threshold": 1.5}, "threshold: expected a number"),
        ("/topics/faq_garantie", {"answering": "nobody"}, "body: Invalid enum value"),
        ("/topics/klacht", {"is_retired": True}, "only a question can be retired"),
        ("/topics/faq_nieuw", {"title": "x", "examples": ["koopavnd dordrecht tot"]}, "faq_openingstijden already"),
    ],
)
def test_what_a_program_may_not_do_with_a_topic(site: Site, path: str, body: dict[str, Any], said: str) -> None:
    status, answer = api(site, "PUT", path, body)
    assert status == 400 and said in answer["error"]


def api(site: Site, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    answer = httpx.request(
        method, f"{site.url}/api/v1{path}", json=body, headers={"authorization": f"Bearer {API_TOKEN}"}, timeout=HANG_S
    )
    return answer.status_code, answer.json()


def make(site: Site, title: str, *examples: str, answer: str = "Antwoord.") -> Topic:
    """A topic that only this test edits."""
    new = NewTopic(title, examples=tuple(map(Example, examples)), answer_title=title, answer_text=answer)
    return site.run(lambda store: make_topic(store, new, by="noor"))


def stored(site: Site, intent: str) -> Topic:
    return site.run(lambda store: store.topics.get(intent))


def texts(topic: Topic) -> list[str]:
    return [one.text for one in topic.examples]


def create(editor: Visitor, **fields: str) -> Page:
    return editor.post("/topics/new", **{"answer_title": "Honden", "answer_text": "Honden zijn welkom.", **fields})


def save(editor: Visitor, topic: Topic, **fields: Any) -> Page:
    """Send the form of a topic, as it was with `fields` changed."""
    form = {
        "title": topic.title,
        "description": topic.description,
        "must": "\n".join(one.text for one in topic.tests if one.must_answer),
        "other": "\n".join(one.text for one in topic.tests if not one.must_answer),
        "answering": topic.answering,
        "expected_version": topic.version,
    }
    return editor.post_form(f"/topics/{topic.intent}", {**form, **fields})
