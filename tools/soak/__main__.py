"""`make soak`: messages at a fixed rate for half an hour; exits with 1 if web or assistant grows."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random

import aiohttp

from tools.crash.agents import Agents
from tools.crash.customers import Customer
from tools.crash.processes import ROOT, Installation
from tools.crash.rest_customer import RestCustomer
from tools.crash.run import beside
from tools.crash.widget_customer import WidgetCustomer
from tools.soak.flow import Flow
from tools.soak.report import Soaked, lines, plot
from tools.soak.samples import Sampler

# One customer in four writes over the REST channel.
REST_EVERY = 4
# At the rate that is asked for, each of them writes once in this many seconds.
SECONDS_PER_MESSAGE = 8.0
# Some agents take over from the assistant; most of what they do comes from the queue.
TAKEOVER_SHARE = 0.005


@dataclass(frozen=True)
class Wanted:
    """warm_up: the share of the time that does not count for growth."""

    minutes: float = 30.0
    rate: float = 5.0
    webs: int = 2
    assistants: int = 2
    sample_every_s: float = 5.0
    warm_up: float = 0.2
    max_growth: float = 0.1


def main() -> int:
    args = _arguments()
    wanted = Wanted(args.minutes, args.rate, args.webs, args.assistants, args.every, max_growth=args.max_growth)
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        soaked = asyncio.run(soak(wanted, Path(folder)))
    for line in lines(soaked):
        print(line)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(soaked.as_json(), indent=2) + "\n")
    if plot(soaked, args.out.with_suffix(".png")):
        print(f"Plot: {args.out.with_suffix('.png')}")
    return 1 if any(soaked.failures()) else 0


async def soak(wanted: Wanted, folder: Path) -> Soaked:
    installation = Installation(folder, webs=wanted.webs, assistants=wanted.assistants)
    try:
        await installation.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:
            return await _soak(wanted, installation, client)
    finally:
        installation.stop()


async def _soak(wanted: Wanted, installation: Installation, client: aiohttp.ClientSession) -> Soaked:
    agents = Agents(client, installation.urls, Random("agents"), takeover_share=TAKEOVER_SHARE)
    numbers = itertools.count()

    def make() -> Customer:
        number = next(numbers)
        random = Random(f"customer {number}")
        if number % REST_EVERY == 0:
            return RestCustomer(client, installation.urls, random, said=agents.customer_wrote).named(str(number))
        return WidgetCustomer(client, installation.urls, random, said=agents.customer_wrote)

    flow = Flow(make, wanted.rate, customers=max(4, round(wanted.rate * SECONDS_PER_MESSAGE)))
    sampler = Sampler(installation, every_s=wanted.sample_every_s)
    lasts_s = wanted.minutes * 60
    await beside(flow.run(lasts_s), sampler.run(), agents.serve(), installation.watch())
    ended = [f"{one.name} ended by itself: {one.how}" for one in installation.ended]
    return Soaked(
        sampler.samples,
        flow.asked,
        flow.missed_at_s,
        [*flow.troubles, *agents.troubles, *ended],
        warm_up_s=lasts_s * wanted.warm_up,
        max_growth=wanted.max_growth,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=Wanted.minutes)
    parser.add_argument("--rate", type=float, default=Wanted.rate, help="messages a second")
    parser.add_argument("--webs", type=int, default=Wanted.webs, help="web processes")
    parser.add_argument("--assistants", type=int, default=Wanted.assistants, help="assistant processes")
    parser.add_argument("--every", type=float, default=Wanted.sample_every_s, help="seconds between two looks")
    parser.add_argument(
        "--max-growth", type=float, default=Wanted.max_growth, help="share that a process may grow by (0.1)"
    )
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "soak.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
