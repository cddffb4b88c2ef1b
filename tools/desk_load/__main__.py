"""`make desk-load`: how soon fifty desks show what customers and agents do; exits with 1 if one misses something."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bot.store import Store
from tests.fakes.scripted_assistant import scripted_assistant
from tools.bench.pages import SPARE_FILES, allow_files
from tools.crash.processes import ROOT, Installation
from tools.desk_load.measure import Outcome, Plan, measure
from tools.desk_load.paint import Paint, first_paint
from tools.desk_load.preload import make_agents, preload
from tools.desk_load.report import figures, lines

_HZ = os.sysconf("SC_CLK_TCK")


def main() -> int:
    args = _arguments()
    plan = Plan(args.agents, args.customers, args.open, args.seconds, args.pause, args.every)
    allow_files(plan.agents * 2 + plan.customers + SPARE_FILES)
    with tempfile.TemporaryDirectory(prefix="desk-load-") as folder:
        found = asyncio.run(_run(plan, Path(folder), webs=args.webs, assistants=args.assistants))
    for line in lines(found):
        print(line)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if found["missed"] else 0


async def _run(plan: Plan, folder: Path, *, webs: int, assistants: int) -> dict[str, Any]:
    machine: dict[str, Any] = {"cores": os.cpu_count(), "webs": webs, "assistants": assistants}
    installation = Installation(folder, webs=webs, assistants=assistants)
    try:
        await installation.start()
        store = await Store(installation.redis.url, installation.settings).open()
        agents = await make_agents(store, plan.agents)
        print(f"{plan.open:,} conversations are made", flush=True)
        await preload(store, agents, plan.open)
        paint = await _first_paint(store, installation.urls[0], agents[0].id)
        print(f"{plan.customers} customers write for {plan.lasts_s:g} s", flush=True)
        machine["load_before"], before_s = os.getloadavg()[0], _cpu_s(installation)
        outcome = await _measured(plan, installation.urls, store, agents, scripted=not assistants)
        machine["load_after"], machine["web_cpu_s"] = os.getloadavg()[0], round(_cpu_s(installation) - before_s, 1)
        await store.close()
    finally:
        installation.stop()
    outcome.troubles += [f"{one.name} ended by itself: {one.how}" for one in installation.ended]
    return figures(outcome, paint, machine)


async def _first_paint(store: Store, url: str, account_id: str) -> Paint:
    return await asyncio.to_thread(first_paint, url, await store.sessions.start(account_id))


async def _measured(plan: Plan, urls: list[str], store: Store, agents: Any, *, scripted: bool) -> Outcome:
    if not scripted:
        return await measure(plan, urls, store, agents)
    async with scripted_assistant(store):
        return await measure(plan, urls, store, agents)


def _cpu_s(installation: Installation) -> float:
    """Processor time of the web processes so far."""
    used = 0
    for web in installation.webs:
        fields = Path(f"/proc/{web.pid}/stat").read_text().rpartition(")")[2].split()
        used += int(fields[11]) + int(fields[12])
    return used / _HZ


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make desk-load", description=__doc__)
    parser.add_argument("--agents", type=int, default=Plan.agents)
    parser.add_argument("--customers", type=int, default=Plan.customers)
    parser.add_argument("--open", type=int, default=Plan.open, help="open conversations before it begins")
    parser.add_argument("--seconds", type=float, default=Plan.lasts_s)
    parser.add_argument("--pause", type=float, default=Plan.pause_s, help="seconds between a customer's messages")
    parser.add_argument("--every", type=float, default=Plan.every_s, help="seconds between two answers of an agent")
    parser.add_argument("--webs", type=int, default=1, help="web processes")
    parser.add_argument("--assistants", type=int, default=1, help="assistant processes; 0: a scripted one")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "desk-load.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
