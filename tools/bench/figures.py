"""The bench's arithmetic: from measured times to the figures of a block, of a side and of the comparison."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence

from tools.bench.load import Load

Figures = dict[str, float]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed (nearest rank).

    values: not empty, in any order. share: above 0, at most 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def of_block(load: Load, cpu_s: Mapping[str, float]) -> Figures:
    """cpu_s: what the processes of each part of the side used during the block."""
    count = len(load.times_s)
    parts = {f"cpu_ms_of_{part}": used_s / count * 1000 for part, used_s in cpu_s.items()}
    return {
        "median_ms": statistics.median(load.times_s) * 1000,
        "p95_ms": percentile(load.times_s, 0.95) * 1000,
        "p99_ms": percentile(load.times_s, 0.99) * 1000,
        "messages_per_s": count / load.took_s,
        "cpu_ms_per_message": sum(cpu_s.values()) / count * 1000,
        **parts,
    }


def over_blocks(blocks: Sequence[Figures]) -> Figures:
    """The median of each figure: one block in which the machine did something else does not count."""
    return {name: round(statistics.median(block[name] for block in blocks), 3) for name in blocks[0]}


def of_long_conversation(times_s: Sequence[float], ends: int = 10) -> Figures:
    """What the last messages of a conversation cost beside the first. times_s: in the order of the messages."""
    first, last = times_s[:ends], times_s[-ends:]
    return {"first_ms": statistics.median(first) * 1000, "last_ms": statistics.median(last) * 1000}


def ratios(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Figures:
    """Ours divided by theirs, of every figure that both have."""
    return {name: round(ours[name] / theirs[name], 3) for name in ours if theirs.get(name)}
