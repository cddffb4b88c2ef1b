"""Where the things stand in a Dutch text that are known by their form: numbers, addresses, amounts, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from phonenumbers import PhoneNumberMatcher
from stdnum import ean

from bot.example_rules import EMAIL

# (start, end) in characters.
Place = tuple[int, int]


def _words(text: str) -> str:
    """Alternatives of a regular expression, the longest first: otherwise "za" wins from "zaterdag"."""
    return "|".join(sorted(text.split(), key=len, reverse=True))


# Order numbers: with letters or # in front, or with a word that says what it is. A group is the value.
ORDER_NUMBERS = [
    r"\bWS[- ]?\d{6,9}\b",
    r"#\d{4,}(?:-\d+)*\b",
    r"\b[A-Z]{2,4}-\d{5,10}\b",
    r"\b(?:bestel|order)(?:ling)?(?:en|s)?(?:[- ]?(?:nummers?|nrs?|code|id))?\b[\s:.=]*"
    r"(?:(?:nummer|nr|met|is|was|van|het|de|mijn|heeft|luidt)\b[\s:.]*){0,5}"
    r"(?!\d{1,2}-\d{1,2}-\d{2,4}\b)((?=(?:[A-Z-]*\d){5})[A-Z0-9]+(?:-[A-Z0-9]+)*)\b(?![.,]\d|\s?(?:€|euro?\b))",
]
# Seven figures or more, or five behind "nr" or "nummer".
BARE_ORDER_NUMBER = (
    r"(?:(?<![\w.,/+€#-])\d{7,10}|(?:(?<=\bnr )|(?<=\bnr\. )|(?<=nr is )|(?<=nummer )|(?<=nummer is ))\d{5,10})"
    r"(?!\w|[.,/-]\d|\s?(?:€|euro?\b))"
)
# What says that a bare number is something else.
_OTHER_NUMBER = re.compile(
    r"\b(?:factuur|klant|artikel|product|kaart|rekening|referentie|zending|pakket|serie|model|track(?:ing|& ?trace)?|"
    r"trace|bar|streep|ean|kvk|btw|bsn|burgerservice|tel|telefoon|mobiel|gsm|bon)(?:[- ]?(?:nummer|nr|code|id))?"
    r"(?:\W{1,3}(?:is|van|het|de|mijn|nummer))*\W{0,4}$",
    re.IGNORECASE,
)
_CONTEXT_CHARS = 60

# Every Dutch number and Belgian mobile. Not checked further: an agent wants to see one with a slip of the finger too.
_TEN_DIGITS = re.compile(r"(?<![\w+-])\(?0[1-9](?:[ ()./-]{0,3}\d){8}(?!\d)")
# What else may be a phone number is for the library to decide, which takes 0.1 ms and more.
_MAYBE_PHONE = re.compile(r"(?<![\w-])(?!\d\d?[/-]\d\d?[/-]\d)\(?[+0](?:[ ()./-]{0,3}\d){7,14}(?!\d)")
_MAX_PHONE_TRIES = 5

_DUTCH_POSTCODE = re.compile(r"(?<![\w-])[1-9]\d{3}( ?)([A-Za-z]{2})\b(?!-)")
_FORBIDDEN_LETTERS = {"SA", "SD", "SS"}
# "1500 en", "1000 km": two small letters that are no postcode's.
_TWO_LETTERS = frozenset(
    "en of is in op te we ik je ze me ma na om er al uw zo wo vr za di do km cm mm kg gr gb mb tb tv pk ct st xl "
    "ml dl cl ex id ok nu ja va pp pc kw wh mg m2 uu hz eu nl be an as da de bv nr to at it on by up".split()
)
_BELGIAN_POSTCODE = re.compile(r"(?<![\w.,-])(?:B(?:E)?-)?([1-9]\d{3})(?![\w-]|[.,]\d)", re.IGNORECASE)
_POSTCODE_WORD = re.compile(
    r"\bpost(?:code|nummer)(?:\W{1,3}(?:is|van|mijn|het|de|wordt|naar))*\W{0,3}(?:BE?-)?$", re.I
)
_BELGIAN_PLACES = (
    "aalst aalter aarlen aarschot antwerpen asse bastenaken berchem bergen beringen beveren bilzen blankenberge "
    "boom bornem brasschaat bree brugge brussel bruxelles charleroi deinze dendermonde deurne diest diksmuide "
    "dilbeek doornik eeklo eupen geel genk gent geraardsbergen halle hamme harelbeke hasselt heist herentals "
    "herstal hoboken houthalen ieper izegem knokke kontich kortenberg kortrijk lanaken landen leuven lier liège "
    "lokeren lommel luik maaseik maasmechelen maldegem mechelen menen merksem moeskroen mol mons mortsel namen "
    "namur ninove oostende oudenaarde overijse poperinge puurs roeselare ronse schoten seraing sint-niklaas sint- "
    "truiden temse tervuren tielt tienen tongeren torhout turnhout verviers veurne vilvoorde waregem waterloo "
    "waver wetteren wevelgem willebroek wilrijk zaventem zele zelzate zottegem zwijndrecht"
)
_BELGIAN_PLACE = re.compile(rf"[ ,]{{1,2}}(?:te )?(?:{_words(_BELGIAN_PLACES)})\b", re.IGNORECASE)

_FIGURES = r"(?:\d{1,3}(?:\.\d{3})+|\d+)(?:[.,](?:\d{1,2}(?!\d)|-+))?"
_SPELLED = (
    r"(?:\w*(?:honderd|duizend|tig)\w*|\w+tien|(?:een|één|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf))"
)
AMOUNT = re.compile(
    rf"(?:€|\beuro?\b) ?{_FIGURES}|(?<![\w.,-]){_FIGURES} ?(?:€|euro?\b|euro's\b|cent\b)"
    rf"|(?<![\w.,-])\d+(?:\.\d{{3}})*,-+|\b{_SPELLED} (?:euro|cent)\b",
    re.IGNORECASE,
)

_MONTH = _words(
    "januari februari maart april mei juni juli augustus september oktober november december "
    "jan feb mrt apr jun jul aug sep sept okt nov dec"
)
_DAY = _words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag")
_SHORT_DAY = _words("ma di wo do vr za zo")
_PART = r"(?:ochtend|morgen|middag|namiddag|avond|nacht)"
_NAMED_DAY = rf"(?:{_DAY})(?:{_PART})?"
_WHICH = "volgende|vorige|afgelopen|aanstaande|komende|aankomende|deze|vorig|volgend|afgelopen|dit|komend"
_COUNT = r"(?:\d{1,3}|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|veertien|paar|een paar|enkele)"
_UNIT = r"(?:dag(?:en)?|we(?:e)?k(?:en)?|maand(?:en)?|jaar|jaren)"
DATE = re.compile(
    r"(?<![\w-])(?:"
    rf"(?:(?:{_DAY}|{_SHORT_DAY}),? )?\d{{1,2}}(?:e|ste|de)? (?:{_MONTH})\b\.?(?: (?:19|20)\d\d\b| '\d\d\b)?"
    r"|(?:19|20)\d\d-[01]\d-[0-3]\d\b"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|1[0-2])\1(?:(?:19|20)\d\d|\d\d)\b"
    r"|(?:(?<=\bop )|(?<=\bvan )|(?<=\bsinds )|(?<=\bvoor )|(?<=\btot ))"
    r"(?:0?[1-9]|[12]\d|3[01])[-/](?:0?[1-9]|1[0-2])(?![-/.,\w]|\s?(?:uur|dagen|weken))"
    rf"|(?:{_WHICH}) (?:we(?:e)?k|weekend)(?: (?:op )?{_NAMED_DAY})?\b"
    rf"|(?:{_DAY}|begin|eind|midden) (?:{_WHICH}) (?:week|maand)\b"
    rf"|{_NAMED_DAY} over een week\b"
    rf"|(?:{_WHICH}) (?:maand|jaar|{_NAMED_DAY}|(?:{_MONTH}))\b"
    rf"|{_COUNT} {_UNIT} (?:geleden|terug)\b"
    rf"|over (?:een )?{_COUNT} {_UNIT}\b"
    rf"|(?:eergisteren|gisteren|overmorgen|(?<!goede )(?<!goeie )morgen)(?: ?{_PART})?\b"
    rf"|(?:vandaag|vanochtend|vanmorgen|vanmiddag|vanavond|vannacht)\b"
    rf"|{_NAMED_DAY}\b"
    r")",
    re.IGNORECASE,
)
_EAN = re.compile(r"(?<![\w.,-])\d{13}(?![\w-]|[.,]\d)")


def emails(text: str) -> Iterator[Place]:
    return (match.span() for match in EMAIL.finditer(text))


def order_numbers(text: str, patterns: Sequence[re.Pattern[str]]) -> Iterator[Place]:
    for pattern in patterns:
        for match in pattern.finditer(text):
            yield match.span(match.lastindex or 0)


def bare_order_numbers(text: str, pattern: re.Pattern[str]) -> Iterator[Place]:
    """Long numbers that nothing else explains."""
    for match in pattern.finditer(text):
        if not _OTHER_NUMBER.search(text[max(0, match.start() - _CONTEXT_CHARS) : match.start()]):
            yield match.span()


def phones(text: str, regions: Sequence[str]) -> Iterator[Place]:
    """Dutch and Belgian numbers, and those that exist in a region's plan or in that of the country that they name."""
    for match in _MAYBE_PHONE.finditer(text):
        if plain := _TEN_DIGITS.match(match[0]):
            yield match.start(), match.start() + plain.end()
        else:
            yield from _numbers_in_plans(match, regions)


