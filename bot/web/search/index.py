"""The index: an SQLite file with a full-text table (FTS5), made of what Redis has and to be thrown away at any time.

A conversation has a number, and its texts have row ids `number << 20 | place`: so the conversations that have a word
are found without looking anything up. Place 0 is who the customer is, the messages follow.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.web.search.excerpts import Part, excerpt, hits
from bot.web.search.query import Term, number_parts

# Raise it when the tables change: the file is then made anew.
VERSION = 1
ABOUT = "about"
MAX_PROCESSES = 64
# A search that takes longer is given up, so that nobody can keep the machine busy.
MAX_SEARCH_S = 2.0
# In the text of one conversation that is read for its excerpt, the latest first.
_EXCERPT_ROWS = 500
_PLACES = 20
_CHECK_EVERY_STEPS = 20_000

_TABLES = f"""
CREATE TABLE source(name TEXT NOT NULL);
CREATE TABLE conversations(
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, marks TEXT NOT NULL, after TEXT NOT NULL,
  next_place INTEGER NOT NULL, begun_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL, channel TEXT NOT NULL,
  departments TEXT NOT NULL, agents TEXT NOT NULL, labels TEXT NOT NULL
);
CREATE INDEX by_last ON conversations(last_ms DESC);
CREATE VIRTUAL TABLE words USING fts5(
  text, numbers, entry_id UNINDEXED, sender UNINDEXED,
  tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4', columnsize = 0
);
PRAGMA user_version = {VERSION};
"""


_FACTS = ("stamp", "marks", "begun_ms", "last_ms", "channel", "departments", "agents", "labels")
_SET_CONVERSATION = f"""
INSERT INTO conversations(id, {", ".join(_FACTS)}, after, next_place)
VALUES (?, {", ".join("?" * len(_FACTS))}, '', 1)
ON CONFLICT(id) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _FACTS)}
RETURNING number, next_place
"""


class SearchUnavailable(Exception):
    """The index can't be used; the text says why, for the engineer."""


class TooBroad(Exception):
    """The search took longer than MAX_SEARCH_S."""


@dataclass(frozen=True)
class Known:
    """How far the index has a conversation."""

    stamp: str
    marks: str
    after: str


@dataclass(frozen=True)
class Row:
    """A text of a conversation. entry_id: of the message, empty for who the customer is."""

    entry_id: str
    sender: str
    text: str


@dataclass(frozen=True)
class Document:
    """What the index gets of one conversation. labels: in small letters. about: who the customer is.

    is_whole: `rows` come in the place of all messages before; else behind them.
    """

    id: str
    stamp: str
    marks: str
    begun_ms: int
    last_ms: int
    channel: str
    departments: frozenset[str]
    agents: frozenset[str]
    labels: frozenset[str]
    about: str
    rows: Sequence[Row]
    is_whole: bool


@dataclass(frozen=True)
class Query:
    """What to search for; all of it must be so. Without terms, every conversation that fits the rest.

    label: as the team writes it, capitals do not matter. since_ms, until_ms: something was said, or may have been, at
    that time; 0 for always.
    """

    terms: tuple[Term, ...] = ()
    channel: str = ""
    department: str = ""
    agent: str = ""
    label: str = ""
    since_ms: int = 0
    until_ms: int = 0


@dataclass(frozen=True)
class Hit:
    """A conversation that was found, and the text that fits best; without terms, no text."""

    id: str
    entry_id: str = ""
    sender: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Found:
    """One page of hits, those with the latest message first. total: of all pages."""

    hits: tuple[Hit, ...]
    total: int


