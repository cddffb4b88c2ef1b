"""How the work for a text grows with its length. Never a limit on time: a busy machine is late."""

from __future__ import annotations

import time
from collections.abc import Callable


def growth(work: Callable[[str], object], text: str, times: int) -> float:
    """How many times as much processor time `times` times the text costs: so many if linear, their square if quadratic.

    The least of a few tries: another process on the same core costs us time too.
    """
    return _cost_s(work, text * times) / _cost_s(work, text)


def _cost_s(work: Callable[[str], object], text: str) -> float:
    costs = []
    for _ in range(3):
        before = time.process_time()
        work(text)
        costs.append(time.process_time() - before)
    return min(costs)
