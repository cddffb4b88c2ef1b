"""How many large requests are read at a time: who has not proved anything yet must not cost much memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.errors import StoreUnavailable

# Meta's requests are there in a fraction of a second, and it gives up after five. Whoever takes longer keeps a place
# only while nobody else wants it: else a few slow ones could keep Meta out for the hour after which it stops.
PATIENCE_S = 2.0


@dataclass(eq=False)
class _Reader:
    """A request that has a place. drop: ends its connection."""

    drop: Callable[[], None]
    since_s: float = field(default_factory=time.monotonic)


class LargeBodies:
    """A number of places for requests that turn out to be large."""

    def __init__(self, places: int, *, patience_s: float = PATIENCE_S) -> None:
        """patience_s: so long a request keeps its place for sure."""
        self._places = places
        self._patience_s = patience_s
        self._readers: dict[_Reader, None] = {}  # the one that has read longest first

    @contextmanager
    def request(self, drop: Callable[[], None]) -> Iterator[Callable[[], None]]:
        """For one request: what it calls when it is large, as often as it likes. drop: ends its connection.

        That raises StoreUnavailable while there is no place; the sender tries again, and nothing is lost.
        """
        reader: _Reader | None = None

        def take() -> None:
            nonlocal reader
            if reader is None:
                self._make_place()
                reader = _Reader(drop)
                self._readers[reader] = None
            elif reader not in self._readers:
                raise StoreUnavailable("too slow while others wait; send it again")

        try:
            yield take
        finally:
            if reader is not None:
                self._readers.pop(reader, None)

    def _make_place(self) -> None:
        if len(self._readers) < self._places:
            return
        slowest = next(iter(self._readers))
        if time.monotonic() - slowest.since_s < self._patience_s:
            raise StoreUnavailable("too many large requests at a time; send it again")
        del self._readers[slowest]
        slowest.drop()