class SearchIndex:
    """One file, of this process alone. Writing is for one thread at a time; any thread may ask."""

    def __init__(self, folder: Path, source: str) -> None:
        """source: names the Redis that this is of; a file of another one is made anew. Raises SearchUnavailable."""
        _check_fts()
        self._local = threading.local()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._lock, self._path = _take_file(folder)
            try:
                self._writer = self._open_writer(source)
            except BaseException:
                os.close(self._lock)  # whoever tries again must find this file free
                raise
        except (OSError, sqlite3.Error) as exc:
            raise SearchUnavailable(f"the search index can't be opened: {exc}") from exc

    def close(self) -> None:
        """Another process may have the file."""
        self._writer.close()
        os.close(self._lock)

    def discard(self) -> None:
        """The file is damaged; the next one begins anew."""
        self._path.unlink(missing_ok=True)
        self.close()

    def known(self) -> dict[str, str]:
        """Every conversation in the index, with its stamp."""
        return dict(self._writer.execute("SELECT id, stamp FROM conversations"))

    def seen(self, ids: Sequence[str]) -> dict[str, Known]:
        """How far the index has these conversations; those that it does not have are left out."""
        found = {}
        for one in ids:
            row = self._writer.execute("SELECT stamp, marks, after FROM conversations WHERE id = ?", (one,)).fetchone()
            if row:
                found[one] = Known(*row)
        return found

    def write(self, documents: Iterable[Document]) -> None:
        """Add what is new of some conversations, in one step."""
        with self._transaction():
            for document in documents:
                self._write(document)

    def remove(self, ids: Iterable[str]) -> None:
        """These are gone, and no word of them stays in the file."""
        with self._transaction():
            for one in ids:
                row = self._writer.execute("DELETE FROM conversations WHERE id = ? RETURNING number", (one,)).fetchone()
                if row:
                    self._forget(row[0], 0)
        self.purge()

    def purge(self) -> None:
        """Of what was removed or changed, FTS5 keeps words until it merges its parts, and SQLite until it tidies up."""
        with self._transaction():
            self._writer.execute("INSERT INTO words(words) VALUES ('optimize')")
        self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def ask(self, query: Query, *, offset: int = 0, limit: int = 20) -> Found:
        """Raises TooBroad, SearchUnavailable."""
        reader = self._reader()
        ends_at = time.monotonic() + MAX_SEARCH_S
        reader.set_progress_handler(lambda: time.monotonic() > ends_at, _CHECK_EVERY_STEPS)
        try:
            rows = reader.execute(*_statement(query, offset, limit)).fetchall()
            found = tuple(self._hit(reader, number, one, query.terms) for number, one, _ in rows)
            total = rows[0][2] if rows else 0
        except sqlite3.OperationalError as exc:
            if "interrupted" in str(exc):
                raise TooBroad from exc
            raise SearchUnavailable(f"the search index can't be read: {exc}") from exc
        except sqlite3.Error as exc:
            raise SearchUnavailable(f"the search index can't be read: {exc}") from exc
        return Found(found, total)

    def _hit(self, reader: sqlite3.Connection, number: int, conversation_id: str, terms: Sequence[Term]) -> Hit:
        """The message with most of the terms, the latest of those; who the customer is counts last."""
        if not terms:
            return Hit(conversation_id)
        rows = reader.execute(
            "SELECT entry_id, sender, text FROM words WHERE rowid >= ? AND rowid < ? ORDER BY rowid DESC LIMIT ?",
            (number << _PLACES, number + 1 << _PLACES, _EXCERPT_ROWS),
        )
        best, best_count = Hit(conversation_id), 0
        for entry_id, sender, text in rows:
            count, spans = hits(text, terms)
            if count > best_count:
                parts = excerpt(text, spans)
                best, best_count = Hit(conversation_id, entry_id, sender, parts), count
            if best_count == len(terms):
                break
        return best

    def _write(self, document: Document) -> None:
        number, place = self._place(document)
        if document.is_whole:
            self._forget(number, 1)
            place = 1
        about = Row("", ABOUT, document.about)
        self._forget(number, 0, 1)
        rows = [
            (number << _PLACES, about),
            *((number << _PLACES | place + at, row) for at, row in enumerate(document.rows)),
        ]
        self._writer.executemany(
            "INSERT INTO words(rowid, text, numbers, entry_id, sender) VALUES (?, ?, ?, ?, ?)",
            ((rowid, row.text, number_parts(row.text), row.entry_id, row.sender) for rowid, row in rows if row.text),
        )
        if document.rows or document.is_whole:
            after = document.rows[-1].entry_id if document.rows else ""
            self._writer.execute(
                "UPDATE conversations SET after = ?, next_place = ? WHERE number = ?",
                (after, place + len(document.rows), number),
            )

    def _place(self, document: Document) -> tuple[int, int]:
        """The conversation's number, and the place for its next message."""
        facts = (
            document.stamp,
            document.marks,
            document.begun_ms,
            document.last_ms,
            document.channel,
            *(_joined(some) for some in (document.departments, document.agents, document.labels)),
        )
        row = self._writer.execute(
            _SET_CONVERSATION,
            (document.id, *facts),
        ).fetchone()
        return int(row[0]), int(row[1])

    def _forget(self, number: int, first_place: int, end_place: int = 1 << _PLACES) -> None:
        first, end = number << _PLACES | first_place, (number << _PLACES) + end_place
        self._writer.execute("DELETE FROM words WHERE rowid >= ? AND rowid < ?", (first, end))

    def _open_writer(self, source: str) -> sqlite3.Connection:
        """The file if it is one of ours that can be read; else a new one in its place."""
        try:
            writer = _connect(self._path)
            (version,) = writer.execute("PRAGMA user_version").fetchone()
            if version == VERSION and writer.execute("SELECT name FROM source").fetchone() == (source,):
                return writer
            writer.close()
        except sqlite3.DatabaseError:
            pass  # damaged
        _make_file(self._path)
        writer = _connect(self._path)
        writer.executescript(_TABLES)
        writer.execute("INSERT INTO source(name) VALUES (?)", (source,))
        return writer

    def _reader(self) -> sqlite3.Connection:
        """A connection of this thread alone."""
        if not hasattr(self._local, "reader"):
            reader = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0)
            reader.execute("PRAGMA mmap_size = 268435456")
            self._local.reader = reader
        reader = self._local.reader
        assert isinstance(reader, sqlite3.Connection)
        return reader

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        self._writer.execute("COMMIT")


