"""The project's topics in a store, as after its files were read."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bot.project.read import read_project
from bot.store import Store
from bot.store.topics import Topic

ROOT = Path(__file__).parents[2]


@cache
def project_topics() -> tuple[Topic, ...]:
    """Of our own Rasa project, in the order of its files."""
    return read_project(ROOT).topics


async def seed_topics(store: Store) -> list[Topic]:
    """Store them all."""
    return await store.topics.save_all(project_topics())
