"""What the first page shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.store.imports import Import


@dataclass(frozen=True)
class StartPage:
    """What start.html shows."""

    pasted: str = ""
    """What was pasted, to go on with."""
    errors: dict[str, str] = field(default_factory=dict)
    """What is wrong: id of the control to Dutch sentence."""
    table: Sequence[Sequence[str]] = ()
    """The beginning of a table of which the columns must be chosen."""
    latest: Sequence[Import] = ()
    """The imports of before, the last first."""

    @property
    def columns(self) -> list[str]:
        """What each column begins with."""
        width = max((len(row) for row in self.table), default=0)
        return [next((row[at] for row in self.table if at < len(row) and row[at]), "(leeg)") for at in range(width)]
