"""The crisis as this process knows it, so that no page and no widget has to ask Redis for it."""

from __future__ import annotations

from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.work import now_ms
from bot.web.live import Live
from bot.web.rescue import for_ever

# A crisis ends by the clock, which tells nobody.
CHECK_EVERY_S = 0.25
RETRY_S = 1.0


class CrisisWatch:
    """Every web process runs one, and tells the widgets that are open in it what banner they show."""

    def __init__(self, store: Store, live: Live) -> None:
        self._store = store
        self._live = live
        self._crisis = Crisis()
        self._told = ""

    @property
    def now(self) -> Crisis | None:
        """The one that holds at this moment."""
        return self._crisis if self._crisis.holds(now_ms()) else None

    @property
    def banner(self) -> str:
        """What every customer reads first, empty without a crisis."""
        crisis = self.now
        return crisis.banner if crisis else ""

    def heard(self, crisis: Crisis) -> None:
        """Who just set it here need not wait for the event. What was set later stays."""
        if crisis.version >= self._crisis.version:
            self._crisis = crisis
        self._tell()

    async def run(self) -> None:
        """Follow it, for ever."""
        await for_ever(self._follow, every_s=RETRY_S)

    async def _follow(self) -> None:
        with self._live.subscribe() as events:
            self._crisis = await self._store.crisis.get()
            while True:
                self._tell()
                event = await events.next(CHECK_EVERY_S)
                if event and event["type"] in ("crisis", "resync"):
                    self._crisis = await self._store.crisis.get()

    def _tell(self) -> None:
        if (banner := self.banner) != self._told:
            self._told = banner
            self._live.tell_conversations({"type": "banner", "text": self._told})
