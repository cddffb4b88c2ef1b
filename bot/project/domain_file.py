"""domain.yml: its intents, its responses, and the slot that knows after which answers a bare no means "not helped"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.errors import ConfigError
from bot.model import Template
from bot.project.document import Document, Entry, Piece, arranged, in_order, is_empty
from bot.project.responses import response_of, template_of
from bot.store.templates import same_answer
from bot.store.topics import FAQ_PREFIX, INTENT, MAX_TITLE_CHARS, OUT_OF_SCOPE, Topic

_TITLES = {OUT_OF_SCOPE: "Niet voor de bot"}


def read_answers(domain: Document) -> dict[str, Template]:
    """By name, in the order of the file. Raises ConfigError for what a template can't hold."""
    node = domain.fields(domain.root, "the file").get("responses")
    if node is None or is_empty(node):
        return {}
    found = {}
    for name, response in domain.fields(node, "responses").items():
        try:
            found[name] = template_of(name, _value(response))
        except ConfigError as exc:
            raise domain.place(response).error(f"{name}: {exc}") from exc
    return found


def read_intents(domain: Document) -> list[str]:
    """In the order of the file; also those that no message is about. Raises ConfigError."""
    intents: list[str] = []
    for item in domain.items(domain.fields(domain.root, "the file").get("intents"), "intents"):
        if (intent := _intent_of(item)) in intents:
            raise domain.place(item).error(f"intent {intent!r} is twice there")
        if not INTENT.fullmatch(intent):
            raise domain.place(item).error(f"intent {intent!r}: expected 1 to 60 of a-z 0-9 _, a letter first")
        intents.append(intent)
    return intents


def default_title(intent: str, answers: Mapping[str, Template]) -> str:
    """What a topic is called that has no title of its own in nlu.yml: as its answer, or as its intent."""
    words = intent.removeprefix(FAQ_PREFIX).replace("_", " ").strip().capitalize()
    answer = answers.get(f"utter_{intent}")
    title = answer.title.strip() if answer and intent.startswith(FAQ_PREFIX) else _TITLES.get(intent, "")
    return (title or words)[:MAX_TITLE_CHARS]


def write_domain(
    domain: Document, topics: Sequence[Topic], answers: Mapping[str, Template], gone: set[str], unused: set[str]
) -> None:
    """topics: in order. gone: intents that are retired; unused: those of them, and their answers, that no rule needs.

    Raises ConfigError where an entry can't be replaced.
    """
    order = [one.intent for one in topics]
    _write_names(domain, domain.required("intents"), order, new=order, dropped=unused, moved=order)
    questions = [one.intent for one in topics if one.is_question]
    for value, intents in _mappings(domain):
        _write_names(domain, intents, order, new=questions if value == "answered" else [], dropped=gone, moved=[])
    _write_responses(domain, topics, answers, unused)


def _write_names(
    domain: Document, node: Node, order: Sequence[str], *, new: Sequence[str], dropped: set[str], moved: Sequence[str]
) -> None:
    """A list of intents; `new` are to be in it, `moved` are put in that order."""
    entries = [Entry(_intent_of(entry.node), *entry[1:]) for entry in domain.entries(node)]
    known = {entry.key for entry in entries}
    indent = " " * node.start_mark.column
    texts = {intent: f"{indent}- {intent}{domain.newline}" for intent in new if intent not in known}

    def arrange(pieces: list[Piece]) -> list[Piece]:
        return in_order(arranged(pieces, order=order, texts=texts, dropped=dropped), moved)

    domain.rewrite(node, entries, arrange)


def _mappings(domain: Document) -> list[tuple[str, SequenceNode]]:
    """Which intents give the slot `previous_turn` which value."""
    slots = domain.fields(domain.root, "the file").get("slots")
    slot = domain.fields(slots, "slots").get("previous_turn") if slots else None
    found = []
    for mapping in domain.items(domain.fields(slot, "previous_turn").get("mappings"), "mappings") if slot else ():
        fields = domain.fields(mapping, "a mapping")
        value, intents = fields.get("value"), fields.get("intent")
        if isinstance(value, ScalarNode) and isinstance(intents, SequenceNode):
            found.append((str(value.value), intents))
    return found


def _write_responses(
    domain: Document, topics: Sequence[Topic], answers: Mapping[str, Template], dropped: set[str]
) -> None:
    node, before = domain.required("responses"), read_answers(domain)
    indent = " " * node.start_mark.column
    texts = {
        name: response_of(answer, indent=indent).replace("\n", domain.newline)
        for name, answer in answers.items()
        if name not in before or not same_answer(before[name], answer)
    }
    order = [one.answer for one in topics if one.answer in answers]
    order += sorted(name for name in texts if name not in before and name not in order)
    moved = [one.answer for one in topics if one.is_question]

    def arrange(pieces: list[Piece]) -> list[Piece]:
        return in_order(arranged(pieces, order=order, texts=texts, dropped=dropped, gap=domain.newline), moved)

    domain.rewrite(node, domain.entries(node), arrange)


def _intent_of(item: Node) -> str:
    """`- faq_x`, or `- faq_x:` with what Rasa may do with it."""
    if isinstance(item, MappingNode) and item.value:
        return str(item.value[0][0].value)
    return str(item.value) if isinstance(item, ScalarNode) else ""


def _value(node: Node) -> Any:
    """What the node stands for, with every text as it was written: `no` is no `false`."""
    if isinstance(node, SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, MappingNode):
        return {str(key.value): _value(value) for key, value in node.value}
    return None if is_empty(node) else node.value
