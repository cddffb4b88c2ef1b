"""`make bench`: train both, ask both the same questions in turn, print the ratios."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bot.redis_server import OwnRedis
from tools.bench.sides import ROOT, Side, plain_rasa, vraagbaak

MESSAGES_PER_CONVERSATION = 5
QUESTIONS = (
    "hoe laat zijn jullie open op zondag?",
    "wat kost terugsturen?",
    "waar blijft mijn pakket",
    "kan ik met ideal betalen",
    "hoe lang heb ik garantie op een wasmachine?",
    "ik wil mijn wachtwoord opnieuw instellen",
    "leveren jullie ook in belgie",
    "Ik heb een kortingscode gekregen maar die werkt niet bij het afrekenen, hoe kan dat?",
    "kan ik mijn bestelling ook in de winkel ophalen",
    "wat zijn de verzendkosten",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--messages", type=int, default=200, help="messages to each side (default 200)")
    parser.add_argument("--fsync", choices=("everysec", "always"), default="everysec", help="of our Redis")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bench.json")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = stack.enter_context(OwnRedis(folder, fsync=args.fsync))
        sides = _start(stack, folder, redis)
        times = _ask_in_turn(sides, args.messages)
        result = _result(sides, times, args.fsync)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n")
    _print(result)
    return 0


def _start(stack: ExitStack, folder: Path, redis: OwnRedis) -> list[Side]:
    sides = []
    for make, args in ((vraagbaak, (folder, redis)), (plain_rasa, (folder,))):
        print(f"Training and starting {make.__name__} ...", flush=True)
        side = make(*args)
        stack.callback(side.stop)
        started = time.monotonic()
        side.wait_until_it_answers()
        print(f"  trained in {side.train_s:.0f} s, answered {time.monotonic() - started:.0f} s after its start")
        sides.append(side)
    for side in sides:
        side.connection = None  # the first one's has timed out while the other trained
    return sides


def _ask_in_turn(sides: Sequence[Side], messages: int) -> dict[str, list[float]]:
    """Seconds per message and side. A new conversation every few messages, as customers have."""
    times: dict[str, list[float]] = {side.name: [] for side in sides}
    for number in range(-10, messages):
        sender = f"bench-{number // MESSAGES_PER_CONVERSATION}"
        text = QUESTIONS[number % len(QUESTIONS)]
        for side in sides if number % 2 else reversed(sides):
            took_s, replies = side.ask(sender, text)
            if not replies:
                raise RuntimeError(f"{side.name} had no answer to {text!r}")
            if number >= 0:  # the first ones warm up
                times[side.name].append(took_s)
    return times


def _result(sides: Sequence[Side], times: dict[str, list[float]], fsync: str) -> dict[str, object]:
    ours, theirs = (_figures(side, times[side.name]) for side in sides)
    return {
        "machine": f"{os.cpu_count()} cores, {platform.platform()}",
        "fsync": fsync,
        "messages": len(times[sides[0].name]),
        "vraagbaak": ours,
        "rasa": theirs,
        "ratio": {name: round(ours[name] / theirs[name], 3) for name in ours},
    }


def _figures(side: Side, times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "median_ms": round(statistics.median(ordered) * 1000, 2),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 2),
        "memory_mb": round(side.memory_mb()),
        "train_s": round(side.train_s, 1),
    }


def _print(result: dict[str, object]) -> None:
    ours, theirs, ratio = (result[name] for name in ("vraagbaak", "rasa", "ratio"))
    print(f"\nOne message at a time over the REST channel, {result['messages']} to each, {result['machine']}")
    print(f"(ours with its append-only file on, fsync {result['fsync']}; plain Rasa keeps conversations in memory)\n")
    print(f"{'':12}{'vraagbaak':>12}{'plain Rasa':>12}{'ratio':>8}")
    for name in ratio:  # type: ignore[attr-defined]
        print(f"{name:12}{ours[name]:>12}{theirs[name]:>12}{ratio[name]:>8}")  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
