"""What a topic is called that was a question in a list: by the team, and on a button."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from bot.store.topics import MAX_TITLE_CHARS
from bot.web.editor.checks import MAX_TITLE_CHARS as MAX_BUTTON_CHARS

# Left out of what stands on a button, where there is room for two words.
_SMALL_WORDS = frozenset(
    "aan al als bij bent dan dat de deze die dit door een en er ge gaan gaat geven haar heb hebben heeft het hij "
    "hoe hun ik in is je jij jou jouw jullie kan kun kunnen krijg krijgt maar mag me met mij mijn moet moeten na "
    "naar nog of om ook op over te tegen tot uit uw u van vanaf via voor waar waarom wanneer wat we welk welke "
    "wel werkt wie wij wil word wordt ze zij zijn zo zonder doe doen hoeveel lang ben dien duurt geef gebeurt "
    "help helpen hard komen komt kost log maak meld neem schrijf stel vaak ver vind voordat vraag werken zeg "
    "zie".split()
)
_ASKS_JULLIE = re.compile(r"\W*\w+ (?:jullie|je|jij|u|ik|we|wij) ", re.IGNORECASE)


def title_of(question: str) -> str:
    """The question as the team's name for the topic."""
    return _cut(question.rstrip("?!. "), MAX_TITLE_CHARS)


def button_of(question: str, taken: Collection[str] = ()) -> str:
    """Its telling words, as far as there is room; with a number behind them if another button says the same."""
    words = re.findall(r"[^\W_][\w'’-]*", question)
    telling = [word for word in words if word.casefold() not in _SMALL_WORDS] or words
    # Of "Organiseren jullie ook fietstochten?" the verb says least, where there is no room for all.
    if _ASKS_JULLIE.match(question) and len(telling) > 1 and len(" ".join(telling)) > MAX_BUTTON_CHARS:
        telling = telling[1:] if telling[0] == words[0] else telling
    title = _joined(telling, MAX_BUTTON_CHARS)
    number, unique = 2, title
    while unique in taken:
        ending = f" {number}"
        unique, number = title[: MAX_BUTTON_CHARS - len(ending)].rstrip() + ending, number + 1
    return unique


def _joined(words: Iterable[str], most: int) -> str:
    title = ""
    for word in words:
        longer = f"{title} {word}".strip()
        if len(longer) > most:
            break
        title = longer
    title = title or next(iter(words), "Vraag")[:most]
    return title[:1].upper() + title[1:]


def _cut(text: str, most: int) -> str:
    """At most `most` characters, of whole words."""
    if len(text) <= most:
        return text
    whole = text[: most - 1].rsplit(" ", 1)[0].rstrip(",;: ") or text[: most - 1]
    return whole + "…"
