"""How many large requests are read at a time: who has not proved anything yet must not cost much memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bot.errors import StoreUnavailable


class LargeBodies:
    """A number of places for requests that turn out to be large."""

    def __init__(self, places: int) -> None:
        self._free = places

    @contextmanager
    def request(self) -> Iterator[Callable[[], None]]:
        """For one request: what it calls when it is large, as often as it likes.

        That raises StoreUnavailable while there is no place; the sender tries again, and nothing is lost.
        """
        taken = 0

        def take() -> None:
            nonlocal taken
            if not taken and not self._free:
                raise StoreUnavailable("too many large requests at a time; send it again")
            self._free -= 1 - taken
            taken = 1

        try:
            yield take
        finally:
            self._free += taken
