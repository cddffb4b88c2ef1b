"""Checks that look at one example at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from spacy.lang.de.stop_words import STOP_WORDS as GERMAN
from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH
from spacy.lang.fr.stop_words import STOP_WORDS as FRENCH
from spacy.lang.nl.stop_words import STOP_WORDS as DUTCH

from bot import personal_data
from bot.example_rules import BROKEN_TEXT, INVENTED, LONG_CHARS, MARKUP, invisible_characters
from bot.nlu.entity_patterns import emails, phones
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.sources import SourceExample
from bot.nlu.metrics import OUT_OF_SCOPE

LANGUAGES = {"English": ENGLISH, "German": GERMAN, "French": FRENCH}
# "is", "we" and "of" say nothing, and under four words nothing is sure.
MIN_WORDS, MIN_FOREIGN_WORDS = 4, 3
PHONE_REGIONS = ("NL", "BE")


def check_texts(examples: Sequence[SourceExample], *, read_chars: int) -> Iterator[Finding]:
    """read_chars: how much of a text the sentence encoder reads."""
    for example in examples:
        if not example.text.strip():
            yield _finding("empty", Severity.ERROR, example, _empty_advice(example))
            continue
        yield from _length(example, read_chars)
        yield from _characters(example)
        if language := foreign_language(example.text):
            yield from _language(example, language)
        if kinds := sorted(set(real_looking_data(example.text))):
            advice = f"Looks like real personal data ({', '.join(kinds)}): put something invented in its place."
            yield _finding("personal-data", Severity.WARNING, example, advice)


def _empty_advice(example: SourceExample) -> str:
    if not example.written:
        return "There is no text: remove the line."
    return "Rasa skips this line, because it does not begin with '- '. Add that, or join it with the line above."


def _length(example: SourceExample, read_chars: int) -> Iterator[Finding]:
    if len(example.text) > read_chars:
        advice = (
            f"The sentence encoder reads {read_chars} of the {len(example.text)} characters. Keep the question only."
        )
        yield _finding("too-long", Severity.WARNING, example, advice)
    elif len(example.text) > LONG_CHARS:
        advice = f"{len(example.text)} characters. One question teaches more than a letter: shorten or split it."
        yield _finding("too-long", Severity.HINT, example, advice)


def _characters(example: SourceExample) -> Iterator[Finding]:
    if found := MARKUP.search(example.text):
        advice = f"{found[0]!r} is markup, which the model would learn as words. Keep what a customer typed."
        yield _finding("markup", Severity.WARNING, example, advice)
    if names := invisible_characters(example.text):
        yield _finding("invisible", Severity.WARNING, example, f"Type the text anew; it hides {', '.join(names)}.")
    if found := BROKEN_TEXT.search(example.text):
        advice = f"{found[0]!r} was another character once: the file was read in the wrong encoding. Type it anew."
        yield _finding("broken-text", Severity.WARNING, example, advice)


def _language(example: SourceExample, language: str) -> Iterator[Finding]:
    # What is out of scope may well be in another language.
    if example.intent != OUT_OF_SCOPE:
        advice = f"Looks {language}. Keep it only if customers write so and the Dutch answer helps them."
        yield _finding("other-language", Severity.HINT, example, advice)


def foreign_language(text: str) -> str | None:
    """The language whose small words outnumber the Dutch ones, if there is one."""
    words = [word for word in re.findall(r"[^\W\d_]+", text.lower()) if len(word) > 1]
    if len(words) < MIN_WORDS:
        return None
    dutch = sum(word in DUTCH for word in words)
    counts = {name: sum(word in stop - DUTCH for word in words) for name, stop in LANGUAGES.items()}
    language = max(counts, key=lambda name: counts[name])
    return language if counts[language] >= MIN_FOREIGN_WORDS and counts[language] > dutch else None


def real_looking_data(text: str) -> Iterator[str]:
    """The kinds of personal data in `text` that are not plainly invented."""
    places = [(span.kind, span.start, span.end) for span in personal_data.find(text)]
    places += [("e-mail address", *place) for place in emails(text)]
    places += [("phone number", *place) for place in phones(text, PHONE_REGIONS)]
    yield from (kind for kind, start, end in places if not INVENTED.search(text[start:end]))


def _finding(check: str, severity: Severity, example: SourceExample, advice: str) -> Finding:
    return Finding(check, severity, (example.intent,), advice, (example,))
