"""Je or u: who the company speaks to, and the verb that goes with it."""

from __future__ import annotations

from collections.abc import Iterator

from bot.house_style.findings import Finding
from bot.house_style.text import Text, Word, like

# With `u` behind it, the verb before it, and with `je`: kunt u, kun je. The regular ones are made from their stem.
_STEMS = """
annuleer bedoel begin begrijp bekijk bel betaal bestel bewaar bezoek blijf breng check denk dien download draag
gebruik geef haal herken hoef hoor kies kijk klik koop koppel krijg kom lees lever log maak meld merk neem noem
ontvang open plaats probeer regel retourneer ruil scan schrijf selecteer stuur teken telefoneer twijfel typ verander
vergeet verlies vermeld verzend verwijder vind voer vraag vul wijzig woon zeg zoek
""".split()
_VOWELS = {"ga": "gaat", "sta": "staat", "doe": "doet", "zie": "ziet"}
# These look the same, whoever it is.
_SAME = ("mag", "moet", "weet", "laat", "zit", "wacht", "verwacht", "sluit", "start", "zet", "leest", "kiest", "wenst")
_IRREGULAR = {"kunt": "kun", "wilt": "wil", "zult": "zul", "hebt": "heb", "heeft": "heb", "bent": "ben"}
TO_JE: dict[str, str] = {
    **{stem + "t": stem for stem in _STEMS if not stem.endswith("t")},
    **{verb: stem for stem, verb in _VOWELS.items()},
    **{verb: verb for verb in _SAME},
    "leest": "lees",
    "kiest": "kies",
    **_IRREGULAR,
}
TO_U: dict[str, str] = {stem: verb for verb, stem in TO_JE.items() if verb != "heeft"}
_LONG_VERBS = tuple(verb for verb in TO_JE if len(verb) > 4)
# Before `je` always the verb of the sentence. Others may be an order with "je" as whose it is: Meld je retour aan.
_ALWAYS_VERB = frozenset("kun wil zul heb ben mag moet hoef krijg weet denk".split())
# Behind `je` that is a subject or an object, and not whose something is.
_NOT_WHOSE = frozenset(
    """aan al alle alleen altijd alsnog beter bij binnen daar daarna dan dat deze die direct dit door eerst een
    eenvoudig er ergens ga gaat geen graag gratis het hem hen heel hier hiermee hoe iets in is je kan maar mee
    meer meteen met misschien minder moet na naar niet niets niks nog nooit nu of om ons ook op over snel soms
    straks te terug tot uit van vandaag vanaf via vast voor vooraf waar wanneer wat weer wel wie zelf zo zonder de
    per als zien tijdens thuis""".split()
)
_OWNED = frozenset(
    """account adres artikel bankrekening bedrijf bericht bestelling betaling bon bonnetje cadeaubon code computer
    doos e-mail factuur geld gegevens hulp kaart klacht klantenkaart korting kortingscode link mail mailbox mening
    naam nummer order pakket pakketje postcode product producten punten rekening retour saldo spam spaarpunten
    telefoon toestel vraag wachtwoord winkelwagen""".split()
)
_OF_U = {"u": "je", "uw": "je", "uwe": "jouwe", "uzelf": "jezelf"}
_OF_JE = {"je": "u", "jij": "u", "jou": "u", "jouw": "uw", "jouwe": "uwe", "jezelf": "uzelf", "jullie": ""}
_PLAIN_JE = "We schrijven je, niet u."
_PLAIN_U = "We schrijven u, niet je."


def check_address(text: Text, address: str) -> Iterator[Finding]:
    """address: `je` or `u`."""
    words, others = text.words, _OF_JE if address == "u" else _OF_U
    for at, word in enumerate(words):
        if word.lower not in others:
            continue
        before = words[at - 1] if at and _adjoins(text, words[at - 1], word) else None
        after = words[at + 1] if at + 1 < len(words) and _adjoins(text, word, words[at + 1]) else None
        found = _to_je(text, word, before, after) if address == "je" else _to_u(word, before, after)
        if found:
            yield found


def _to_je(text: Text, word: Word, before: Word | None, after: Word | None) -> Finding | None:
    if word.lower != "u":
        return _instead(word, word, _OF_U[word.lower], _PLAIN_JE)
    if _is_no_person(text, word):
        return None
    if before and before.lower in TO_JE:
        return _instead(before, word, f"{TO_JE[before.lower]} je", _PLAIN_JE)
    if after and after.lower == "heeft":
        return _instead(word, after, "je hebt", _PLAIN_JE)
    if before and before.lower == "van" and (after is None or after.lower not in TO_JE):
        return _instead(word, word, "jou", _PLAIN_JE)
    is_sure = before is None or not before.lower.endswith("t") or before.lower in _NO_VERBS
    reason = _PLAIN_JE if is_sure else f"{_PLAIN_JE} Kijk of het werkwoord dan nog klopt."
    return _instead(word, word, "je", reason)


# End in t before `u`, and are no verb.
_NO_VERBS = frozenset("dat wat met het niet uit bent liefst want omdat nadat zodat totdat voordat opdat mocht".split())


def _is_no_person(text: Text, word: Word) -> bool:
    """An hour (9.00 u), a letter of the alphabet, a bend."""
    before, after = text.plain[: word.start], text.plain[word.end : word.end + 1]
    stands_against = before[-1:] and not before[-1].isspace() and before[-1] not in "([\"'‘’“–—,:;/"
    is_quoted = before[-1:] in ("'", "‘", '"', "“") and after in ("'", "’", '"', "”")
    return bool(before.rstrip()[-1:].isdigit() or after.isdigit() or stands_against or is_quoted)


def _to_u(word: Word, before: Word | None, after: Word | None) -> Finding:
    if word.lower == "jullie":
        return Finding("address", word.start, word.end, "We schrijven u, niet jullie.")
    if word.lower != "je":
        return _instead(word, word, _OF_JE[word.lower], _PLAIN_U)
    next_word = after.lower if after else ""
    if before and before.lower in TO_U and (before.lower in _ALWAYS_VERB or next_word in _NOT_WHOSE):
        return _instead(before, word, f"{TO_U[before.lower]} u", _PLAIN_U)
    if next_word in _OWNED or next_word.endswith(("ing", "ingen", "nummer", "adres")):
        return _instead(word, word, "uw", _PLAIN_U)
    if not next_word or next_word in _NOT_WHOSE or _is_verb(next_word):
        return _instead(word, word, "u", _PLAIN_U)
    return Finding("address", word.start, word.end, "We schrijven u of uw, niet je.")


def _is_verb(word: str) -> bool:
    """As it is with `u`: krijgt, terugkrijgt."""
    return word in TO_JE or word.endswith(_LONG_VERBS)


def _instead(first: Word, last: Word, text: str, reason: str) -> Finding:
    return Finding("address", first.start, last.end, reason, like(first.text, text))


def _adjoins(text: Text, one: Word, other: Word) -> bool:
    """Whether only a space is between them."""
    return text.plain[one.end : other.start].strip(" ") == ""
