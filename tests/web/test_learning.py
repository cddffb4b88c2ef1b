"""The learning inbox over HTTP, against the real server and Redis, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from bot.errors import AlreadyClaimed
from bot.learning import Noticing
from bot.model import Account, Handoff, IntentScore, Message, Nlu
from bot.store import Store
from bot.store.editing_rules import EditingRules
from bot.store.lessons import Lesson
from bot.store.missed import Group, Grouping, Missed, Verdict
from bot.store.topics import Example, TestMessage, Topic
from bot.store.work import Turn, now_ms
from bot.web.learning.first_draft import first_draft, without_persons
from bot.web.topics.saving import merge_topics
from tests.conftest import Site, running_site
from tests.fakes.conversations import write
from tests.web.visitor import Page, Visitor

QUESTION = "kan ik met een cadeaubon betalen"
UNSURE = Verdict("model-1", "human", "faq_ruilen", 0.3, 0.8, (IntentScore("faq_ruilen", 0.31),))
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def own_site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(own_site: Site) -> Site:
    """With an empty inbox, and two topics."""

    async def prepare(store: Store) -> None:
        keys = store._keys
        names = (
            keys.missed_open,
            keys.missed_groups,
            keys.lessons,
            keys.topics,
            keys.answer_drafts,
            keys.editing_rules,
        )
        await store._client.delete(*names)
        await store.topics.save_all(
            [
                Topic("faq_ruilen", "Ruilen", examples=(Example("kan ik ruilen"),)),
                Topic("faq_retourneren", "Retourneren", examples=(Example("hoe stuur ik iets terug"),)),
            ]
        )

    own_site.run(prepare)
    return own_site


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


@pytest.fixture
def colleague(site: Site) -> Visitor:
    return Visitor(site.url, site.session("robin", "editor", name="Robin"))


def missed(site: Site, text: str = QUESTION, **fields: Any) -> Missed:
    """A message in the inbox, with its conversation."""

    async def make(store: Store) -> Missed:
        written = await write(store, text)
        known = Missed(written.conversation_id, written.id, text, "widget", now_ms(), ("unsure",), UNSURE)
        await store.missed.note(replace(known, **fields))
        return replace(known, **fields)

    return site.run(make)


def chosen(*messages: Missed, **fields: Any) -> dict[str, Any]:
    """The form with these messages chosen."""
    form: dict[str, Any] = {}
    for number, one in enumerate(messages, start=1):
        form |= {f"place-{number}": one.place, f"chosen-{number}": "on", f"text-{number}": one.text}
    return form | fields


def teach(visitor: Visitor, *messages: Missed, **fields: Any) -> Page:
    return visitor.post(group_url(messages[0]), **chosen(*messages, **fields))


def group_url(missed: Missed) -> str:
    return f"/learning/group?id={quote(missed.place)}"


def topic(site: Site, intent: str) -> Topic:
    return site.run(lambda store: store.topics.get(intent))


def examples(site: Site, intent: str) -> list[str]:
    return [one.text for one in topic(site, intent).examples]


def open_texts(site: Site) -> set[str]:
    return {one.text for one in site.run(lambda store: store.missed.open())}


def lessons(site: Site) -> list[Lesson]:
    return site.run(lambda store: store.lessons.all())


def need_review(site: Site) -> None:
    site.run(lambda store: store.editing_rules.save(EditingRules(topics_need_review=True)))


# The list.


def test_an_empty_inbox_says_so(editor: Visitor) -> None:
    assert "De leerinbox is leeg." in editor.get("/learning").text


def test_what_came_just_now_is_there_without_any_grouping(site: Site, editor: Visitor) -> None:
    one = missed(site)
    page = editor.get("/learning").text
    assert "Nog niet gegroepeerd" in page and "1 bericht" in page
    assert one.text in editor.get("/learning/group?id=new").body


def test_groups_are_listed_the_largest_first(site: Site, editor: Visitor) -> None:
    gift, other = [missed(site, f"cadeaubon {number}") for number in range(3)], missed(site, "parkeren?")
    group(
        site,
        Group(other.place, (other.place,)),
        Group(gift[0].place, tuple(one.place for one in gift), ("cadeaubon",), "faq_ruilen", 0.4),
    )
    page = editor.get("/learning").text
    assert page.index("cadeaubon 0") < page.index("parkeren?")
    assert "lijkt op Ruilen (40%)" in page and "3× niet herkend" in page
    assert "Nog niet gegroepeerd" not in page


def group(site: Site, *groups: Group) -> None:
    async def save(store: Store) -> None:
        await store.missed.save_grouping(Grouping(groups, now_ms(), await store.missed.changes()))

    site.run(save)


def test_a_filter_leaves_what_it_says(site: Site, editor: Visitor) -> None:
    missed(site, "de eerste", reasons=("not_helped",))
    missed(site, "de tweede", channel="messenger")
    missed(site, "de derde", at_ms=now_ms() - 20 * 86_400_000)
    for query, shown in (("reason=not_helped", "de eerste"), ("channel=messenger", "de tweede")):
        page = editor.get(f"/learning/group?id=new&{query}").body
        assert [text for text in ("de eerste", "de tweede", "de derde") if text in page] == [shown]
    assert "de derde" not in editor.get("/learning/group?id=new&days=7").body
    assert "de derde" in editor.get("/learning/group?id=new&days=30").body
    for nonsense in ("reason=%3Cscript%3E", "days=9999999", "days=%C2%B2", "page=-1", "page=99999", "channel=fax"):
        assert editor.get(f"/learning?{nonsense}").status == 200


def test_only_editors_see_it(site: Site) -> None:
    agent = Visitor(site.url, site.session("anna", "agent"))
    place = quote(missed(site).place)
    for path in ("/learning", "/learning/group?id=new", "/learning/lessons", f"/learning/conversation?place={place}"):
        assert agent.get(path).status == 403
    assert agent.post("/learning/group?id=new", deed="ignore").status == 403


# The conversation beside it.


def test_the_conversation_is_beside_it_masked_and_without_notes(site: Site, editor: Visitor) -> None:
    async def make(store: Store) -> Missed:
        written = await write(store, QUESTION, "c-beside")
        note = Message("note-1", "c-beside", "note", "Let op: boze klant.", 1)
        await store.conversations.note(note)
        await write(store, "mijn bsn is 123456782", "c-beside")
        known = Missed("c-beside", written.id, QUESTION, "widget", now_ms(), ("unsure",), UNSURE)
        await store.missed.note(known)
        return known

    one = site.run(make)
    for page in (
        editor.get(group_url(one)).body,
        editor.get(f"/learning/conversation?place={quote(one.place)}").body,
    ):
        assert "mijn bsn is [BSN]" in page and "123456782" not in page and "boze klant" not in page


def test_no_other_conversation_can_be_read(site: Site, editor: Visitor) -> None:
    written = site.run(lambda store: write(store, "iets anders"))
    place = quote(f"{written.conversation_id} {written.id}")
    assert editor.get(f"/learning/conversation?place={place}").status == 404
    one = missed(site)
    assert "iets anders" not in editor.get(f"{group_url(one)}&look={place}").body


# Teaching.


def test_messages_become_examples_of_a_topic(site: Site, editor: Visitor) -> None:
    first, second = missed(site), missed(site, "cadeaubon geldig bij het afrekenen?")
    answer = teach(editor, first, second, deed="assign", topic="Ruilen")
    assert answer.status == 303
    assert examples(site, "faq_ruilen") == ["kan ik ruilen", first.text, second.text]
    [*_, learned] = topic(site, "faq_ruilen").examples
    assert (learned.by, learned.message_id) == ("sanne", second.message_id) and learned.at_ms
    assert open_texts(site) == set()
    done = editor.get(answer.location)
    said = editor.get(done.location)
    assert done.status == 303 and "2 berichten toegevoegd aan “Ruilen”" in said.text
    assert 'href="/training">Naar de training' in said.body


def test_a_message_can_be_put_right_before_it_is_an_example(site: Site, editor: Visitor) -> None:
    one = missed(site, "hoi ik ben Anna, kan ik met een bon betalen")
    editor.post(
        group_url(one), **chosen(one, deed="assign", topic="faq_ruilen") | {"text-1": " kan ik met een\tbon betalen "}
    )
    assert examples(site, "faq_ruilen")[-1] == "kan ik met een bon betalen"


def test_an_example_leaves_the_topic_that_had_it(site: Site, editor: Visitor) -> None:
    one = missed(site, "Hoe stuur ik iets terug?")
    teach(editor, one, deed="assign", topic="Ruilen")
    assert examples(site, "faq_retourneren") == [] and examples(site, "faq_ruilen")[-1] == one.text
    editor.post(f"/learning/lessons/{lessons(site)[0].id}/undo")
    assert examples(site, "faq_retourneren") == ["hoe stuur ik iets terug"]
    assert examples(site, "faq_ruilen") == ["kan ik ruilen"] and open_texts(site) == {one.text}


def test_a_new_topic_has_the_examples_and_a_draft_of_the_answer(site: Site, editor: Visitor) -> None:
    one = missed(site)
    answer = teach(
        editor, one, deed="new_topic", title="Betalen met een cadeaubon", description="", answer="Ja, dat kan."
    )
    assert answer.status == 303
    made = topic(site, "faq_betalen_met_een_cadeaubon")
    assert made.title == "Betalen met een cadeaubon" and [e.text for e in made.examples] == [one.text]
    draft = site.run(lambda store: store.answer_drafts.get(made.answer))
    assert draft and draft.template.text == "Ja, dat kan." and draft.by == "sanne"
    assert draft.name not in {one.name for one in site.run(lambda store: store.templates.all_published())}
    # It is read, and published, on the answer's own page.
    done = editor.get(editor.get(answer.location).location)
    assert f"/editor/{made.answer}" in done.body
    page = editor.get(f"/editor/{made.answer}")
    assert page.value("text") == "Ja, dat kan." and "nog niet gepubliceerd" in page.text
    assert "Concept bekijken" in editor.get(f"/topics/{made.intent}").text
    fields = {name: page.value(name) for name in ("expected_version", "draft_version", "title", "text")}
    assert editor.post(f"/editor/{made.answer}", do="publish", **fields).status == 303
    assert site.run(lambda store: store.templates.get(made.answer)).text == "Ja, dat kan."


def test_a_draft_that_is_thrown_away_leaves_a_topic_without_an_answer(site: Site, editor: Visitor) -> None:
    teach(editor, missed(site), deed="new_topic", title="Bonnen", answer="Ja, dat kan.")
    version = editor.get("/editor/utter_faq_bonnen").value("draft_version")
    assert editor.post("/editor/utter_faq_bonnen/discard", draft_version=version).location == "/editor"
    assert editor.get("/editor/utter_faq_bonnen").status == 404
    assert "Antwoord opslaan" in editor.get("/topics/faq_bonnen").text


def test_a_new_topic_is_undone_with_its_draft(site: Site, editor: Visitor) -> None:
    one = missed(site)
    teach(editor, one, deed="new_topic", title="Cadeaubonnen", answer="Ja.")
    assert editor.post(f"/learning/lessons/{lessons(site)[0].id}/undo").status == 303
    assert topic(site, "faq_cadeaubonnen").is_retired and not examples(site, "faq_cadeaubonnen")
    assert site.run(lambda store: store.answer_drafts.get("utter_faq_cadeaubonnen")) is None
    assert open_texts(site) == {one.text}


def test_undo_finds_examples_of_a_topic_that_was_merged_since(site: Site, editor: Visitor) -> None:
    one = missed(site)
    teach(editor, one, deed="assign", topic="Ruilen")

    async def merge(store: Store) -> None:
        source, target = [await store.topics.get(intent) for intent in ("faq_ruilen", "faq_retourneren")]
        await merge_topics(store, source, target, by="robin")

    site.run(merge)
    assert one.text in examples(site, "faq_retourneren")
    editor.post(f"/learning/lessons/{lessons(site)[0].id}/undo")
    assert examples(site, "faq_retourneren") == ["hoe stuur ik iets terug", "kan ik ruilen"]
    assert not topic(site, "faq_retourneren").is_retired and topic(site, "faq_ruilen").is_retired


def test_ignored_is_out_of_the_way_and_can_come_back(site: Site, editor: Visitor) -> None:
    one = missed(site)
    teach(editor, one, deed="ignore")
    assert open_texts(site) == set() and examples(site, "faq_ruilen") == ["kan ik ruilen"]
    [lesson] = lessons(site)
    assert "Niets van geleerd" in editor.get("/learning/lessons").text
    editor.post(f"/learning/lessons/{lesson.id}/undo")
    assert open_texts(site) == {one.text}
    assert editor.post(f"/learning/lessons/{lesson.id}/undo").status == 409  # once


def test_of_what_is_personal_no_page_has_the_words(site: Site, editor: Visitor) -> None:
    one = missed(site, "mijn man is overleden")
    teach(editor, one, deed="personal")
    place = quote(one.place)
    for path in ("/learning", "/learning/group?id=new", "/learning/lessons", f"/learning/conversation?place={place}"):
        assert "overleden" not in editor.get(path).body
    [lesson] = lessons(site)
    assert editor.post(f"/learning/lessons/{lesson.id}/undo").status == 409
    assert "gemarkeerd als persoonlijk" in editor.get("/learning").text


def test_all_of_a_group_is_what_the_page_said_and_nothing_that_came_since(site: Site, editor: Visitor) -> None:
    one, other = missed(site, "de eerste vraag"), missed(site, "de tweede vraag")
    assert "Alle 2 berichten" in editor.get("/learning/group?id=new").text
    unseen = missed(site, "wat is jullie telefoonnummer")
    refused = editor.post("/learning/group?id=new", deed="personal", everything=2)
    assert refused.status == 409 and "intussen andere berichten" in refused.text
    assert "Alle 3 berichten" in refused.text and 'value="3" checked' in refused.body
    assert open_texts(site) == {one.text, other.text, unseen.text}
    assert editor.post("/learning/group?id=new", deed="personal", everything=3).status == 303
    assert open_texts(site) == set()


def test_what_was_undone_before_it_was_personal_keeps_no_words(site: Site, editor: Visitor) -> None:
    one = missed(site, "mijn man is overleden")
    teach(editor, one, deed="new_topic", title="Mijn man is overleden", answer="Gecondoleerd met je man.")
    [made] = lessons(site)
    assert editor.post(f"/learning/lessons/{made.id}/undo").status == 303
    other = missed(site, "een andere vraag hierover")
    teach(editor, one, other, deed="assign", topic="faq_ruilen")
    assert editor.post(f"/learning/lessons/{lessons(site)[0].id}/undo").status == 303
    teach(editor, one, deed="personal")
    assert "man" not in str([(found.taught, found.title, found.answer, found.added) for found in lessons(site)])
    assert [taught.text for found in lessons(site) for taught in found.taught if taught.text] == [other.text]


def test_all_of_a_group_at_once(site: Site, editor: Visitor) -> None:
    many = [missed(site, f"cadeaubon vraag {number}") for number in range(30)]
    group(site, Group(many[0].place, tuple(one.place for one in many)))
    assert "Pagina 1 van 2" in editor.get(group_url(many[0])).text
    editor.post(group_url(many[0]), deed="assign", topic="Ruilen", everything=30)
    assert len(examples(site, "faq_ruilen")) == 31 and open_texts(site) == set()


# Refusals: each keeps what was typed.


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"deed": "assign", "topic": "Bestaat niet"}, "Er is geen onderwerp “Bestaat niet”."),
        ({"deed": "assign", "topic": ""}, "Kies een onderwerp."),
        ({"deed": "new_topic", "title": ""}, "Geef het onderwerp een naam"),
        ({"deed": "new_topic", "title": "x" * 61}, "Geef het onderwerp een naam"),
        ({"deed": "new_topic", "title": "ruilen"}, "Er is al een onderwerp “Ruilen”."),
        ({"deed": "new_topic", "title": "Nieuw", "answer": "x" * 5000}, "het zijn er nu 5000"),
        ({"deed": "new_topic", "title": "Nieuw", "description": "x" * 501}, "het zijn er nu 501"),
        ({"deed": "assign", "topic": "Ruilen", "text-1": ""}, "Een voorbeeld heeft 1 tot 500 tekens."),
        ({"deed": "assign", "topic": "Ruilen", "chosen-1": ""}, "Vink eerst een of meer berichten aan."),
        ({"deed": "verkoop", "answer": "Getypt."}, "Kies wat er met de berichten moet gebeuren."),
    ],
)
def test_what_is_refused_keeps_what_was_typed(site: Site, editor: Visitor, fields: dict[str, str], said: str) -> None:
    one = missed(site)
    page = editor.post(group_url(one), **chosen(one, **fields))
    assert page.status == 400 and said in page.text
    for name in ("topic", "title", "answer", "description"):
        if name in fields:
            assert page.value(name) == fields[name]
    assert open_texts(site) == {one.text} and examples(site, "faq_ruilen") == ["kan ik ruilen"]


@pytest.mark.parametrize("text", [SCRIPT, "🎁🎁🎁", "هل يمكنني الدفع", '"><img src=x onerror=alert(1)>', "a" * 900])
def test_anything_that_a_customer_writes_is_shown_as_text(site: Site, editor: Visitor, text: str) -> None:
    one = missed(site, text)
    for path in ("/learning", group_url(one), "/learning/group?id=new"):
        page = editor.get(path)
        assert page.status == 200 and SCRIPT not in page.body and "<img src=x" not in page.body
    shown = text[:500]
    assert teach(editor, replace(one, text=shown), deed="assign", topic="Ruilen").status == 303
    assert examples(site, "faq_ruilen")[-1] == shown
    assert SCRIPT not in editor.get("/learning/lessons").body


def test_what_a_colleague_dealt_with_just_now_is_not_done_again(
    site: Site, editor: Visitor, colleague: Visitor
) -> None:
    one, other = missed(site), missed(site, "nog een")
    group(site, Group(one.place, (one.place, other.place)))
    teach(colleague, one, deed="ignore")
    page = teach(editor, one, deed="new_topic", title="Cadeaubonnen", answer="Ja, dat kan.")
    assert page.status == 409 and page.value("answer") == "Ja, dat kan."
    assert "net al behandeld" in page.text
    teach(colleague, other, deed="ignore")  # and now the whole group is gone
    page = teach(editor, one, deed="new_topic", title="Cadeaubonnen", answer="Ja, dat kan.")
    assert page.status == 409 and "Ja, dat kan." in page.text


def test_a_topic_that_was_retired_just_now_learns_nothing(site: Site, editor: Visitor) -> None:
    one = missed(site)
    site.run(lambda store: retire(store, "faq_ruilen"))
    assert teach(editor, one, deed="assign", topic="Ruilen").status == 400
    assert open_texts(site) == {one.text}


async def retire(store: Store, intent: str) -> None:
    await store.topics.save(replace(await store.topics.get(intent), is_retired=True))


# Hints.


def test_hints_say_what_an_editor_should_know(site: Site, editor: Visitor) -> None:
    sure = Verdict("model-1", "answer", "faq_ruilen", 0.97, 0.8)
    site.run(lambda store: add_test(store, "faq_retourneren", "kan ik dit artikel hier terugsturen"))
    missed(site, "a", now=replace(sure, model="model-2"))
    missed(site, "b", reasons=("not_helped",), verdict=sure)
    missed(site, "Kan ik dit artikel hier terugsturen?")
    missed(site, "kan ik ruilen?")
    missed(site, "stuur maar naar anna@example.nl")
    page = editor.get("/learning/group?id=new").text
    assert "Het model van nu heeft dit al goed: “Ruilen”." in page
    assert "De assistent was zeker (97%, “Ruilen”), maar de klant zei dat het niet hielp." in page
    assert "Lijkt op een toetsvraag van “Retourneren”." in page
    assert "Is al een voorbeeld van “Ruilen”." in page
    assert "Hier staan misschien persoonlijke gegevens in." in page


async def add_test(store: Store, intent: str, text: str) -> None:
    await store.topics.save(replace(await store.topics.get(intent), tests=(TestMessage(text),)))


# A second pair of eyes.


def test_a_proposal_is_done_once_a_colleague_agrees(site: Site, editor: Visitor, colleague: Visitor) -> None:
    need_review(site)
    one = missed(site)
    assert teach(editor, one, deed="assign", topic="Ruilen").status == 303
    assert examples(site, "faq_ruilen") == ["kan ik ruilen"] and open_texts(site) == set()
    [lesson] = lessons(site)
    assert lesson.state == "proposed"
    assert editor.post(f"/learning/lessons/{lesson.id}/approve").status == 403  # their own
    assert "Keur goed" not in editor.get("/learning/lessons").text
    assert "Keur goed" in colleague.get("/learning/lessons").text
    assert colleague.post(f"/learning/lessons/{lesson.id}/approve").status == 303
    assert examples(site, "faq_ruilen") == ["kan ik ruilen", one.text]
    [learned] = topic(site, "faq_ruilen").examples[1:]
    assert learned.by == "sanne"
    assert colleague.post(f"/learning/lessons/{lesson.id}/approve").status == 409
    assert "gedaan door Robin" in editor.get("/learning/lessons").text


def test_a_proposal_that_is_rejected_is_open_again(site: Site, editor: Visitor, colleague: Visitor) -> None:
    need_review(site)
    one = missed(site)
    teach(editor, one, deed="new_topic", title="Cadeaubonnen", answer="Ja.")
    [lesson] = lessons(site)
    assert colleague.post(f"/learning/lessons/{lesson.id}/reject", note="x" * 501).status == 400
    assert colleague.post(f"/learning/lessons/{lesson.id}/reject", note="Hoort bij Ruilen").status == 303
    assert open_texts(site) == {one.text} and "Hoort bij Ruilen" in editor.get("/learning/lessons").text
    assert {one.intent for one in site.run(lambda store: store.topics.all())} == {"faq_ruilen", "faq_retourneren"}


def test_a_proposal_for_a_topic_that_is_gone_waits(site: Site, editor: Visitor, colleague: Visitor) -> None:
    need_review(site)
    teach(editor, missed(site), deed="assign", topic="Ruilen")
    site.run(lambda store: retire(store, "faq_ruilen"))
    [lesson] = lessons(site)
    page = colleague.post(f"/learning/lessons/{lesson.id}/approve")
    assert page.status == 409 and "niet meer in gebruik" in page.text
    assert [one.state for one in lessons(site)] == ["proposed"]


def test_what_a_customer_took_back_is_not_approved(site: Site, editor: Visitor, colleague: Visitor) -> None:
    need_review(site)
    stays, gone = missed(site, "kan ik een bon geven"), missed(site, "mijn adres is dorpsstraat een")
    teach(editor, stays, gone, deed="assign", topic="Ruilen")
    teach(editor, missed(site, "ook terug"), deed="assign", topic="Ruilen")
    latest, both = lessons(site)

    async def take_back(store: Store, place: str) -> None:
        conversation_id, _, message_id = place.partition(" ")
        note = Message(f"n-{message_id}", conversation_id, "note", "De klant heeft een bericht verwijderd.", 1)
        assert await store.conversations.delete(conversation_id, message_id, note)

    for place in (gone.place, latest.places[0]):
        site.run(lambda store, place=place: take_back(store, place))
    assert colleague.post(f"/learning/lessons/{both.id}/approve").status == 303
    refused = colleague.post(f"/learning/lessons/{latest.id}/approve")
    assert refused.status == 409 and "De klant nam deze berichten terug" in refused.text
    assert examples(site, "faq_ruilen") == ["kan ik ruilen", stays.text]
    assert "dorpsstraat" not in str(lessons(site))


def test_of_two_proposals_for_the_same_new_topic_one_is_made(site: Site, editor: Visitor, colleague: Visitor) -> None:
    """A second topic of that name would take the examples of the first."""
    need_review(site)
    one, other = missed(site, "kan ik een bon geven"), missed(site, "kan ik een bon geven")
    for message in (one, other):
        assert teach(editor, message, deed="new_topic", title="Cadeaubonnen").status == 303
    second, first = lessons(site)
    assert colleague.post(f"/learning/lessons/{first.id}/approve").status == 303
    refused = colleague.post(f"/learning/lessons/{second.id}/approve")
    assert refused.status == 409 and "Er is al een onderwerp met deze naam." in refused.text
    assert examples(site, "faq_cadeaubonnen") == [one.text]
    assert {lesson.id: lesson.state for lesson in lessons(site)} == {first.id: "applied", second.id: "proposed"}


def test_what_is_ignored_needs_no_second_pair_of_eyes(site: Site, editor: Visitor) -> None:
    need_review(site)
    teach(editor, missed(site), deed="ignore")
    assert [one.state for one in lessons(site)] == ["applied"]


def test_what_was_done_is_in_the_audit_log(site: Site, editor: Visitor) -> None:
    teach(editor, missed(site), deed="assign", topic="Ruilen")
    manager = Visitor(site.url, site.session("max", "manager"))
    assert "Berichten bij een onderwerp gezet" in manager.get("/audit").text
    need_review(site)
    teach(editor, missed(site, "mijn hond is dood"), deed="new_topic", title="Mijn hond is dood")
    noted = site.run(lambda store: store.audit.page(limit=1))[0]
    assert (noted.what, noted.about) == ("lesson.proposed", lessons(site)[0].id), "no words of a customer"


# From the queue to a topic.


def test_from_a_message_in_the_queue_to_a_topic_with_a_draft_of_its_answer(site: Site, editor: Visitor) -> None:
    """What worker, agent and editor do, one after the other; only Rasa and the grouping are not there."""
    agent = site.account("kim", "agent", name="Kim")

    async def ask_and_answer(store: Store) -> None:
        written = await write(store, "Kan ik in de winkel met een cadeaubon betalen?")
        conversation = await store.conversations.get(written.conversation_id)
        nlu = Nlu("human", "faq_ruilen", 0.3, (IntentScore("faq_ruilen", 0.3),), (), 0.8)
        handoff = Handoff("not_confident", "normal", now_ms(), written.id, nlu=nlu)
        with suppress(AlreadyClaimed):  # on a busy machine the safety net was first: there is no assistant here
            await store.queue.put(conversation, handoff, [])
        turn = Turn(conversation.id, written, "", 1, "", 1, "widget")
        await Noticing(store).turn(turn, nlu, handoff, "model-1")

    site.run(ask_and_answer)
    [waiting] = [one for one in site.run(lambda store: store.missed.open()) if "cadeaubon" in one.text]
    reply_on_the_desk(site, agent, waiting.conversation_id, "Hoi Anna,\nJa, dat kan bij elke kassa.\nGroetjes, Kim")
    page = editor.get(group_url(waiting))
    assert page.value("answer") == "Ja, dat kan bij elke kassa."
    [one] = site.run(lambda store: store.missed.get_many([waiting.place]))
    assert one.reasons == ("agent_answered", "unsure")
    title = page.value("title")
    assert title == "Kan ik in de winkel met een cadeaubon betalen"
    assert f'checked aria-label="Kies: {waiting.text}' in page.body  # there is no other
    teach(editor, one, deed="new_topic", title=title, answer=page.value("answer"))
    [made] = [one for one in site.run(lambda store: store.topics.all()) if one.title == title]
    assert [e.text for e in made.examples] == ["Kan ik in de winkel met een cadeaubon betalen?"]
    draft = site.run(lambda store: store.answer_drafts.get(made.answer))
    assert draft and draft.template.text == "Ja, dat kan bij elke kassa."
    assert draft.template.title == "Winkel cadeaubon"


def reply_on_the_desk(site: Site, agent: Account, conversation_id: str, text: str) -> None:
    desk = Visitor(site.url, site.session(agent.id, "agent"))
    url = f"/desk/{quote(conversation_id, safe='')}"
    assert desk.post(f"{url}/claim", seen_owner="queue").status == 303
    assert desk.post(f"{url}/reply", text=text, message_id="11111111-1111-4111-8111-111111111111").status == 303


# The first draft of an answer.


@pytest.mark.parametrize(
    ("reply", "draft"),
    [
        ("Hoi Anna, dat kan binnen 30 dagen. Groetjes, Kim", "Dat kan binnen 30 dagen."),
        (
            "Goedemiddag mevrouw De Vries,\n\nJa, dat kan.\n\nMet vriendelijke groet,\nKim\nKlantenservice",
            "Ja, dat kan.",
        ),
        ("Je bestelling 10482215 is onderweg, Anna.", "Je bestelling [nummer] is onderweg."),
        ("We mailen naar anna@devries.nl, of 1234 AB.", "We mailen naar [e-mailadres], of [postcode]."),
        ("Dat mag {naam}.", "Dat mag naam."),
        ("Hoi", "Hoi"),
    ],
)
def test_a_draft_has_nothing_of_one_customer(reply: str, draft: str) -> None:
    assert without_persons(reply, {"Anna de Vries"}) == draft


def test_the_draft_is_the_reply_that_fits_most() -> None:
    replies = ["Bel ons even.", "Ja, dat kan bij elke kassa.", "Dat kan bij elke kassa in de winkel."]
    assert "kassa" in first_draft(replies)
    assert first_draft([]) == ""
