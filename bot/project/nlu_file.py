"""data/nlu.yml: an item for each topic, with its examples and what a team says about it.

The answer's title, and what goes for every topic, is not written: metadata is for what differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from yaml.nodes import Node, ScalarNode, SequenceNode

from bot.model import Template
from bot.project.document import Document, Entry, Piece, arranged, in_order
from bot.project.domain_file import default_title
from bot.project.examples import escaped, plain
from bot.project.files import DOMAIN, Place
from bot.project.scalars import as_line, inline, quoted
from bot.store.topics import MAX_DESCRIPTION_CHARS, MAX_EXAMPLE_CHARS, MAX_TITLE_CHARS, Example, Topic

_ITEM_KEYS = {"intent", "examples", "metadata"}
_METADATA_KEYS = {"title", "description", "threshold", "answering"}


def read_nlu(nlu: Document, known: Collection[str]) -> dict[str, Topic]:
    """Topics by intent, with an empty title where the file says none. known: the intents. Raises ConfigError."""
    found: dict[str, Topic] = {}
    for intent, item in _items(nlu):
        if not intent:
            continue
        if intent in found:
            raise nlu.place(item).error(f"intent {intent!r} is twice there")
        if intent not in known:
            raise nlu.place(item).error(f"intent {intent!r} is not among the intents of {DOMAIN}")
        found[intent] = _topic(nlu, intent, item)
    return found


def write_nlu(nlu: Document, topics: Sequence[Topic], answers: Mapping[str, Template], gone: set[str]) -> None:
    """topics: in order. gone: intents whose items are removed. Raises ConfigError where an item can't be replaced."""
    node = nlu.required("nlu")
    items = {intent: item for intent, item in _items(nlu) if intent}
    indent = " " * node.start_mark.column
    texts = {}
    for topic in topics:
        item = items.get(topic.intent)
        metadata = _metadata(topic, answers)
        is_needed = bool(topic.examples or metadata)
        if is_needed if item is None else not _says(nlu, item, topic, answers):
            lines = _lines(topic, metadata, _known_lines(nlu, item))
            texts[topic.intent] = "".join(f"{indent}{line}{nlu.newline}" for line in lines)
    order = [topic.intent for topic in topics]
    entries = [Entry(_intent(nlu, entry.node), *entry[1:]) for entry in nlu.entries(node)]

    def arrange(pieces: list[Piece]) -> list[Piece]:
        return in_order(arranged(pieces, order=order, texts=texts, dropped=gone, gap=nlu.newline), order)

    nlu.rewrite(node, entries, arrange)


def _items(nlu: Document) -> Iterator[tuple[str, Node]]:
    """Each item with its intent; an empty one for what is no intent, such as a lookup table."""
    for item in nlu.items(nlu.fields(nlu.root, "the file").get("nlu"), "nlu"):
        yield _intent(nlu, item), item


def _intent(nlu: Document, item: Node) -> str:
    intent = nlu.fields(item, "an item").get("intent")
    return str(intent.value) if isinstance(intent, ScalarNode) else ""


def _topic(nlu: Document, intent: str, item: Node) -> Topic:
    fields = nlu.fields(item, "an item")
    nlu.only(fields, _ITEM_KEYS, "an intent")
    lines = _example_lines(nlu, fields["examples"]) if "examples" in fields else []
    topic = Topic(intent, "", examples=tuple(Example(plain(line)) for line in lines))
    if "metadata" not in fields:
        return topic
    metadata = nlu.fields(fields["metadata"], "metadata")
    nlu.only(metadata, _METADATA_KEYS, "metadata of an intent")
    answering = _text(nlu, metadata, "answering", 20) or "automatic"
    if answering not in ("automatic", "human"):
        raise nlu.place(metadata["answering"]).error(f"answering: expected automatic or human, got {answering!r}")
    return replace(
        topic,
        title=_text(nlu, metadata, "title", MAX_TITLE_CHARS),
        description=_text(nlu, metadata, "description", MAX_DESCRIPTION_CHARS),
        threshold=_threshold(nlu, metadata),
        answering=cast("Any", answering),
    )


def _text(nlu: Document, fields: Mapping[str, Node], name: str, longest: int) -> str:
    node = fields.get(name)
    if node is None:
        return ""
    if not isinstance(node, ScalarNode) or len(node.value) > longest:
        raise nlu.place(node).error(f"{name}: expected a text of at most {longest} characters")
    return str(node.value).strip()


def _threshold(nlu: Document, metadata: Mapping[str, Node]) -> float | None:
    if "threshold" not in metadata:
        return None
    text = _text(nlu, metadata, "threshold", 30)
    try:
        threshold = float(text)
    except ValueError:
        threshold = 0.0
    if not 0 < threshold <= 1:
        raise nlu.place(metadata["threshold"]).error(f"threshold: expected a number above 0, at most 1, got {text!r}")
    return threshold


def _example_lines(nlu: Document, examples: Node) -> list[str]:
    """As they stand in the file, without their dashes."""
    if isinstance(examples, SequenceNode):
        raise nlu.place(examples).error("examples with metadata are not understood: write `examples: |`, one a line")
    if not isinstance(examples, ScalarNode):
        raise nlu.place(examples).error("expected `examples: |`, and one a line")
    found = []
    first = examples.start_mark.line + (2 if examples.style in ("|", ">") else 1)
    for number, line in enumerate(str(examples.value).splitlines()):
        text = line[1:].strip("\n\r ")
        if not line.strip():
            continue
        if not line.startswith("-") or not 1 <= len(plain(text)) <= MAX_EXAMPLE_CHARS:
            expected = f"expected a dash and an example of 1 to {MAX_EXAMPLE_CHARS} characters"
            raise Place(nlu.file, first + number).error(f"{expected}, got {line[:60]!r}")
        found.append(text)
    return found


def _metadata(topic: Topic, answers: Mapping[str, Template]) -> dict[str, str]:
    """What differs from what is understood without it."""
    found = {}
    if topic.title != default_title(topic.intent, answers):
        found["title"] = inline(topic.title)
    if topic.description:
        found["description"] = quoted(topic.description)
    if topic.threshold is not None:
        found["threshold"] = repr(topic.threshold)
    if topic.answering != "automatic":
        found["answering"] = topic.answering
    return found


def _says(nlu: Document, item: Node, topic: Topic, answers: Mapping[str, Template]) -> bool:
    """Whether the item is the topic's already."""
    known = _topic(nlu, topic.intent, item)
    title = known.title or default_title(topic.intent, answers)
    said = (title, known.description, known.threshold, known.answering)
    same_texts = [one.text for one in known.examples] == [as_line(one.text) for one in topic.examples]
    return same_texts and said == (topic.title, topic.description, topic.threshold, topic.answering)


def _known_lines(nlu: Document, item: Node | None) -> dict[str, str]:
    """How the file writes its examples, perhaps with entities, by what they say."""
    examples = nlu.fields(item, "an item").get("examples") if item else None
    return {plain(line): line for line in _example_lines(nlu, examples)} if examples else {}


def _lines(topic: Topic, metadata: Mapping[str, str], known: Mapping[str, str]) -> list[str]:
    lines = [f"- intent: {topic.intent}"]
    if metadata:
        lines += ["  metadata:", *(f"    {key}: {value}" for key, value in metadata.items())]
    if not topic.examples:
        return [*lines, '  examples: ""']
    texts = [as_line(one.text) for one in topic.examples]
    return [*lines, "  examples: |", *(f"    - {known.get(text) or escaped(text)}" for text in texts)]
