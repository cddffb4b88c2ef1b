"""Topics and answers between the Rasa project's files and the store.

Either may change: files in an editor and git, the store in the browser. The store remembers what both were when they
last said the same (bot/store/project_sync.py), so that what was changed on one side goes to the other, and what was
changed on both is for a person to decide.
"""

from __future__ import annotations

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from bot.errors import ConfigError, EditConflict
from bot.model import Template
from bot.project.changes import Changes, fingerprint, topic_changes
from bot.project.document import Document
from bot.project.domain_file import read_answers
from bot.project.files import DOMAIN, FILES
from bot.project.read import Project, read_project
from bot.project.write import write_files
from bot.store import Store
from bot.store.project_sync import InSync
from bot.store.templates import SEEDED_BY, same_answer
from bot.store.topics import Example, Topic
from bot.store.work import now_ms

# Who "edited" an answer of an editor that was replaced by that of the files.
IMPORTED_BY = "make import"
# What training needs beside the files that are written.
_BESIDE = ("config.yml", "endpoints.yml", "credentials.yml")

Side = Literal["neither", "files", "store", "both"]

CHOOSE = (
    "Topics were changed in the browser and in {folder} since they last said the same. Choose:\n"
    "  make export                     the files become what the browser says\n"
    "  make import ARGS=--overwrite    the browser becomes what the files say; ARGS=--dry-run shows what would happen"
)


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do."""

    topics: Changes
    answers: Changes


async def project_of(store: Store, base: Path) -> Project:
    """What the store has, as the project in `base` is to say it.

    An answer that no editor changed is that of domain.yml: the store's is from when it was last read.
    """
    in_files = await asyncio.to_thread(lambda: read_answers(Document(base / DOMAIN)))
    topics = await store.topics.all(retired=True)
    own = {topic.answer for topic in topics}
    answers = [
        in_files.get(one.name, one) if one.edited_by == SEEDED_BY else one
        for one in await store.templates.all_published(removed=True)
        if one.edited_by != SEEDED_BY or one.name in in_files or one.name in own
    ]
    return Project(tuple(topics), tuple(answers))


async def write_project(store: Store, folder: Path, *, base: Path = Path(".")) -> None:
    """Write a whole Rasa project with the store's topics and answers to `folder`, to train from.

    base: the project whose other parts it has (BOT_PROJECT). Raises ConfigError.
    """
    await asyncio.to_thread(copy_project, base, folder)
    await asyncio.to_thread(write_files, await project_of(store, base), folder)


def copy_project(base: Path, folder: Path) -> None:
    """The files that Rasa trains from; what is in `folder` already is replaced."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    for name in (*_BESIDE, *FILES, *(f"data/{file.name}" for file in (base / "data").glob("*.yml"))):
        if (base / name).is_file():
            shutil.copyfile(base / name, folder / name)


async def changed_side(store: Store, folder: Path) -> Side:
    """Which topics were changed since files and store last said the same: those of `folder`, or of the store."""
    return await _changed_side(store, await _read(folder))


async def _changed_side(store: Store, project: Project) -> Side:
    topics = await store.topics.all(retired=True)
    if not topics:
        return "files"
    if not topic_changes(project.topics, topics):
        return "neither"
    last = await store.project_sync.get()
    files = last is None or last.files != fingerprint(project.topics)
    stored = last is None or last.changes != await store.topics.changes()
    return "both" if files and stored else "files" if files else "store"


async def import_project(store: Store, folder: Path, *, overwrite: bool = False, dry_run: bool = False) -> Imported:
    """Make the store's topics those of the files, and its answers where no editor has made them theirs.

    overwrite: also what was changed in the browser. Raises ConfigError if that would be lost without it, and
    EditConflict if somebody saves a topic at the same moment.
    """
    project = await _read(folder)
    changes = await store.topics.changes()
    stored = await store.topics.all(retired=True)
    found = Imported(topic_changes(project.topics, stored), await _answer_changes(store, project, overwrite))
    if dry_run:
        return found
    if not overwrite and await _changed_side(store, project) in ("store", "both"):
        raise ConfigError(CHOOSE.format(folder=folder))
    saved = await store.topics.save_all(_as_in_files(project, stored, found.topics))
    await _save_answers(store, project, found.answers)
    await store.project_sync.put(InSync(fingerprint(project.topics), changes + bool(saved), now_ms()))
    return found


