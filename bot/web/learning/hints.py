"""What an editor should know of a message before teaching it to the assistant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.example_rules import EMAIL
from bot.personal_data import PLACEHOLDERS
from bot.store.missed import Missed
from bot.store.topics import OUT_OF_SCOPE, Topic, same_words
from bot.web.learning.words import percent

# Of two messages, the share of their words that both have.
ALIKE = 0.75
_WORD = re.compile(r"\w+")
_PERSONAL = re.compile(r"\d(?:[\s.-]?\d){4,}|\b\d{4}\s?[A-Z]{2}\b")


@dataclass(frozen=True)
class Hint:
    """kind: good, warn or info. url: of the page that it is about."""

    text: str
    kind: str
    url: str = ""


class Hints:
    """For some messages at once: all examples and tests are read once."""

    def __init__(self, messages: Iterable[Missed], topics: Sequence[Topic], titles: Mapping[str, str]) -> None:
        self._titles = titles
        words = {same_words(one.text) for one in messages}
        self._examples = {
            same: topic for topic in topics for example in topic.examples if (same := same_words(example.text)) in words
        }
        self._tests = [(_words(test.text), topic) for topic in topics for test in topic.tests]

    def of(self, missed: Missed) -> list[Hint]:
        found = [self._model(missed), self._not_helped(missed), self._known(missed), self._test(missed)]
        return [hint for hint in (*found, _personal(missed)) if hint]

    def _model(self, missed: Missed) -> Hint | None:
        now = missed.now
        if not now or now.outcome != "answer" or "not_helped" in missed.reasons:
            return None
        title = self._titles.get(now.intent)
        return Hint(f"Het model van nu heeft dit al goed: “{title}”.", "good") if title else None

    def _not_helped(self, missed: Missed) -> Hint | None:
        known = missed.verdict
        if not known or known.outcome != "answer" or "not_helped" not in missed.reasons:
            return None
        title = self._titles.get(known.intent, known.intent)
        sure = percent(known.confidence)
        text = f"De assistent was zeker ({sure}, “{title}”), maar de klant zei dat het niet hielp."
        return Hint(f"{text} Kijk of het antwoord klopt.", "warn", f"/editor/utter_{known.intent}")

    def _known(self, missed: Missed) -> Hint | None:
        topic = self._examples.get(same_words(missed.text))
        return Hint(f"Is al een voorbeeld van “{topic.title}”.", "info", f"/topics/{topic.intent}") if topic else None

    def _test(self, missed: Missed) -> Hint | None:
        """A message that tests the model must not teach it: it would say nothing any more."""
        words = _words(missed.text)
        for others, topic in self._tests:
            if words and len(words & others) >= ALIKE * len(words | others):
                about = "die nergens bij hoort" if topic.intent == OUT_OF_SCOPE else f"van “{topic.title}”"
                return Hint(f"Lijkt op een toetsvraag {about}. Gebruik liever een ander bericht.", "warn")
        return None


def _personal(missed: Missed) -> Hint | None:
    text = missed.text
    if EMAIL.search(text) or _PERSONAL.search(text) or any(one in text for one in PLACEHOLDERS.values()):
        return Hint("Hier staan misschien persoonlijke gegevens in. Haal ze eerst weg.", "warn")
    return None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
