"""One function a measure. Each returns what goes into results/bench.json under its name."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from tools.bench import figures
from tools.bench.figures import Figures
from tools.bench.load import Load, run_in_turn, run_load
from tools.bench.messages import Conversation, Deck, Outcome, by_outcome
from tools.bench.pages import Pages
from tools.bench.processes import cpu_s, resident_bytes, resident_mb
from tools.bench.sides import FIRST_QUESTION, Side, Vraagbaak

Result = dict[str, Any]
REHEARSAL_AT_ONCE = 16
ENDS = 10  # messages at the beginning and at the end of a long conversation that are compared
MOST_DROPPED = 6
SETTLE_S = 2.0


def rehearse(
    side: Side, texts: Sequence[str], outcomes: Callable[[Sequence[str]], Coroutine[Any, Any, list[Outcome]]]
) -> dict[Outcome, list[str]]:
    """What the assistant does with each text when it comes after a question that was answered.

    outcomes: says so of senders whose last message was such a text.
    """
    name = f"rehearsal-{time.monotonic_ns()}"
    conversations = [[FIRST_QUESTION, text] for text in texts]
    asyncio.run(run_load(side.address, conversations, concurrent=REHEARSAL_AT_ONCE, name=name))
    senders = [f"{name}-{number}-0" for number in range(len(texts))]
    return by_outcome(texts, asyncio.run(outcomes(senders)))


def warm_up(sides: Sequence[Side], deck: Deck, conversations: int) -> None:
    """Not measured: what a process does for the first time."""
    dealt = deck.deal(conversations)
    for side in sides:
        asyncio.run(run_load(side.address, dealt, concurrent=conversations, name=f"warm-{time.monotonic_ns()}"))


def one_at_a_time(sides: Sequence[Side], deck: Deck, *, conversations: int, blocks: int) -> Result:
    """Both sides are asked each message in turn, so that whatever the machine does hits both."""
    deck.begin_measure()
    found: dict[str, list[Figures]] = {side.name: [] for side in sides}
    loads: dict[str, list[Load]] = {side.name: [] for side in sides}
    for _ in range(blocks):
        dealt = deck.deal(conversations)
        used = [CpuOf(side) for side in sides]
        name = f"single-{time.monotonic_ns()}"
        measured = asyncio.run(run_in_turn([side.address for side in sides], dealt, name=name))
        for side, load, cpu in zip(sides, measured, used, strict=True):
            found[side.name].append(figures.of_block(load, cpu.since_s()))
            loads[side.name].append(load)
    return _result(found, loads, concurrent=1)


def concurrent(sides: Sequence[Side], deck: Deck, *, at_once: int, conversations: int, blocks: int) -> Result:
    """So many conversations at a time, in blocks: A B, B A, A B, ... The side whose turn it is not stays resident."""
    deck.begin_measure()
    found: dict[str, list[Figures]] = {side.name: [] for side in sides}
    loads: dict[str, list[Load]] = {side.name: [] for side in sides}
    for number in range(blocks):
        dealt = deck.deal(conversations)
        for side in in_turn(sides, number):
            load, block = _block(side, dealt, at_once)
            found[side.name].append(block)
            loads[side.name].append(load)
    return _result(found, loads, concurrent=at_once)


def long_conversation(sides: Sequence[Side], deck: Deck, *, conversations: int, length: int) -> Result:
    """What the last of `length` messages costs beside the first, in some conversations on each side in turn.

    A message may be handed over because of what was said before it; then that conversation ends early, and another
    one takes its place on both sides. Raises RuntimeError if none came to its end.
    """
    deck.begin_measure()
    found: dict[str, list[Figures]] = {side.name: [] for side in sides}
    dropped = 0
    while len(found[sides[0].name]) < conversations and dropped < MOST_DROPPED:
        measured = _long_one(sides, deck.deal_answered(length))
        dropped += measured is None
        for name, ends in (measured or {}).items():
            found[name].append(ends)
    held = len(found[sides[0].name])
    if not held:
        raise RuntimeError(f"{dropped} conversations were handed over before message {length}")
    return {"length": length, "conversations": held, "dropped": dropped, **_of_sides(found)}


def _long_one(sides: Sequence[Side], dealt: Conversation) -> dict[str, Figures] | None:
    """First and last messages on each side; None if a side handed it over before its end."""
    measured = {}
    for side in sides:
        load = asyncio.run(run_load(side.address, [dealt], concurrent=1, name=f"long-{time.monotonic_ns()}"))
        if load.begun_again:
            return None
        ends = figures.of_long_conversation(load.times_s, ENDS)
        measured[side.name] = {**ends, "growth": ends["last_ms"] / ends["first_ms"]}
    return measured


def training(sides: Sequence[Side]) -> Result:
    """Seconds that it took (`s`); for a side that trains in epochs how many, and the seconds of each."""
    return {side.name: {name: round(value, 1) for name, value in side.training.items()} for side in sides}


def start_up(seconds: Mapping[str, Sequence[float]]) -> Result:
    """From the start of the first process to the first answer; all starts, and their median."""
    found: Result = {
        name: {"s": round(statistics.median(each), 2), "each_s": [round(one, 2) for one in each]}
        for name, each in seconds.items()
    }
    return found


def memory(sides: Sequence[Side]) -> Result:
    """Resident memory of all processes of a side, by part, as it is now."""
    found: Result = {}
    for side in sides:
        parts = {part: round(resident_mb(pids), 1) for part, pids in side.pids().items()}
        processes = {part: len(pids) for part, pids in side.pids().items()}
        total_mb = sum(parts.values())
        found[side.name] = {
            "total_mb": round(total_mb, 1),
            "without_redis_mb": round(total_mb - parts.get("redis", 0.0), 1),
            "parts_mb": parts,
            "processes": processes,
        }
    return found


def scaling(
    ours: Vraagbaak, deck: Deck, *, assistants: Iterable[int], at_once: Iterable[int], conversations: int
) -> list[Result]:
    """Ours alone with so many assistants, at so many conversations at a time. Every number is a fresh start."""
    rows = []
    for count in assistants:
        ours.stop()
        ours.start(count)
        deck.begin_measure()
        warm_up([ours], deck, REHEARSAL_AT_ONCE)
        for customers in at_once:
            _, block = _block(ours, deck.deal(conversations), customers)
            rows.append({"assistants": count, "concurrent": customers, **_rounded(block)})
    return rows


def idle_sockets(side: Side, deck: Deck, *, count: int, conversations: int, idle_s: float) -> Result:
    """What open pages cost web: memory, processor time while nobody says anything, and others' latency.

    The latency is measured without, with, with and without them.
    """
    deck.begin_measure()
    web = side.pids()["web"]
    without, with_pages = [], []
    without.append(_block(side, deck.deal(conversations), 1)[1])
    quiet_s = _cpu_share(web, idle_s / 3)
    before = sum(resident_bytes(pid) for pid in web)
    with Pages(side.address.port, count) as pages:
        time.sleep(min(SETTLE_S, idle_s))
        grown = sum(resident_bytes(pid) for pid in web) - before
        with_pages.append(_block(side, deck.deal(conversations), 1)[1])
        idle_share = _cpu_share(web, idle_s)
        with_pages.append(_block(side, deck.deal(conversations), 1)[1])
        grown_later = sum(resident_bytes(pid) for pid in web) - before
    without.append(_block(side, deck.deal(conversations), 1)[1])
    if pages.still_open != count:
        raise RuntimeError(f"{count - pages.still_open} of {count} idle pages lost their socket")
    return {
        "sockets": count,
        "pongs": pages.pongs,
        "extra_mb": round(max(grown, grown_later) / 1e6, 1),
        "bytes_per_socket": round(max(grown, grown_later) / count),
        "cpu_share_without": round(quiet_s, 4),
        "cpu_share_with": round(idle_share, 4),
        "without": figures.over_blocks(without),
        "with": figures.over_blocks(with_pages),
    }


class CpuOf:
    """What the parts of a side use of the processor, from now on."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._before_s = self._now_s()

    def since_s(self) -> dict[str, float]:
        return {part: now_s - self._before_s[part] for part, now_s in self._now_s().items()}

    def _now_s(self) -> dict[str, float]:
        return {part: cpu_s(pids) for part, pids in self._side.pids().items()}


