"""What changed between two versions of a topic, and other Dutch words about topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from bot.store.topics import Topic, same_words

# What is quoted of many.
_SHOWN = 3

SPECIAL = {
    "nlu_fallback": "Dit is geen onderwerp waar je een antwoord op geeft. De voorbeelden zijn berichten die de "
    "assistent níet moet beantwoorden: die gaan naar een medewerker. Zet hier neer wat onterecht een antwoord kreeg.",
    "klacht": "Een klacht gaat altijd naar een medewerker, en gaat voor in de wachtrij.",
    "medewerker_spreken": "Wie een medewerker wil spreken, krijgt er een.",
    "bevestigen": "Zo herkent de assistent een ‘ja’ op wat hij net vroeg.",
    "ontkennen": "Zo herkent de assistent een ‘nee’ op wat hij net vroeg of antwoordde.",
}
SPECIAL_OTHER = "Dit onderwerp hoort bij elke assistent. Je kunt de voorbeelden aanpassen, maar het blijft bestaan."


def special(topic: Topic) -> str:
    """What a topic that is no question is for; empty for a question."""
    return "" if topic.is_question else SPECIAL.get(topic.intent, SPECIAL_OTHER)


def shown_threshold(threshold: float | None) -> str:
    """As people write it: `0,85`."""
    return "" if threshold is None else f"{threshold:.4f}".rstrip("0").rstrip(".").replace(".", ",")


def changes(before: Topic, after: Topic, titles: Mapping[str, str]) -> list[str]:
    """What differs, a sentence each. titles: of topics, by intent."""
    return [*_settings(before, after, titles), *_examples(before, after), *_tests(before, after)]


def _settings(before: Topic, after: Topic, titles: Mapping[str, str]) -> Iterator[str]:
    if before.title != after.title:
        yield f"Naam: “{before.title}” werd “{after.title}”"
    if before.description != after.description:
        yield f"Omschrijving: “{before.description or 'leeg'}” werd “{after.description or 'leeg'}”"
    if before.answering != after.answering:
        yield "Antwoord: altijd een medewerker" if after.answering == "human" else "Antwoord: automatisch"
    if before.threshold != after.threshold:
        was, is_now = (shown_threshold(one.threshold) or "die van de training" for one in (before, after))
        yield f"Drempel: {was} werd {is_now}"
    if before.is_retired != after.is_retired:
        if after.merged_into:
            yield f"Samengevoegd met “{titles.get(after.merged_into, after.merged_into)}”"
        else:
            yield "Uit gebruik gehaald" if after.is_retired else "Weer in gebruik genomen"


def _examples(before: Topic, after: Topic) -> Iterator[str]:
    was, is_now = ({same_words(one.text): one.text for one in topic.examples} for topic in (before, after))
    yield from _more_and_less("voorbeeld", "voorbeelden", was, is_now)


def _tests(before: Topic, after: Topic) -> Iterator[str]:
    was, is_now = ({one.text: one.text for one in topic.tests} for topic in (before, after))
    yield from _more_and_less("toetsvraag", "toetsvragen", was, is_now)
    must = {one.text: one.must_answer for one in before.tests}
    other = [one.text for one in after.tests if must.get(one.text, one.must_answer) != one.must_answer]
    if other:
        yield f"Moet wel of niet beantwoord worden: {quoted(other)}"


def _more_and_less(one: str, many: str, was: Mapping[str, str], is_now: Mapping[str, str]) -> Iterator[str]:
    for keys, texts, word in ((is_now.keys() - was.keys(), is_now, "erbij"), (was.keys() - is_now.keys(), was, "weg")):
        if keys:
            named = [text for key, text in texts.items() if key in keys]
            yield f"{len(named)} {one if len(named) == 1 else many} {word}: {quoted(named)}"


def quoted(texts: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" en nog {len(texts) - _SHOWN}" if len(texts) > _SHOWN else ""
    return ", ".join(f"“{text}”" for text in texts[:_SHOWN]) + more
