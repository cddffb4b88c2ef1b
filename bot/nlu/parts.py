"""Cuts a message into parts that may each be a question of their own. Text only: no model here.

The rules were made on messages written for this (tests/evaluation/special, split "dev").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from rasa.shared.nlu.constants import METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

PARTS = "parts"  # on a message: its parts by their text, each a message too
PREVIOUS_TEXT = "previous_text"  # in a message's metadata: what the customer asked before
# Each part costs as much as a message.
MAX_PARTS = 8
# More sentences than this tell a story: what is asked is in the sentences with a question mark.
MAX_SENTENCES = 3
MIN_WORDS_OF_QUESTION = 3
# What is written after these is not cut: a customer has asked by then.
MAX_CHARS, MAX_JOINTS = 2000, 12
MAX_WORDS_OF_FOLLOW_UP = 8

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")
_WORD = re.compile(r"\w+")
_JOINT = re.compile(r"[,;+&]|(?<=\w)\?|\b(?:en|ook|trouwens|plus|verder)\b", re.IGNORECASE)
_ASKING = re.compile(
    r"\?|\b(?:hoe\w*|wat|waar\w*|wanneer|welke?|wie|kan|kun|kunt|kunnen|mag|moet|wil|zou|graag|zoek|nodig)\b"
    r"|^(?:en |ook |of |dan |ja |oja |hoi |hallo )*(?:is|zijn|heb|hebben|hebt|heeft|doe|doen|doet|ga|gaan|gaat|kom"
    r"|komen|komt|krijg|krijgen|lever\w*|accepter\w*|verkop\w*|neem|nemen|zet|zetten|sluit\w*|stuur|sturen|haal|bezorg\w*)\b",
    re.IGNORECASE,
)
_NEGATED = r"\b(?:niet|geen|nie|ni|hoef\w*)\b"
# "niet annuleren, maar het adres wijzigen": the first part is what is not meant.
_CORRECTION = re.compile(
    r"^(?:\W*\b(?:nee|ik|je|het|is|gaat|hoi|nou|wil|bedoel|vraag|zoek|jullie|de|die|hem|mijn|mn)\b)*"
    rf"\W*{_NEGATED}|[,;]\s*{_NEGATED}|{_NEGATED}.*\b(?:maar|enkel|alleen|gewoon|wel)\b|\bipv\b|\bin plaats van\b",
    re.IGNORECASE | re.DOTALL,
)
_CONTRAST = re.compile(r"[,;.?!]|\bmaar\b", re.IGNORECASE)
_POINTS_BACK = re.compile(r"^(?:en|of|maar|ook|ja maar|oke en)\b|\b(?:dat|daar\w*|dan|hij|ie)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Split:
    """What of a message to judge beside the whole of it."""

    sentences: tuple[str, ...] = ()  # empty when there is only one, or a story
    story_questions: tuple[str, ...] = ()  # of a long message: its sentences with a question mark
    pairs: tuple[tuple[str, str], ...] = ()  # both may be questions: "hoe laat zijn jullie open" and "kan ik parkeren"
    corrections: tuple[str, ...] = ()  # what is meant instead: "het adres wijzigen"
    with_previous: str = ""  # a follow-up such as "en in Utrecht?" behind the question before it

    def texts(self) -> list[str]:
        """All parts, each once, at most MAX_PARTS."""
        in_pairs = [part for pair in self.pairs for part in pair]
        ordered = [self.with_previous, *self.sentences, *self.story_questions, *self.corrections, *in_pairs]
        return [text for text in dict.fromkeys(ordered) if text][:MAX_PARTS]


def split(text: str, previous: str = "") -> Split:
    """Cut a message.

    previous: what the customer asked before, if that was answered.
    """
    own = _own_words(text[:MAX_CHARS])
    sentences = _sentences(own)
    with_previous = f"{previous.rstrip(' ?!.')} {own}" if previous and points_back(own) else ""
    if len(sentences) > MAX_SENTENCES:
        return Split(story_questions=tuple(s for s in sentences if s.endswith("?")), with_previous=with_previous)
    several = tuple(sentences) if len(sentences) > 1 else ()
    if _CORRECTION.search(own):
        return Split(sentences=several, corrections=tuple(_meant_instead(own)), with_previous=with_previous)
    pairs = [pair for sentence in sentences for pair in _pairs(sentence)]
    return Split(sentences=several, pairs=tuple(pairs), with_previous=with_previous)


def asks(part: str) -> bool:
    """Whether it reads as a question or a wish."""
    return len(_WORD.findall(part)) >= MIN_WORDS_OF_QUESTION and bool(_ASKING.search(part))


def points_back(text: str) -> bool:
    """Whether it may be a follow-up that means nothing without what was said before: "en in Utrecht?"."""
    return 0 < len(_WORD.findall(text)) <= MAX_WORDS_OF_FOLLOW_UP and bool(_POINTS_BACK.search(text))


def split_of(message: Message) -> Split:
    """Cut a message of Rasa's, behind the question before it if its metadata has one."""
    return split(message.get(TEXT) or "", (message.get(METADATA) or {}).get(PREVIOUS_TEXT, ""))


def add_parts(message: Message) -> list[Message]:
    """Set the parts of a message, still without tokens or features, and return them."""
    parts = {text: Message(data={TEXT: text}) for text in split_of(message).texts()}
    message.set(PARTS, parts)
    return list(parts.values())


def with_parts(messages: Iterable[Message]) -> list[Message]:
    """The messages that have text, and their parts."""
    whole = [message for message in messages if message.get(TEXT)]
    return whole + [part for message in whole for part in (message.get(PARTS) or {}).values()]


def _own_words(text: str) -> str:
    """Without lines quoted from an earlier message, and web addresses; all of it if nothing else is left."""
    own = _ADDRESS.sub(" ", _QUOTED_LINE.sub("", text)).strip()
    return own if _WORD.search(own) else text


def _sentences(text: str) -> list[str]:
    pieces = [piece.strip() for piece in _SENTENCE_END.split(text)]
    return [piece for piece in pieces if len(_WORD.findall(piece)) >= 2]


def _pairs(sentence: str) -> list[tuple[str, str]]:
    """Both sides of each joint at which two questions may meet."""
    sides = [
        (sentence[: joint.start()].strip(" ,;"), sentence[joint.end() :].strip(" ,;"))
        for joint in islice(_JOINT.finditer(sentence), MAX_JOINTS)
    ]
    return [pair for pair in sides if asks(pair[0]) and asks(pair[1])]


def _meant_instead(text: str) -> list[str]:
    """Of a correction, what stands beside the part with "niet": at each comma or "maar" where only one side has it."""
    meant = []
    for contrast in islice(_CONTRAST.finditer(text), MAX_JOINTS):
        before, after = text[: contrast.start()].strip(), text[contrast.end() :].strip()
        negated = [bool(re.search(_NEGATED, side, re.IGNORECASE)) for side in (before, after)]
        if before and after and negated[0] != negated[1]:
            meant.append(after if negated[0] else before)
    return [side for side in meant if len(_WORD.findall(side)) >= 2]
