"""An installation beside the day's in which editors taught, trained, tried and imported.

Its models are only names: an assistant would refuse them, so none runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.store import Store
from tests.conftest import Site, running_site
from tests.fakes.imports import some_imports
from tests.fakes.missed import something_missed
from tests.fakes.trained import something_trained
from tests.fakes.tried import something_tried
from tools.demo_day.seed import templates
from tools.demo_day.team import set_up
from tools.demo_day.topics import own_topics


@dataclass(frozen=True)
class Taught:
    """ids: part of an address (`training_id`, `missed` and such) -> what stands there."""

    site: Site
    ids: dict[str, str]


@contextmanager
def running_taught(redis_url: str, var: Path) -> Iterator[Taught]:
    var.mkdir()
    site = running_site(redis_url, var).site
    ids = site.run(_teach)
    site.start()
    try:
        yield Taught(site, ids)
    finally:
        site.close()


async def _teach(store: Store) -> dict[str, str]:
    await store.templates.seed(templates())
    await set_up(store)
    await own_topics(store)
    # Who tried registers the same models as who trained, but without their figures.
    made = [await step(store) for step in (something_missed, something_tried, something_trained, some_imports)]
    return {part: value for ids in made for part, value in ids.items()}