def in_turn(sides: Sequence[Side], number: int) -> list[Side]:
    """A B, B A, A B, ..."""
    return list(sides) if number % 2 == 0 else list(reversed(sides))


def _block(side: Side, dealt: Sequence[Conversation], at_once: int) -> tuple[Load, Figures]:
    cpu = CpuOf(side)
    name = f"block-{time.monotonic_ns()}"
    load = asyncio.run(run_load(side.address, dealt, concurrent=at_once, name=name))
    return load, figures.of_block(load, cpu.since_s())


def _cpu_share(pids: Sequence[int], seconds: float) -> float:
    """Of one core, over so many seconds in which nothing is asked."""
    before_s, started_s = cpu_s(pids), time.monotonic()
    time.sleep(seconds)
    return (cpu_s(pids) - before_s) / (time.monotonic() - started_s)


def _result(found: dict[str, list[Figures]], loads: dict[str, list[Load]], **about: int) -> Result:
    each = next(iter(loads.values()))
    return {
        **about,
        "messages": sum(len(load.times_s) for load in each),
        "blocks": len(each),
        "empty": {name: sum(load.empty for load in of) for name, of in loads.items()},
        "begun_again": {name: sum(load.begun_again for load in of) for name, of in loads.items()},
        **_of_sides(found),
    }


def _of_sides(found: dict[str, list[Figures]]) -> Result:
    """The figures of each side; the first one's divided by the second one's where there are two."""
    sides: Result = {name: figures.over_blocks(blocks) for name, blocks in found.items()}
    if len(sides) == 2:
        sides["ratio"] = figures.ratios(*sides.values())
    return sides


def _rounded(block: Figures) -> Figures:
    return figures.over_blocks([block])
