"""Sentences that are too long, or that hide who does it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.house_style.findings import Finding
from bot.house_style.text import Sentence, Text, Word

# Short pieces between commas, as in a row of cities: a reader takes them in at a glance. So many at most, or a text
# of nothing but commas takes long.
_ROW = re.compile(r"(?:[^,;.!?:\n]{1,30},\s{1,9}){2,40}[^,;.!?:\n]{1,30}?\s{1,9}(?:en|of)\s{1,9}[^\s,;.!?:]{1,30}")
_BECOMES = frozenset("word wordt worden werd werden".split())
_FROM_A_VERB = re.compile(
    r"(?:(?:aan|achter|af|bij|binnen|door|goed|in|klaar|langs|mee|na|om|op|over|rond|samen|terug|toe|uit|vast|voor|weg)?"
    r"ge\w{2,}|(?:be|ver|ont|her|over|onder)\w{3,})(?:d|t|en)"
)
# Look as if they came from a verb.
_NOT_FROM_A_VERB = frozenset(
    """bericht bedrijf beleid beeld behoud bekend benieuwd bereid beroemd beste besluit bestand bezit bewust geduld geld
    gebied gebouwen geluid gerecht gerust gesprekken gevolgen gewicht gewoonten gezicht gezond gekwetst geschikt getal
    geïnteresseerd onderwerpen overlast verband verdriet verkeerd verstand verschillend verschillen verlieft verliefd
    overheid verzendkosten vereist bedragen bestellingen betalingen verzoek verzoeken vernieuwd ontevreden tevreden
    gegevens gemeenten gereed gesprek herfst herinneringen overeenkomsten""".split()
)
_NEAR_WORDS = 8


def check_sentences(text: Text, most_words: int) -> Iterator[Finding]:
    for sentence in text.sentences:
        count = _length(text, sentence)
        if count > most_words:
            reason = (
                f"Deze zin heeft {count} woorden. Houd het op {most_words}: maak er twee zinnen of een lijstje van."
            )
            yield Finding("sentence", sentence.start, sentence.end, reason)


def check_passive(text: Text) -> Iterator[Finding]:
    for sentence in text.sentences:
        for at, word in enumerate(sentence.words):
            if word.lower in _BECOMES and (done := _participle(sentence.words, at)):
                first, last = sorted((word, done), key=lambda one: one.start)
                reason = "Schrijf liever wie het doet, zoals “wij …” of “je …”."
                yield Finding("passive", first.start, last.end, reason)
                break


def _length(text: Text, sentence: Sentence) -> int:
    """In words; a whole row counts as two."""
    if "," not in text.plain[sentence.start : sentence.end]:
        return len(sentence.words)
    rows = [match.span() for match in _ROW.finditer(text.plain, sentence.start, sentence.end)]
    loose = sum(not any(start <= word.start < end for start, end in rows) for word in sentence.words)
    return loose + 2 * len(rows)


def _participle(words: tuple[Word, ...], at: int) -> Word | None:
    """The nearest one: `wordt bezorgd`, `wordt morgen bij je bezorgd`, `bezorgd wordt`."""
    near = (*words[max(0, at - 1) : at][::-1], *words[at + 1 : at + 1 + _NEAR_WORDS])
    return next((word for word in near if _is_participle(word.lower)), None)


def _is_participle(word: str) -> bool:
    return word not in _NOT_FROM_A_VERB and _FROM_A_VERB.fullmatch(word) is not None
