"""Finds what only an agent needs to read in a customer's text: citizen service numbers (BSN), IBANs, payment cards.

What is decided, and why:

- A number counts when its own check says so (BSN: 11-test; IBAN: mod 97; card: issuer and Luhn), in every usual
  spelling. One number in ten or so passes such a check by chance, so the words beside it have a say.
- "bestelnummer 123456782" stays an order number although it passes the 11-test, and so do customer and article
  numbers, phones, EANs and parcels: the customer said what it is, and agents work with it. The word must stand
  directly before the number, or behind it as in "123456782 is mijn bestelnummer".
- "bsn 123456789" is masked although it fails the test: a slip of the finger is as personal. So is a card or an IBAN
  that is called one, and whatever has the shape of a Dutch or Belgian IBAN.
- Without such a word, what passes its test is masked: an order number masked too many costs a look at the log, a BSN
  masked too few can't be taken back. Eight digits (a BSN without its leading zero) need the word, because so many
  order numbers have eight.
- An expiry date is masked only beside a card; a security code wherever it is called one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from stdnum import iban, luhn
from stdnum.nl import bsn

# Kind -> what stands in its place.
PLACEHOLDERS = {
    "iban": "[IBAN]",
    "card": "[kaartnummer]",
    "bsn": "[BSN]",
    "expiry": "[vervaldatum]",
    "security_code": "[beveiligingscode]",
}

# How far from a number its word may stand, and from a card its expiry date and code.
_CONTEXT_CHARS, _BESIDE_CHARS = 80, 60
_BSN_DIGITS, _CARD_DIGITS = range(8, 10), range(12, 20)
# The most parts that a number is spelled in: a BSN digit by digit, a card by twos.
_MAX_GROUPS = 9

# What may stand between a word and its number: "bsn-nummer: 123", "het nummer van de bestelling is 123".
_FILLER = r"(?:nummer|nr|no|code|is|was|luidt|van|met|mijn|m'?n|het|de|als|volgt|dus|ook|dit|namelijk|bij|jullie)\b"


def _called(words: str) -> re.Pattern[str]:
    """One of `words` at the end of the text before a number."""
    return re.compile(rf"(?:{words})(?:\W{{1,3}}{_FILLER}){{0,5}}\W{{0,4}}$", re.IGNORECASE)


_OTHER_WORDS = (
    r"\b(?:bestel|bestelling(?:en)?|orders?|aankoop|factuur|klant|artikel|product|retour|referentie|zending|pakket|"
    r"dossier|ticket|serie|model|(?:kassa)?bon|track(?:ing)?(?: ?(?:&|and|en|n)? ?trace)?|streep|bar|ean|kvk|tel|"
    r"telefoon|mobiel|gsm|bel|fax)(?:s?[- ]?(?:nummers?|nrs?|id|code))?\b"
)
_IS_BSN = _called(r"\bbsn(?:[- ]?(?:nummer|nr))?|burger ?service ?(?:nummer|nr)|\bsofi(?:[- ]?(?:nummer|nr))?")
_IS_IBAN = _called(r"\biban(?:[- ]?(?:nummer|nr))?|rekening(?:nummer|nr)?")
_IS_CARD = _called(
    r"credit ?card(?:nummer|nr)?|betaalkaart|bankpas|kaart(?:nummer|nr)|pas(?:nummer|nr)|"
    r"\bvisa|master ?card|maestro|\bamex"
)
_IS_OTHER = _called(_OTHER_WORDS)
_OTHER_BEHIND = re.compile(
    rf"\s*(?:\(|=|,?\s*(?:dat |dit )?(?:is|was|als)\b)(?:\W{{0,3}}{_FILLER}){{0,5}}\W{{0,3}}(?:{_OTHER_WORDS})",
    re.IGNORECASE,
)
# A phone's country in front, or a part of a code: +31 612345678, (0)612345678, WS-123456782, #123456782, 1.123456782.
_PART_OF_MORE = re.compile(r"(?:(?:\+|\b00)3\d[\s.\-]?(?:\(0\)\s?)?|\(0\)\s?|[\w#+]|\w-|\d\.)$")
_GOES_ON = re.compile(r"-?\w")

_DIGIT = re.compile(r"[0-9]")
# Between two groups; \s has the non-breaking space that bank apps copy.
_RUN = re.compile(r"[0-9]+(?:[\s.\-–]{1,3}[0-9]+)*")
_GROUP = re.compile(r"[0-9]+")
_BSN_GROUPS = {(9,), (3, 3, 3), (4, 2, 3), (2, 2, 2, 3), (1,) * 9}
# Visa, Mastercard, American Express, Diners, Maestro and Discover, with the lengths that they have.
_ISSUED = re.compile(
    "4[0-9]{15}|4[0-9]{18}|(?:5[1-5]|2[2-7])[0-9]{14}|3[47][0-9]{13}|3[068][0-9]{12}|(?:50|5[6-9]|6[0-9])[0-9]{14,17}"
)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\s?[0-9]{2}(?:[\s.\-–]{0,2}[A-Za-z0-9]){11,30}")
_IBAN_SHAPE = re.compile(r"NL[0-9]{2}[A-Z]{4}[0-9]{10}|BE[0-9]{14}")
_IBAN_TYPO = re.compile(r"[A-Za-z]{2}\s?[0-9]{2}(?:[\s.\-–]{0,2}[A-Za-z]{4})?(?:[\s.\-–]{0,2}[0-9]+)+")
_GROUP_END = re.compile(r"[A-Za-z0-9](?![A-Za-z0-9])|[A-Za-z0-9]$")
_EXPIRY = re.compile(r"(?<![0-9/\-])(?:0?[1-9]|1[0-2])\s?[/\-]\s?(?:20)?[2-4][0-9](?![0-9/\-])")
_SECURITY_CODE = re.compile(
    r"\b(?:cvc2?|cvv2?|(?:beveiligings|veiligheids|controle|kaart)code)"
    rf"(?:\W{{1,3}}{_FILLER}){{0,3}}\W{{0,3}}([0-9]{{3,4}})(?![0-9])",
    re.IGNORECASE,
)
_CODE_ALONE = re.compile(r"[\s,/]{1,3}([0-9]{3,4})(?=\s*(?:$|[.,;!?)]))")


@dataclass(frozen=True)
class Span:
    """A place in a text; `kind` is a key of PLACEHOLDERS."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[Span]:
    """What is personal in `text`, in order and without overlaps."""
    if not _DIGIT.search(text):
        return []
    found: list[Span] = []
    for finder in (_ibans, _cards, _called_cards, _bsns, _security_codes):
        _add(found, finder(text))
    for card in [span for span in found if span.kind == "card"]:
        _add(found, _beside(text, card))
    return sorted(found, key=lambda span: span.start)


