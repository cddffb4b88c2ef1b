"""What became of one answer, for its page."""

from __future__ import annotations

from dataclasses import dataclass

from bot.store import Store
from bot.store.answer_figures import AnswerUse
from bot.web.editor.list_rows import LOW_SHARE

# Days -> what the page calls them.
PERIODS = {30: "Laatste 30 dagen", 90: "Laatste 90 dagen", 365: "Laatste jaar"}


@dataclass(frozen=True)
class Figures:
    """What _figures.html shows. last_used_ms: 0 for never, since_ms: 0 for not yet."""

    periods: dict[str, AnswerUse]
    last_used_ms: int
    since_ms: int
    low_share: int = LOW_SHARE


async def load_figures(store: Store, name: str) -> Figures:
    used = await store.answer_figures.of(name, *PERIODS)
    last_used_ms, since_ms = await store.answer_figures.last_use_of(name)
    return Figures(dict(zip(PERIODS.values(), used, strict=True)), last_used_ms, since_ms)
