"""The files of a Rasa project, read into topics and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.model import Template
from bot.project.document import Document
from bot.project.domain_file import default_title, read_answers, read_intents
from bot.project.files import DOMAIN, GOLDEN, NLU, RETIRED
from bot.project.golden_file import read_golden_lines
from bot.project.nlu_file import read_nlu
from bot.project.retired import read_retired
from bot.store.topics import TestMessage, Topic

# The decision's own, and Rasa's: no messages are about them.
NO_TOPICS = frozenset({"nlu_ask", "restart", "back", "session_start", "out_of_scope"})


@dataclass(frozen=True)
class Project:
    """What of the files community managers own; retired topics, and the answers of those, are among them."""

    topics: tuple[Topic, ...]
    answers: tuple[Template, ...]


def read_project(folder: Path) -> Project:
    """Raises ConfigError, which names the file and the line, for what a topic or an answer can't hold."""
    domain = Document(folder / DOMAIN)
    answers = read_answers(domain)
    retired = read_retired(folder / RETIRED)
    topics = _read_topics(folder, domain, answers, {one.topic.intent for one in retired})
    return Project(
        (*topics, *(one.topic for one in retired)),
        (*answers.values(), *(one.answer for one in retired if one.answer)),
    )


def _read_topics(folder: Path, domain: Document, answers: Mapping[str, Template], retired: set[str]) -> list[Topic]:
    intents = read_intents(domain)
    learned = read_nlu(Document(folder / NLU), intents)
    tests: dict[str, list[TestMessage]] = {}
    for line in read_golden_lines(folder / GOLDEN, intents):
        if line.test:
            tests.setdefault(line.intent, []).append(line.test)
    topics = []
    for place, intent in enumerate(intents):
        if intent not in NO_TOPICS and intent not in retired:
            topic = learned.get(intent, Topic(intent, ""))
            title = topic.title or default_title(intent, answers)
            topics.append(replace(topic, title=title, tests=tuple(tests.get(intent, ())), place=place))
    return topics
