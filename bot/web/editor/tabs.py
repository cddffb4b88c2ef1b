"""The parts of the community managers' pages, as tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.model import Account, Role
from bot.web.rights import EDITORS


@dataclass(frozen=True)
class Tab:
    """id: what a page sets as `tab` before it includes editor/_tabs.html. path: where the part begins."""

    id: str
    title: str
    path: str
    roles: tuple[Role, ...] = EDITORS

    def has(self, path: str) -> bool:
        """Whether the page at `path` is of this part."""
        return path == self.path or path.startswith(self.path + "/")


TABS = (
    Tab("answers", "Antwoorden", "/editor"),
    Tab("topics", "Onderwerpen", "/topics"),
    Tab("learning", "Leren", "/learning"),
    Tab("training", "Training", "/training"),
    Tab("trials", "Proberen", "/trials"),
    Tab("importing", "Importeren", "/importing"),
    Tab("house-style", "Huisstijl", "/house-style"),
    Tab("crisis", "Crisis", "/crisis"),
)


def tabs_of(paths: Iterable[str]) -> Callable[[Account | None], list[Tab]]:
    """What gives the tabs that an account may open. paths: of all routes; a part without a page is no tab."""
    there = set(paths)
    tabs = [tab for tab in TABS if tab.path in there]

    def of(account: Account | None) -> list[Tab]:
        return [tab for tab in tabs if account and set(tab.roles) & set(account.roles)]

    return of
