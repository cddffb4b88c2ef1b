"""What the dry run says of every row: new, known already, or not to be imported as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from rapidfuzz import fuzz, process

from bot.personal_data import find
from bot.store.imports import Choice, ImportRow
from bot.store.topics import MAX_EXAMPLE_CHARS, Topic, same_words
from bot.web.editor.checks import MAX_TEXT_CHARS, text_error
from bot.web.importing.rows import Row
from bot.web.importing.titles import button_of

# Of 100, how much of the letters two questions share that likely mean the same.
NEARLY_THE_SAME = 90
_FORMULA_STARTS = ("=", "+", "@")


def dry_run(rows: Iterable[Row], topics: Iterable[Topic], own: Collection[str]) -> tuple[ImportRow, ...]:
    """own: the names of the company's own variables, which an answer may have between braces."""
    known = _questions(topics)
    before: dict[str, int] = {}
    buttons: set[str] = set()
    compared = []
    for row in rows:
        words = same_words(row.question)
        one = replace(_compared(row, words, known, before, own), button=button_of(row.question, buttons))
        compared.append(one)
        buttons.add(one.button)
        before.setdefault(words, row.place)
    return tuple(compared)


def _questions(topics: Iterable[Topic]) -> dict[str, Topic]:
    """Every way to ask that is known, to its topic. A title counts less than an example."""
    topics = [topic for topic in topics if not topic.is_retired]
    known = {same_words(topic.title): topic for topic in topics if topic.is_question}
    return {**known, **{same_words(one.text): topic for topic in topics for one in topic.examples}}


def _compared(row: Row, words: str, known: dict[str, Topic], before: dict[str, int], own: Collection[str]) -> ImportRow:
    problem = _problem(row, own) or (f"Staat al op plaats {before[words]}." if words in before else "")
    found = ImportRow(row.place, row.question, row.answer, "skip", problem=problem, hints=tuple(_hints(row)))
    if problem:
        return found
    choice: Choice = "skip"
    topic = known.get(words)
    if topic is None and (
        near := process.extractOne(words, known.keys(), scorer=fuzz.ratio, score_cutoff=NEARLY_THE_SAME)
    ):
        choice, topic = "example", known[near[0]]
    if topic is None:
        # What the words are about may be known. That is for the editor to say: an answer is not dropped for it.
        choice, topic = "new", known.get(same_words(button_of(row.question)))
    return replace(
        found, choice=choice, target=topic.intent if topic else "", target_title=topic.title if topic else ""
    )


def _problem(row: Row, own: Collection[str]) -> str:
    """Why it can't be imported as it is; empty if it can."""
    if not row.question:
        return "Er staat geen vraag bij dit antwoord."
    if len(row.question) > MAX_EXAMPLE_CHARS:
        return f"De vraag is te lang: {len(row.question)} tekens, en het mogen er {MAX_EXAMPLE_CHARS} zijn."
    if not any(letter.isalnum() for letter in row.question):
        return "In de vraag staat geen enkel woord."
    if not row.answer:
        return "Er staat geen antwoord bij deze vraag."
    if len(row.answer) > MAX_TEXT_CHARS:
        return f"Het antwoord is te lang: {len(row.answer)} tekens, en het mogen er {MAX_TEXT_CHARS} zijn."
    return text_error(row.answer, own)


def _hints(row: Row) -> Iterable[str]:
    if find(row.question):
        yield "In de vraag staan persoonlijke gegevens."
    if find(row.answer):
        yield "In het antwoord staat een rekeningnummer of ander persoonlijk nummer. Klopt dat?"
    if row.answer.startswith(_FORMULA_STARTS) or row.question.startswith(_FORMULA_STARTS):
        yield "Dit lijkt een formule. We nemen het over als gewone tekst."
