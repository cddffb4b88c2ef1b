"""Checks that look at one example at a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from spacy.lang.de.stop_words import STOP_WORDS as GERMAN
from spacy.lang.en.stop_words import STOP_WORDS as ENGLISH
from spacy.lang.fr.stop_words import STOP_WORDS as FRENCH
from spacy.lang.nl.stop_words import STOP_WORDS as DUTCH

from bot import personal_data
from bot.nlu.entity_patterns import emails, phones
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.sources import SourceExample
from bot.nlu.metrics import OUT_OF_SCOPE

LONG_CHARS = 400
MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d+);|\]\([^)]*\)|\*\*\S|```", re.IGNORECASE)
# UTF-8 that somebody read as Latin-1, and what is left of a character that could not be read.
BROKEN_TEXT = re.compile("Ã[\u0080-\u00bf]|â€|\ufffd")
# Between emoji and behind them these belong there.
EMOJI_JOINERS = {"\u200d", "\ufe0f"}
LANGUAGES = {"English": ENGLISH, "German": GERMAN, "French": FRENCH}
# "is", "we" and "of" say nothing, and under four words nothing is sure.
MIN_WORDS, MIN_FOREIGN_WORDS = 4, 3
# Numbers and addresses that are nobody's: examples may have them.
INVENTED = re.compile(
    r"@(?:example|voorbeeld|test|mail|email)\.|\.(?:test|invalid|example)$|12345|98765|(\d)(?:\W?\1){4}|ABNA\W?0?417",
    re.I,
)
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


def invisible_characters(text: str) -> list[str]:
    """Names of control and formatting characters, and of white space other than a space."""
    found = {
        char
        for char in text
        if char not in EMOJI_JOINERS
        and (unicodedata.category(char) in {"Cc", "Cf", "Co", "Zl", "Zp"} or (char != " " and char.isspace()))
    }
    return sorted(unicodedata.name(char, f"U+{ord(char):04X}").lower() for char in found)


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
