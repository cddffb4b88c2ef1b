"""Search: what is found, how it is shown, and that the index follows what happens."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.model import Account
from bot.settings import Settings
from bot.store import Store
from bot.web.live import Live
from bot.web.search import Search, index
from bot.web.search.excerpts import excerpt, hits
from bot.web.search.index import Document, Query, Row, SearchIndex, SearchUnavailable
from bot.web.search.query import MAX_QUERY_CHARS, terms
from tests.conftest import Site, eventually
from tests.fakes.conversations import handed_over, message, write
from tests.web.visitor import Visitor

SANNE = Account("sanne", "Sanne", ("agent",))


def document(conversation_id: str, *texts: str, about: str = "", is_whole: bool = True, **fields: object) -> Document:
    rows = [Row(f"{1000 + place}-0", "customer", text) for place, text in enumerate(texts)]
    known: dict[str, object] = {
        "stamp": "1",
        "marks": "",
        "begun_ms": 1000,
        "last_ms": 2000,
        "channel": "widget",
        "departments": frozenset(),
        "agents": frozenset(),
        "labels": frozenset(),
        **fields,
    }
    return Document(conversation_id, rows=rows, about=about, is_whole=is_whole, **known)  # type: ignore[arg-type]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[SearchIndex]:
    made = SearchIndex(tmp_path / "search", "here")
    yield made
    made.close()


def found(made: SearchIndex, text: str = "", **filters: object) -> list[str]:
    return [hit.id for hit in made.ask(Query(terms(text), **filters)).hits]  # type: ignore[arg-type]


# What is found


@pytest.mark.parametrize(
    ("typed", "is_found"),
    [
        ("café", True),
        ("CAFE", True),
        ("caf", True),
        ("afe", False),
        ("wil retour", True),
        ("retour onzin", False),
        ('"naar het cafe"', True),
        ('"het naar"', False),
        ('"retou"', False),
        ("1048221", True),
        ("8221", True),
        ("0482", True),
        ("ws-1048221", True),
        ("WS1048", True),
        ("48222", False),
        ("anna", True),
        ("anna.de-wit@voorbeeld.nl", True),
        ("wit@voorbeeld", True),
    ],
)
def test_words_names_and_parts_of_numbers_are_found(made: SearchIndex, typed: str, is_found: bool) -> None:
    said = ("Ik ging naar het Café", "ik wil WS-1048221 retour sturen")
    made.write([document("c1", *said, about="Anna · anna.de-wit@voorbeeld.nl"), document("c2", "iets anders")])
    assert found(made, typed) == (["c1"] if is_found else [])


@pytest.mark.parametrize(
    "typed",
    [
        "NOT hallo",
        "text:hallo",
        '"',
        '""',
        "hal*lo OR",
        "^hallo",
        "NEAR(hallo, 2)",
        "hallo)",
        "-",
        "{a}",
        "'; --",
        "\0",
    ],
)
def test_nothing_typed_is_an_operator(made: SearchIndex, typed: str) -> None:
    made.write([document("c1", "hallo daar")])
    assert found(made, typed) in ([], ["c1"])
    assert found(made, "hallo OR onzin") == []


def test_a_long_question_is_cut(made: SearchIndex) -> None:
    assert len(terms("x" * 5000)[0].words[0]) == MAX_QUERY_CHARS
    assert found(made, "a b c d e f g h i j k l m n " * 9) == []


def test_filters_go_together(made: SearchIndex) -> None:
    made.write(
        [
            document("c1", "hoi", channel="rest", agents=frozenset({"sanne"}), labels=frozenset({"vip klant"})),
            document("c2", "hoi", departments=frozenset({"hr"}), agents=frozenset({"sanne", "daan"}), last_ms=9000),
            document("c3", "hoi", begun_ms=8000, last_ms=8500),
        ]
    )
    assert found(made) == found(made, "hoi") == ["c2", "c3", "c1"]
    assert found(made, agent="sanne") == ["c2", "c1"] and found(made, agent="sann") == []
    assert found(made, agent="sanne", channel="rest") == ["c1"] and found(made, department="hr") == ["c2"]
    assert found(made, label="VIP klant") == ["c1"] and found(made, label="klant") == []
    assert found(made, since_ms=8600) == ["c2"] and found(made, until_ms=8000) == ["c2", "c1"]


def test_pages_have_all_results_once(made: SearchIndex) -> None:
    made.write([document(f"c{number}", "hoi", last_ms=number) for number in range(25)])
    pages = [made.ask(Query(terms("hoi")), offset=offset, limit=10) for offset in (0, 10, 20)]
    assert [hit.id for page in pages for hit in page.hits] == [f"c{number}" for number in reversed(range(25))]
    assert {page.total for page in pages} == {25}


def test_the_message_with_most_of_the_words_is_shown(made: SearchIndex) -> None:
    made.write([document("c1", "retour naar Utrecht <b>", "dan retour", "verder niets", about="Utrecht")])
    (hit,) = made.ask(Query(terms("retour utrecht"))).hits
    assert (hit.entry_id, hit.sender) == ("1000-0", "customer")
    assert [(part.text, part.is_hit) for part in hit.parts] == [
        ("retour", True),
        (" naar ", False),
        ("Utrecht", True),
        (" <b>", False),
    ]


@pytest.mark.parametrize(
    "text", ["é" * 300 + " straße ﬁn İstanbul retour", "x " * 400 + "retour " + "y " * 400, "retour"]
)
def test_an_excerpt_marks_what_was_searched_for_and_nothing_else(text: str) -> None:
    _, spans = hits(text, terms("retour"))
    parts = excerpt(text, spans)
    assert [part.text for part in parts if part.is_hit] == ["retour"]
    assert "".join(part.text for part in parts).strip("… ") in text and sum(len(part.text) for part in parts) < 330


# The file


def test_what_is_removed_leaves_no_word_in_the_file(tmp_path: Path) -> None:
    made = SearchIndex(tmp_path, "here")
    made.write([document("c1", "geheimzinnig 987654321"), document("c2", "blijft")])
    made.write([document("c2", "blijft ook", is_whole=False)])
    made.remove(["c1", "unknown"])
    assert found(made) == ["c2"] and found(made, "blijft ook") == ["c2"]
    made.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"geheim" not in kept and b"987654" not in kept and b"blijft" in kept


def test_only_we_can_open_the_files(made: SearchIndex, tmp_path: Path) -> None:
    made.write([document("c1", "hoi")])
    files = list((tmp_path / "search").iterdir())
    assert len(files) == 4 and {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "search").stat().st_mode) == 0o700


def test_who_comes_second_has_another_file_and_who_comes_later_goes_on_with_the_first(tmp_path: Path) -> None:
    first = SearchIndex(tmp_path, "here")
    first.write([document("c1", "hoi", stamp="7")])
    second = SearchIndex(tmp_path, "here")
    assert second.known() == {} and found(first, "hoi") == ["c1"]
    for one in (first, second):
        one.close()
    again = SearchIndex(tmp_path, "here")
    assert again.known() == {"c1": "7"}
    again.close()


@pytest.mark.parametrize("change", ["source", "version", "damage"])
def test_a_file_that_is_not_ours_is_made_anew(tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = SearchIndex(tmp_path, "here")
    made.write([document("c1", "hoi")])
    made.close()
    if change == "damage":
        (tmp_path / "index-0.sqlite").write_bytes(b"not a database" * 1000)
    elif change == "version":
        monkeypatch.setattr(index, "VERSION", 99)
    again = SearchIndex(tmp_path, "elsewhere" if change == "source" else "here")
    assert again.known() == {}
    again.close()


def test_a_file_that_can_not_be_made_is_free_for_the_next_try(tmp_path: Path) -> None:
    (tmp_path / "index-0.sqlite").mkdir()
    for _ in range(2):
        with pytest.raises(SearchUnavailable):
            SearchIndex(tmp_path, "here")
    (tmp_path / "index-0.sqlite").rmdir()
    SearchIndex(tmp_path, "here").close()
    assert [one.name for one in tmp_path.glob("*.lock")] == ["index-0.lock"]


# It follows what happens


@pytest.fixture
def search(store: Store, settings: Settings, tmp_path: Path) -> Search:
    return Search(store, Live(store.events), tmp_path, prefix=settings.redis_prefix)


async def ask(search: Search, text: str, **filters: object) -> list[str]:
    """After all that has happened got there, with or without an event."""
    search._compare_at_s = 0.0
    assert await search._step() < 2 and search.percent == 100
    return [hit.id for hit in (await search.ask(Query(terms(text), **filters))).hits]  # type: ignore[arg-type]


async def test_the_index_follows_words_edits_deletions_labels_and_hands(store: Store, search: Search) -> None:
    conversation_id = await handed_over(store, "waar is mijn pakketje, bsn 123456782")
    assert await ask(search, "pakketje") == [conversation_id] and await ask(search, "123456782") == []
    second = await write(store, "het is een boormachine", conversation_id)
    assert await ask(search, "pakketje boormachine") == [conversation_id]
    await store.conversations.edit(conversation_id, second.id, "het is een zaagmachine", number=1)
    assert await ask(search, "zaagmachine") == [conversation_id] and await ask(search, "boormachine") == []
    await store.conversations.delete(
        conversation_id, second.id, message(conversation_id, "note", "De klant haalde iets weg.")
    )
    assert await ask(search, "zaagmachine") == [] and await ask(search, "haalde") == [conversation_id]
    await store.labels.set(conversation_id, ["Vermist"])
    assert await ask(search, "", label="vermist") == [conversation_id] == await ask(search, "vermist")
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    assert await ask(search, "", agent="sanne", department="klantenservice") == [conversation_id]
    await store.people.add_note(await store.conversations.get(conversation_id), SANNE, "belt altijd 's ochtends")
    assert await ask(search, "ochtends") == [conversation_id]
    await store._client.delete(*store._keys.of_conversation(conversation_id))
    await store._client.zrem(store._keys.active, conversation_id)
    assert await ask(search, "pakketje") == []
    await search.close()


async def test_an_event_brings_what_is_new_and_a_long_one_comes_whole(
    store: Store, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.contents.MAX_MESSAGES", 2)
    for number in range(5):
        await write(store, f"bericht woord{number}", "c1")
    assert await ask(search, "woord0 woord4") == ["c1"]
    await write(store, "later", "c1")
    search._changed["c1"] = None
    await search._step()
    assert [hit.id for hit in (await search.ask(Query(terms("woord0 later")))).hits] == ["c1"]
    await search.close()


async def test_a_damaged_index_is_made_anew(store: Store, search: Search, tmp_path: Path) -> None:
    await write(store, "nog steeds te vinden", "c1")
    assert await ask(search, "vinden") == ["c1"]
    assert search._index
    await search._in_thread(lambda: search._index._writer.execute("DROP TABLE conversations"))  # type: ignore[union-attr]
    with sqlite3.connect(tmp_path / "index-0.sqlite") as other:
        other.execute("PRAGMA user_version = 0")
    search._index.known = _fail  # type: ignore[method-assign]
    search._compare_at_s = 0.0
    await search._step()
    assert not search.health()["ok"]
    assert await ask(search, "vinden") == ["c1"] and search.health()["ok"]
    await search.close()


def _fail() -> dict[str, str]:
    raise sqlite3.DatabaseError("database disk image is malformed")


async def test_without_fts5_the_reason_is_said(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_fts() -> None:
        raise SearchUnavailable("this Python's sqlite3 has no FTS5, which the search needs")

    monkeypatch.setattr(index, "_check_fts", no_fts)
    await search._step()
    assert "FTS5" in search.health()["reason"] and not search.health()["ok"]
    with pytest.raises(SearchUnavailable):
        await search.ask(Query(terms("hoi")))
    await search.close()


# The page


@pytest.fixture(scope="module")
def agent(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "agent", name="Sanne"))


async def test_agents_find_a_conversation_a_second_after_it_was_said(site: Site, agent: Visitor) -> None:
    async with site.store() as store:
        conversation_id = await handed_over(store, "mijn <b>quinoa</b> is zoek", reason="complaint")

    async def searched() -> str:
        page = await asyncio.to_thread(agent.get, "/desk/search?q=quin%20zoek")
        return page.body if "1 gesprek" in page.text else ""

    body = await eventually(searched)
    assert "<mark>quin</mark>oa" in body and "&lt;b&gt;" in body and "<b>quin" not in body
    assert f'href="/desk/{conversation_id}#message-' in body
    page = await asyncio.to_thread(agent.get, "/desk/search?q=quinoa&since=2020-01-01&until=2020-01-02&label=x")
    assert "Niets gevonden" in page.text and page.value("since") == "2020-01-01"


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/desk/search", "Zoeken in gesprekken"),
        ("/desk/search?q=%22", "Niets gevonden"),
        ("/desk/search?q=hoi&since=gisteren", "Vul een datum in als 2026-11-26."),
        ("/desk/search?q=hoi&until=9999-12-31&p=-1", "Zoeken"),
        ("/desk/search?q=hoi&p=99999", "Zoeken"),
    ],
)
def test_whatever_is_asked_gets_a_page(agent: Visitor, path: str, says: str) -> None:
    page = agent.get(path)
    assert page.status == 200 and says in page.text


def test_only_agents_search(site: Site) -> None:
    assert Visitor(site.url, site.session("redactie", "editor")).get("/desk/search?q=a").status == 403
    assert Visitor(site.url).get("/desk/search?q=a").status == 303
