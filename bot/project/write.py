"""Topics and answers, written into the files of a Rasa project: only the lines of what differs are touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.model import Template
from bot.project.document import Document
from bot.project.domain_file import read_intents, write_domain
from bot.project.files import DOMAIN, FILES, GOLDEN, NLU, RETIRED, STORIES, read_text
from bot.project.golden_file import golden_text, read_golden_lines
from bot.project.nlu_file import write_nlu
from bot.project.read import Project
from bot.project.retired import Retired, read_retired, retired_line
from bot.project.stories_file import Rules
from bot.store.topics import Topic


def write_files(project: Project, folder: Path) -> list[str]:
    """Returns the names of the files that changed. Raises ConfigError where one can't be edited; then none was."""
    texts = texts_of(project, folder)
    changed = [name for name in FILES if texts[name] != _text_of(folder / name)]
    for name in changed:
        if texts[name]:
            (folder / name).write_bytes(texts[name].encode("utf-8"))
        else:
            (folder / name).unlink()
    return changed


def texts_of(project: Project, folder: Path) -> dict[str, str]:
    """What each file is to say, from what it says now; empty for one that is not to be there. Raises ConfigError."""
    domain, nlu, stories = (Document(folder / name) for name in (DOMAIN, NLU, STORIES))
    topics = sorted((one for one in project.topics if not one.is_retired), key=lambda one: (one.place, one.intent))
    retired = [one for one in project.topics if one.is_retired]
    gone = {one.intent for one in retired}
    golden = read_golden_lines(folder / GOLDEN, read_intents(domain))
    rules = Rules(stories)
    # An answer that a rule of the team's says outlives its topic, as does an intent that one speaks of.
    gone_answers = {one.answer for one in retired} - rules.used_elsewhere
    answers = {one.name: one for one in project.answers if one.name not in gone_answers}
    retired_answers = {one.name: one for one in project.answers if one.name in gone_answers}
    rules.write(topics, answers, gone)
    write_nlu(nlu, topics, answers, gone)
    write_domain(domain, topics, answers, gone, (gone - rules.used_elsewhere) | gone_answers)
    return {
        DOMAIN: readable_by_rasa(domain.edited()),
        NLU: readable_by_rasa(nlu.edited()),
        STORIES: stories.edited(),
        GOLDEN: golden_text(golden, topics, gone),
        RETIRED: _retired_text(retired, retired_answers, folder),
    }


def readable_by_rasa(text: str) -> str:
    r"""In a file of ASCII alone Rasa decodes `\u0041`, even behind a backslash; another letter prevents that."""
    if not text.isascii() or ("\\u" not in text and "\\U" not in text):
        return text
    return text + "# Rasa leest \\u hierboven anders als er geen é in dit bestand staat.\n"


def _text_of(file: Path) -> str:
    return read_text(file) if file.exists() else ""


def _retired_text(retired: Sequence[Topic], answers: dict[str, Template], folder: Path) -> str:
    """In the order of the file, new ones behind; a line that says the same stays as it is."""
    known = {one.topic.intent: number for number, one in enumerate(read_retired(folder / RETIRED))}
    in_order = sorted(retired, key=lambda one: (known.get(one.intent, len(known)), one.place, one.intent))
    return "".join(retired_line(Retired(one, answers.get(one.answer))) for one in in_order)