async def import_first(store: Store, folder: Path) -> bool:
    """Import if the store has no topics yet; harmless when several processes do it. Raises ConfigError."""
    if await store.topics.all(retired=True):
        return False
    try:
        return bool((await import_project(store, folder)).topics)
    except EditConflict:
        return False  # another process was first


async def export_project(store: Store, folder: Path, *, base: Path) -> list[str]:
    """Write the store's topics and answers into the files of `folder`; returns the names of those that changed.

    base: the project (BOT_PROJECT), of which a folder without one becomes a copy. Raises ConfigError, also if that
    would undo what was changed in the files alone.
    """
    if not (folder / DOMAIN).exists():
        copy_project(base, folder)
    changes = await store.topics.changes()
    if await changed_side(store, folder) == "files":
        raise ConfigError(
            f"Nothing was changed in the browser, but topics were in {folder}. `make import` takes that over."
        )
    written = await asyncio.to_thread(write_files, await project_of(store, folder), folder)
    if folder.resolve() == base.resolve():
        await store.project_sync.put(InSync(fingerprint((await _read(folder)).topics), changes, now_ms()))
    return written


async def take_over_files(store: Store, folder: Path) -> Imported | None:
    """Before a training: import what was changed in the files alone; None if nothing was.

    Raises ConfigError if topics were changed in the browser too.
    """
    side = await changed_side(store, folder)
    if side == "both":
        raise ConfigError(CHOOSE.format(folder=folder))
    if side == "files":
        return await import_project(store, folder)
    await store.templates.seed((await _read(folder)).answers)
    return None


async def _read(folder: Path) -> Project:
    """Beside the event loop: 20,000 examples take a few tenths of a second."""
    return await asyncio.to_thread(read_project, folder)


def _as_in_files(project: Project, stored: list[Topic], changes: Changes) -> list[Topic]:
    """The topics to save."""
    known = {topic.intent: topic for topic in stored}
    order = [one.intent for one in project.topics if not one.is_retired]
    before = [one.intent for one in stored if one.intent in order]
    is_moved = before != order
    saved = []
    for topic in project.topics:
        was = known.get(topic.intent, Topic(topic.intent, ""))
        is_elsewhere = is_moved and topic.place != was.place
        if topic.intent in (*changes.added, *changes.changed) or is_elsewhere:
            saved.append(_after(was, topic))
    gone = [replace(known[intent], is_retired=True) for intent in changes.removed]
    return [*saved, *(replace(one, edited_by=SEEDED_BY, edited_at_ms=now_ms()) for one in gone)]


def _after(before: Topic, topic: Topic) -> Topic:
    """The topic of the files, with what only the store knows of its examples."""
    known = {one.text: one for one in before.examples}
    examples = tuple(known.get(one.text, Example(one.text)) for one in topic.examples)
    return replace(topic, examples=examples, version=before.version, edited_by=SEEDED_BY, edited_at_ms=now_ms())


async def _answer_changes(store: Store, project: Project, overwrite: bool) -> Changes:
    known = {one.name: one for one in await store.templates.all_published(removed=True)}
    differ = [one.name for one in project.answers if one.name in known and not same_answer(known[one.name], one)]
    kept = [name for name in differ if known[name].edited_by != SEEDED_BY and not overwrite]
    return Changes(
        added=tuple(one.name for one in project.answers if one.name not in known),
        changed=tuple(name for name in differ if name not in kept),
        kept=tuple(kept),
    )


async def _save_answers(store: Store, project: Project, changes: Changes) -> None:
    answers = {one.name: one for one in project.answers}
    known = {one.name: one for one in await store.templates.all_published(removed=True)}
    for name in (*changes.added, *changes.changed):
        before = known.get(name, Template(name, "", "", edited_by=SEEDED_BY))
        by = SEEDED_BY if before.edited_by == SEEDED_BY else IMPORTED_BY
        after = replace(answers[name], edited_by=by, edited_at_ms=now_ms())
        with suppress(EditConflict):  # an editor, or another process, saved it at this moment: that stays
            await store.templates.save(after, expected_version=before.version)
