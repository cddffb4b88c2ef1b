"""What a run says, for people and for programs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tools.desk_load.measure import Outcome
from tools.desk_load.paint import Paint

WORDS = {"message": "customer's message", "claim": "agent takes over", "reply": "agent's reply", "all": "all"}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; 0 without any."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def figures(outcome: Outcome, paint: Paint | None, machine: dict[str, Any]) -> dict[str, Any]:
    """As JSON."""
    delays = {**outcome.delays_s, "all": [one for some in outcome.delays_s.values() for one in some]}
    return {
        "plan": asdict(outcome.plan),
        "changes": outcome.changes,
        "missed": len(outcome.missed),
        "read_all_again": outcome.read_all_again,
        "frames": outcome.frames,
        "frame_kb": round(outcome.frame_bytes / 1000 / max(1, outcome.frames), 1),
        "troubles": outcome.troubles[:20],
        "ms": {what: _delays(some) for what, some in delays.items()},
        "first_paint": asdict(paint) if paint else None,
        "machine": machine,
    }


def lines(found: dict[str, Any]) -> list[str]:
    """As a table."""
    plan, paint, machine = found["plan"], found["first_paint"], found["machine"]
    table = [
        f"{plan['agents']} desks, {plan['customers']} customers, {plan['open']:,} open conversations, "
        f"{plan['lasts_s']:g} s: {found['changes']:,} changes, each at every desk",
        "",
        f"{'from asking to every desk':<28}{'changes x desks':>16}{'p50 ms':>9}{'p99 ms':>9}{'worst ms':>10}",
        *(_line(what, found["ms"][what]) for what in WORDS if what in found["ms"]),
        "",
        f"missed: {found['missed']}   read again as a whole: {found['read_all_again']}   "
        f"frames: {found['frames']:,} of {found['frame_kb']} kB   troubles: {len(found['troubles'])}",
        f"load of the machine: {machine.get('load_before')} before, {machine.get('load_after')} after, "
        f"{machine.get('cores')} cores; web used {machine.get('web_cpu_s')} s of processor time",
    ]
    if paint:
        table.append(
            f"/desk: {paint['server_ms']:.0f} ms in the server (worst {paint['server_worst_ms']:.0f}), first paint in "
            f"Chromium {paint['paint_ms']:.0f} ms (worst {paint['paint_worst_ms']:.0f}), {paint['page_kb']:.0f} kB"
        )
    return [*table, *(f"  {trouble}" for trouble in found["troubles"])]


def _delays(some: Sequence[float]) -> dict[str, float]:
    ms = [one * 1000 for one in some]
    return {
        "n": len(ms),
        "p50": round(percentile(ms, 0.5), 1),
        "p99": round(percentile(ms, 0.99), 1),
        "worst": round(max(ms, default=0.0), 1),
    }


def _line(what: str, ms: dict[str, float]) -> str:
    return f"{WORDS[what]:<28}{ms['n']:>16,}{ms['p50']:>9.0f}{ms['p99']:>9.0f}{ms['worst']:>10.0f}"
