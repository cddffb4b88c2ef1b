"""What would make a topic's examples better, in plain Dutch: the rules of `make lint-data` that need no NLU."""

from __future__ import annotations

from collections.abc import Iterator

from bot import personal_data
from bot.example_rules import (
    BROKEN_TEXT,
    EMAIL,
    ENOUGH_EXAMPLES,
    INVENTED,
    LONG_CHARS,
    MARKUP,
    MIN_EXAMPLES,
    invisible_characters,
)
from bot.store.topics import Topic, same_words
from bot.web.topics.words import quoted

# Under this a single word says too little of what is meant.
_SHORT_CHARS = 5


def topic_hints(topic: Topic) -> list[str]:
    """About the topic as a whole; nothing of one that is retired."""
    if topic.is_retired:
        return []
    return [*_too_few(topic), *_without_tests(topic), *_repeats(topic), *_tested_with_an_example(topic)]


def example_hints(text: str) -> list[str]:
    """About one example."""
    hints = []
    if _has_personal_data(text):
        hints.append("Hier staan misschien gegevens van een klant in. Zet er iets verzonnens voor in de plaats.")
    if len(text) < _SHORT_CHARS:
        hints.append("Heel kort. Schrijf liever een hele vraag.")
    if len(text) > LONG_CHARS:
        hints.append("Heel lang. Van één korte vraag leert de assistent meer.")
    if MARKUP.search(text):
        hints.append("Hier staat opmaak in, die een klant niet typt.")
    if invisible_characters(text) or BROKEN_TEXT.search(text):
        hints.append("Hier staan tekens in die je niet ziet of die stuk zijn. Typ de vraag opnieuw.")
    return hints


def has_too_few(topic: Topic) -> bool:
    """Whether the assistant can learn it badly or not at all."""
    return not topic.is_retired and len(topic.examples) < MIN_EXAMPLES


def _too_few(topic: Topic) -> Iterator[str]:
    count = len(topic.examples)
    if count < MIN_EXAMPLES:
        yield f"Te weinig voorbeelden om goed van te leren: schrijf er nog minstens {MIN_EXAMPLES - count}."
    elif count < ENOUGH_EXAMPLES:
        yield f"Met {ENOUGH_EXAMPLES} voorbeelden gaat het beter: schrijf er nog {ENOUGH_EXAMPLES - count}."


def _without_tests(topic: Topic) -> Iterator[str]:
    if topic.is_question and topic.answering == "automatic" and not any(one.must_answer for one in topic.tests):
        yield "Er is geen toetsvraag die een antwoord moet krijgen. Zonder merk je niet dat het een keer misgaat."


def _repeats(topic: Topic) -> Iterator[str]:
    words = [same_words(one.text) for one in topic.examples]
    if len(words) > len(set(words)):
        yield f"{len(words) - len(set(words))} van de voorbeelden staan er dubbel in."


def _tested_with_an_example(topic: Topic) -> Iterator[str]:
    learned = {same_words(one.text) for one in topic.examples}
    if same := [one.text for one in topic.tests if same_words(one.text) in learned]:
        yield f"Een toetsvraag die ook een voorbeeld is, toetst niets: {quoted(same)}."


def _has_personal_data(text: str) -> bool:
    places = [(span.start, span.end) for span in personal_data.find(text)]
    places += [match.span() for match in EMAIL.finditer(text)]
    return any(not INVENTED.search(text[start:end]) for start, end in places)
