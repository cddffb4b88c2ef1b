"""Comparing two models on real customers, over HTTP without JavaScript; the store stands where assistants stand."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from bot.model import ModelRecord
from bot.store import Store
from bot.store.experiments import Difference
from bot.store.trainings import Became
from tests.conftest import Site
from tests.fakes.conversations import handed_over, write
from tests.web.visitor import Page, Visitor

FORM = {"model": "nieuw", "mode": "split", "share": "20", "days": "7"}
PATH = "/trials/experiment"


@pytest.fixture
def editor(site: Site) -> Iterator[Visitor]:
    async def begin_anew(store: Store) -> None:
        cards = {"live": {}, "nieuw": {}, "zakt": {"golden": {"n": 3, "failed_lines": [2]}}}
        for name, card in cards.items():
            await store.models.register(ModelRecord(name, __file__, "0", 1, card))
        await store.models.activate("live")
        if running := await store.experiments.current():
            await store.experiments.end(running.id, "stopped")

    site.run(begin_anew)
    yield Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


def begin(editor: Visitor, **more: str) -> Page:
    return editor.post(PATH, **{**FORM, **more})


def test_an_experiment_begins_is_watched_and_stopped(site: Site, editor: Visitor) -> None:
    assert begin(editor).location == f"{PATH}?said=begun"
    site.run(lambda store: store.work.sign_of_life("w", '{"model":"live","challenger":"nieuw"}'))
    counts = {"live:answer": 6, "live:human": 2, "challenger:answer": 3, "challenger:ask": 1, "challenger:failed": 1}
    counts |= {"challenger:helped_yes": 2, "challenger:helped_no": 1}
    site.run(lambda store: store.experiments.count(counts))
    page = editor.get(PATH)
    for words in (
        "nieuw beantwoordt 20% van de gesprekken",
        "Begonnen door Sanne de Wit",
        "Geladen op 1 van 1 assistenten",
        "live (live) Berichten: 8 Antwoord: 75% Vraagt terug: 0% Naar een medewerker: 25% Hielp: –",
        "nieuw Berichten: 4 Antwoord: 75% Vraagt terug: 25% Naar een medewerker: 0% Hielp: 67% van 3",
        "gaf 1 keer een fout",
    ):
        assert words in page.text, words
    assert begin(editor).status == 409
    assert editor.post(f"{PATH}/stop", id=page.value("id")).status == 303
    over = editor.get(PATH)
    assert "nieuw beantwoordt 20%" in over.text and "gestopt" in over.text and "Begin met vergelijken" in over.text
    deeds = site.run(lambda store: store.audit.search(kind="experiment", limit=2)).entries
    assert [deed.what for deed in deeds] == ["experiment.stopped", "experiment.begun"]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"model": "live"}, "Kies een model dat nu niet live is."),
        ({"model": "weg"}, "Kies een model dat nu niet live is."),
        ({"model": "zakt"}, "haalt niet alle toetsvragen"),
        ({"mode": "samen"}, "Kies meelezen of verdelen."),
        ({"share": "51"}, "van 1 tot 50 procent"),
        ({"share": "٣"}, "van 1 tot 50 procent"),
        ({"days": "0"}, "1 tot 30 dagen"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_begins(
    site: Site, editor: Visitor, fields: dict[str, str], error: str
) -> None:
    page = begin(editor, **fields)
    assert page.status == 400 and error in page.text
    assert page.value("days") == fields.get("days", "7")
    assert site.run(lambda store: store.experiments.current()) is None


def test_what_fails_its_tests_may_read_along_and_not_go_live(site: Site, editor: Visitor) -> None:
    assert begin(editor, model="zakt", mode="shadow").status == 303
    page = editor.get(PATH)
    assert "zakt leest mee" in page.text and "Live zetten" not in page.text
    refused = editor.post(f"{PATH}/live", id=page.value("id"))
    assert refused.status == 409 and "haalt niet alle toetsvragen" in refused.text
    active = site.run(lambda store: store.models.active())
    assert active is not None and active.name == "live"


def test_going_live_ends_it(site: Site, editor: Visitor) -> None:
    begin(editor)
    experiment_id = editor.get(PATH).value("id")
    assert editor.post(f"{PATH}/live", id="een-ander").status == 409
    assert editor.post(f"{PATH}/live", id=experiment_id).location == f"{PATH}?said=live"
    active = site.run(lambda store: store.models.active())
    assert active is not None and active.name == "nieuw"
    assert site.run(lambda store: store.experiments.current()) is None
    assert editor.post(f"{PATH}/live", id=experiment_id).status == 409  # a double click


def test_an_old_page_stops_nothing_that_came_later(site: Site, editor: Visitor) -> None:
    begin(editor)
    editor.post(f"{PATH}/stop", id=uuid.uuid4().hex)
    assert site.run(lambda store: store.experiments.current()) is not None


def test_differences_show_the_words_masked_while_the_conversation_is_there(site: Site, editor: Visitor) -> None:
    begin(editor, mode="shadow")

    async def differ(store: Store) -> None:
        written = await write(store, "mijn bsn is 123456782 <b>hoi</b>")
        (stored,) = await store.conversations.messages(written.conversation_id)
        complaint = await handed_over(store, "wat een rotzooi", reason="complaint")
        rude = (await store.conversations.messages(complaint))[0]
        unread = Difference(complaint, rude.entry_id, Became("ask"), Became("human"))
        unknown = Difference("weg", "1-0", Became("ask"), Became("human"))
        known = Difference(
            written.conversation_id, stored.entry_id, Became("answer", "faq_x", 0.9), Became("human", "faq_x", 0.3)
        )
        for one in (unknown, unread, known):
            await store.experiments.note_difference(one)

    site.run(differ)
    page = editor.get(PATH)
    assert "mijn bsn is [BSN] <b>hoi</b>" in page.text and "123456782" not in page.body and "<b>hoi" not in page.body
    assert "Live: faq_x (90%) Ander: naar een medewerker" in page.text
    section = page.body.partition('aria-labelledby="differences"')[2].partition("</section>")[0]
    assert len(re.findall('<th scope="row">', section)) == 1
    assert "rotzooi" not in page.body, "a complaint is for who handles it"
    assert 'href="/desk/' not in page.body  # an editor reads no conversations
    manager = Visitor(site.url, site.session("marja", "manager"))
    assert 'href="/desk/widget-' in manager.get(PATH).body
