"""The project's topics in a store, as after its files were read."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import yaml

from bot.store import Store
from bot.store.topics import Example, TestMessage, Topic

DATA = Path(__file__).parents[2] / "data"


@cache
def project_topics() -> tuple[Topic, ...]:
    """Of data/nlu.yml and data/golden.jsonl, in their order."""
    tests: dict[str, list[TestMessage]] = {}
    for line in (DATA / "golden.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tests.setdefault(row["intent"], []).append(TestMessage(row["text"], row.get("must") == "answer"))
    found = yaml.safe_load((DATA / "nlu.yml").read_text(encoding="utf-8"))["nlu"]
    return tuple(
        Topic(
            one["intent"],
            one["intent"].removeprefix("faq_").replace("_", " ").capitalize(),
            examples=tuple(Example(line.removeprefix("- ")) for line in one["examples"].splitlines()),
            tests=tuple(tests.get(one["intent"], ())),
            place=place,
        )
        for place, one in enumerate(one for one in found if "intent" in one)
    )


async def seed_topics(store: Store) -> list[Topic]:
    """Store them all."""
    return await store.topics.save_all(project_topics())