def _statement(query: Query, offset: int, limit: int) -> tuple[str, list[object]]:
    conditions: list[str] = []
    values: list[object] = []
    if query.terms:
        each = " INTERSECT ".join(["SELECT rowid >> 20 FROM words WHERE words MATCH ?"] * len(query.terms))
        conditions.append(f"number IN ({each})")
        values += [term.match for term in query.terms]
    for column in ("department", "agent"):
        if value := getattr(query, column):
            conditions.append(f"instr({column}s, ?)")
            values.append(f"\n{value}\n")
    if query.label:
        conditions.append("instr(labels, ?)")
        values.append(f"\n{query.label.casefold()}\n")
    for condition, value in (
        ("channel = ?", query.channel),
        ("last_ms >= ?", query.since_ms),
        ("begun_ms < ?", query.until_ms),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return (
        f"SELECT number, id, count(*) OVER () FROM conversations {where} ORDER BY last_ms DESC LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )


def _joined(some: frozenset[str]) -> str:
    """As `_statement` looks for one of them."""
    return f"\n{chr(10).join(sorted(some))}\n" if some else ""


def _check_fts() -> None:
    try:
        sqlite3.connect(":memory:").execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.OperationalError as exc:
        raise SearchUnavailable("this Python's sqlite3 has no FTS5, which the search needs") from exc


def _take_file(folder: Path) -> tuple[int, Path]:
    """The first file that no other process has, and the lock on it. A crash gives it back."""
    for number in range(MAX_PROCESSES):
        lock = os.open(folder / f"index-{number}.lock", os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        return lock, folder / f"index-{number}.sqlite"
    raise OSError(f"{MAX_PROCESSES} other processes have one each")


def _make_file(path: Path) -> None:
    """Empty, and only for us; SQLite makes its files beside it with the same rights."""
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        _make_file(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")
    return connection