def masked(text: str) -> str:
    """The text with a Dutch placeholder for everything that `find` finds."""
    parts, at = [], 0
    for span in find(text):
        parts += [text[at : span.start], PLACEHOLDERS[span.kind]]
        at = span.end
    return "".join([*parts, text[at:]])


def _add(found: list[Span], more: Iterable[Span]) -> None:
    """What was found first stays."""
    for span in more:
        if all(span.end <= other.start or other.end <= span.start for other in found):
            found.append(span)


def _ibans(text: str) -> Iterator[Span]:
    at = 0
    while match := _IBAN.search(text, at):
        length = _iban_length(match[0]) or _called_iban_length(text, match)
        if length:
            yield Span("iban", match.start(), match.start() + length)
        at = match.start() + (length or 1)


def _iban_length(candidate: str) -> int:
    """How many of the characters are the IBAN, 0 for none: the words behind it look like more of it."""
    for end in reversed([place.end() for place in _GROUP_END.finditer(candidate)]):
        number = re.sub(r"[^A-Z0-9]", "", candidate[:end].upper())
        if _IBAN_SHAPE.fullmatch(number) or iban.is_valid(number, check_country=False):
            return end
    return 0


def _called_iban_length(text: str, candidate: re.Match[str]) -> int:
    typo = _IBAN_TYPO.match(candidate[0])
    return typo.end() if typo and _is(_IS_IBAN, text, candidate.start()) else 0


def _cards(text: str) -> Iterator[Span]:
    def is_card(number: str, start: int, end: int) -> bool:
        return (
            _ISSUED.fullmatch(number) is not None
            and luhn.is_valid(number)
            and not _is(_PART_OF_MORE, text, start)
            and not _is_other(text, start, end)
        )

    return _numbers("card", _CARD_DIGITS, text, is_card)


def _called_cards(text: str) -> Iterator[Span]:
    return _numbers("card", _CARD_DIGITS, text, lambda number, start, end: _is(_IS_CARD, text, start))


def _bsns(text: str) -> Iterator[Span]:
    def is_bsn(number: str, start: int, end: int) -> bool:
        return _is(_IS_BSN, text, start) or (_is_spelled_as_bsn(text, start, end) and not _is_other(text, start, end))

    return _numbers("bsn", _BSN_DIGITS, text, is_bsn)


def _is_spelled_as_bsn(text: str, start: int, end: int) -> bool:
    groups = _GROUP.findall(text, start, end)
    if tuple(map(len, groups)) not in _BSN_GROUPS or not bsn.is_valid("".join(groups)):
        return False
    return not _is(_PART_OF_MORE, text, start) and not _GOES_ON.match(text, end)


def _numbers(kind: str, digits: range, text: str, is_one: Callable[[str, int, int], bool]) -> Iterator[Span]:
    """The numbers that `is_one` takes, each of whole groups: in "bsn 123 456 782 06 12345678" the first three."""
    for run in _RUN.finditer(text):
        groups = list(_GROUP.finditer(run[0]))
        done = 0
        for first, group in enumerate(groups):
            if group.start() < done:
                continue
            for number, end in reversed(_joined(groups[first : first + _MAX_GROUPS], digits)):
                if is_one(number, run.start() + group.start(), run.start() + end):
                    yield Span(kind, run.start() + group.start(), run.start() + end)
                    done = end
                    break


def _joined(groups: Sequence[re.Match[str]], digits: range) -> list[tuple[str, int]]:
    """(number, its end) for the first groups, the first two, and so on, where there are that many digits."""
    numbers = zip(accumulate(group[0] for group in groups), groups, strict=True)
    return [(number, group.end()) for number, group in numbers if len(number) in digits]


def _security_codes(text: str) -> Iterator[Span]:
    for match in _SECURITY_CODE.finditer(text):
        yield Span("security_code", *match.span(1))


def _beside(text: str, card: Span) -> Iterator[Span]:
    """The expiry date on either side of a card, and the code behind the card or behind the date."""
    places = [card.end]
    for start, end in ((card.end, card.end + _BESIDE_CHARS), (max(0, card.start - _BESIDE_CHARS), card.start)):
        if match := _EXPIRY.search(text, start, end):
            yield Span("expiry", *match.span())
            places.append(match.end())
    for place in places:
        if match := _CODE_ALONE.match(text, place):
            yield Span("security_code", *match.span(1))


def _is(before: re.Pattern[str], text: str, start: int) -> bool:
    """Whether what stands before `start` ends as `before` says."""
    return before.search(text[max(0, start - _CONTEXT_CHARS) : start]) is not None


def _is_other(text: str, start: int, end: int) -> bool:
    return _is(_IS_OTHER, text, start) or _OTHER_BEHIND.match(text, end) is not None