def _numbers_in_plans(candidate: re.Match[str], regions: Sequence[str]) -> Iterator[Place]:
    for region in regions:
        for match in PhoneNumberMatcher(candidate[0], region, max_tries=_MAX_PHONE_TRIES):
            yield candidate.start() + match.start, candidate.start() + match.end


def postcodes(text: str) -> Iterator[Place]:
    for match in _DUTCH_POSTCODE.finditer(text):
        space, letters = match.groups()
        is_word = letters != letters.upper() and letters.lower() in _TWO_LETTERS
        if letters.upper() not in _FORBIDDEN_LETTERS and (not is_word or _is_called_postcode(text, match.start())):
            yield match.span()
    for match in _BELGIAN_POSTCODE.finditer(text):
        # 1999 is a year too.
        with_country = match.start() != match.start(1)
        if with_country or _is_called_postcode(text, match.start()) or _BELGIAN_PLACE.match(text, match.end()):
            yield match.span(1)


def _is_called_postcode(text: str, start: int) -> bool:
    return _POSTCODE_WORD.search(text[max(0, start - _CONTEXT_CHARS) : start]) is not None


def amounts(text: str) -> Iterator[Place]:
    return (match.span() for match in AMOUNT.finditer(text))


def dates(text: str) -> Iterator[Place]:
    return (match.span() for match in DATE.finditer(text))


def article_codes(text: str) -> Iterator[Place]:
    """EANs: thirteen digits with the right check digit."""
    return (match.span() for match in _EAN.finditer(text) if ean.is_valid(match[0]))
