"""data/stories.yml. Ours is a rule of two steps: somebody asks about a topic, and hears its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from yaml.nodes import Node, SequenceNode

from bot.model import Template
from bot.project.document import Document, Entry, Piece, arranged, in_order, scalars
from bot.store.topics import Topic


class Rules:
    def __init__(self, stories: Document) -> None:
        self._stories = stories
        self._node = stories.required("rules")
        self._entries = [Entry(self._intent(entry.node), *entry[1:]) for entry in stories.entries(self._node)]
        # What rules and stories of a team's own speak of: intents, among others.
        self.used_elsewhere = set(self._words_of_others())

    def write(self, topics: Sequence[Topic], answers: Mapping[str, Template], gone: set[str]) -> None:
        """topics: in order; a question with an answer gets a rule. gone: intents whose rules are removed."""
        known = {entry.key for entry in self._entries} | self.used_elsewhere
        new = [one for one in topics if one.is_question and one.answer in answers and one.intent not in known]
        texts = {one.intent: self._rule(one) for one in new}
        order = [one.intent for one in topics]

        def arrange(pieces: list[Piece]) -> list[Piece]:
            gap = self._stories.newline
            return in_order(arranged(pieces, order=order, texts=texts, dropped=gone, gap=gap), order)

        self._stories.rewrite(self._node, self._entries, arrange)

    def _rule(self, topic: Topic) -> str:
        indent = " " * self._node.start_mark.column
        steps = (f"intent: {topic.intent}", f"action: {topic.answer}")
        lines = [f"- rule: {topic.intent}", "  steps:", *(f"    - {step}" for step in steps)]
        return "".join(f"{indent}{line}{self._stories.newline}" for line in lines)

    def _intent(self, rule: Node) -> str:
        """Of a rule of ours, else an empty string."""
        fields = self._stories.fields(rule, "a rule")
        if set(fields) != {"rule", "steps"}:
            return ""
        steps = [self._stories.fields(step, "a step") for step in self._stories.items(fields["steps"], "steps")]
        if [list(step) for step in steps] != [["intent"], ["action"]]:
            return ""
        intent, action = str(steps[0]["intent"].value), str(steps[1]["action"].value)
        return intent if action in (f"utter_{intent}", "action_hand_over") else ""

    def _words_of_others(self) -> Iterator[str]:
        ours = {id(entry.node) for entry in self._entries if entry.key}
        for _, section in self._stories.root.value:
            for part in section.value if isinstance(section, SequenceNode) else ():
                if id(part) not in ours:
                    yield from (scalar.value for scalar in scalars(part))
