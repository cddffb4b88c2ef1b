"""`make bench`: train both sides, ask both the same in turn, and say what each costs."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.redis_server import OwnRedis
from tools.bench import measures, report
from tools.bench.messages import Deck, texts
from tools.bench.sides import FULL_EPOCHS, ROOT, PlainRasa, Vraagbaak
from tools.bench.webhook.measure import QUICK_RATES, RATES, Rate, webhook
from tools.bench.webhook.meta import Meta

Result = dict[str, Any]


@dataclass(frozen=True)
class Sizes:
    """How much is asked. Conversations have 10 messages, but for the long ones."""

    rehearsed: int = 3600
    blocks: int = 4
    single: int = 6  # conversations in a block
    # Conversations in a block at so many at a time: at least as many, or it would be fewer at a time.
    at_once: tuple[tuple[int, int], ...] = ((16, 32), (64, 64))
    long: int = 3
    long_length: int = 200
    assistants: tuple[int, ...] = (1, 2, 4)
    scaling: int = 64
    sockets: int = 1000
    beside_sockets: int = 5
    idle_s: float = 30.0
    starts: int = 2
    rates: tuple[Rate, ...] = RATES


QUICK = Sizes(
    rehearsed=700,
    blocks=2,
    single=1,
    at_once=((16, 16),),
    long=1,
    long_length=40,
    assistants=(1, 2),
    scaling=16,
    sockets=100,
    beside_sockets=1,
    idle_s=2.0,
    starts=1,
    rates=QUICK_RATES,
)


class Bench:
    """One run, from training to the last measure."""

    def __init__(self, folder: Path, redis: OwnRedis, sizes: Sizes, options: argparse.Namespace) -> None:
        self._sizes = sizes
        self._assistants: int = options.assistants
        self.ours = Vraagbaak(folder, redis)
        self.theirs = None if options.without_rasa else PlainRasa(folder, options.epochs)
        self._sides: list[Vraagbaak | PlainRasa] = [self.ours, *([self.theirs] if self.theirs else [])]

    def run_webhook(self) -> Result:
        """Only the load on Messenger's webhook."""
        return {"training": self._train(), "webhook": self._webhook()}

    def run(self) -> Result:
        found: Result = {"training": self._train()}
        deck, found["start_up"] = self._start()
        found |= self._compare(deck)
        if self.theirs:
            self.theirs.stop()
        say(f"{self._sizes.sockets:,} idle sockets")
        found["idle_sockets"] = measures.idle_sockets(
            self.ours,
            deck,
            count=self._sizes.sockets,
            conversations=self._sizes.beside_sockets,
            idle_s=self._sizes.idle_s,
        )
        say(f"{' and '.join(map(str, self._sizes.assistants))} assistants")
        found["scaling"] = measures.scaling(
            self.ours,
            deck,
            assistants=self._sizes.assistants,
            at_once=[at_once for at_once, _ in self._sizes.at_once],
            conversations=self._sizes.scaling,
        )
        found["webhook"] = self._webhook()
        return found

    def stop(self) -> None:
        for side in self._sides:
            side.stop()

    def _webhook(self) -> list[Result]:
        """Both sides are started afresh, with their Messenger channel on."""
        say(f"Messenger's webhook, {' and '.join(f'{rate.per_s:g}' for rate in self._sizes.rates)} events a second")
        with Meta(self.ours.address.port) as meta:
            for side in self._sides:
                side.stop()
                side.turn_on_messenger(meta.url)
                side.start()
            self.ours.add_assistants(self._assistants)
            return webhook(self.ours, self.theirs, meta, texts(), self._sizes.rates)

    def _train(self) -> Result:
        for side in self._sides:
            say(f"Training {side.name}")
            side.train()
            print(f"  {side.training['s']:.0f} s")
        return measures.training(self._sides)

    def _start(self) -> tuple[Deck, Result]:
        """Both sides run and are warm after it. Ours is started afresh after the rehearsal, so nothing is cached."""
        say("Starting, and trying every message once to see which are handed over")
        everything = texts()[: self._sizes.rehearsed]
        self.ours.start()
        messages = measures.rehearse(self.ours, everything, self.ours.outcomes)
        seconds: dict[str, list[float]] = {side.name: [] for side in self._sides}
        for _ in range(self._sizes.starts):
            for side in self._sides:
                side.stop()
                seconds[side.name].append(side.start())
        self.ours.add_assistants(self._assistants)
        print(f"  {', '.join(f'{len(of)} {outcome}' for outcome, of in messages.items())}")
        deck = Deck(messages)
        measures.warm_up(self._sides, deck, conversations=16)
        return deck, measures.start_up(seconds)

    def _compare(self, deck: Deck) -> Result:
        sizes, found = self._sizes, Result()
        say("One at a time")
        found["one_at_a_time"] = measures.one_at_a_time(
            self._sides, deck, conversations=sizes.single, blocks=sizes.blocks
        )
        for at_once, conversations in sizes.at_once:
            say(f"{at_once} at a time")
            found[f"at_{at_once}"] = measures.concurrent(
                self._sides, deck, at_once=at_once, conversations=conversations, blocks=sizes.blocks
            )
        say(f"Conversations of {sizes.long_length} messages")
        found["long_conversation"] = measures.long_conversation(
            self._sides, deck, conversations=sizes.long, length=sizes.long_length
        )
        found["memory"] = measures.memory(self._sides)
        return found


def main(arguments: list[str] | None = None) -> int:
    options = _parse_arguments(arguments)
    started_s = time.monotonic()
    machine = _machine(options.note)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        redis = stack.enter_context(OwnRedis(folder, fsync=options.fsync))
        bench = Bench(folder, redis, QUICK if options.quick else Sizes(), options)
        stack.callback(bench.stop)
        found = bench.run_webhook() if options.webhook else bench.run()
    result = {
        "machine": machine,
        "fsync": options.fsync,
        "assistants": options.assistants,
        "quick": options.quick,
        "took_s": round(time.monotonic() - started_s),
        **found,
    }
    report.save(result, options.out)
    print(f"\n{report.markdown(result)}\nAll figures: {options.out}")
    if options.publish:
        report.publish(result, options.out)
    return 0


def say(step: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {step} ...", flush=True)


def _machine(note: str) -> dict[str, Any]:
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "processor": names[0] if names else platform.machine(),
        "system": platform.platform(terse=True),
        "load_before": round(os.getloadavg()[0], 1),
        "note": note,
    }


def _cpuinfo() -> list[str]:
    try:
        return Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return []


def _parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="few messages, one epoch: does it work, not how fast is it"
    )
    parser.add_argument("--webhook", action="store_true", help="only the load on the webhook")
    parser.add_argument("--without-rasa", action="store_true", help="ours only")
    parser.add_argument("--assistants", type=int, default=2, help="of ours, beside plain Rasa (%(default)s)")
    parser.add_argument("--epochs", type=int, default=1, help="that plain Rasa trains (%(default)s)")
    parser.add_argument("--full-training", action="store_true", help=f"as many as recommended, {FULL_EPOCHS}; long")
    parser.add_argument("--fsync", choices=("everysec", "always"), default="everysec", help="of our Redis")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "bench.json", help="(%(default)s)")
    parser.add_argument("--publish", action="store_true", help="write docs/explanation/performance.md and its plot")
    parser.add_argument("--note", default="", help="a sentence for the line that says where it was measured")
    options = parser.parse_args(arguments)
    if options.full_training:
        options.epochs = FULL_EPOCHS
    if options.publish and options.without_rasa:
        parser.error("--publish needs both sides")
    return options


if __name__ == "__main__":
    sys.exit(main())
