"""`make crash`: customers write while processes are killed; exits with 1 if any promise was not kept."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tools.crash.processes import ROOT
from tools.crash.report import Outcome, totals
from tools.crash.run import Plan, run


def main() -> int:
    args = _arguments()
    plan = Plan(args.conversations, args.messages, args.webs, args.assistants, args.fsync)
    seeds = [args.seed] if args.seed is not None else range(1, args.seeds + 1)
    outcomes = []
    for seed in seeds:
        outcomes.append(_run(seed, plan, keep=args.keep))
        # After each: who interrupts a long run keeps what is known.
        _write(args.out, plan, outcomes)
    print(json.dumps(totals(outcomes)))
    return 1 if any(outcome.violations for outcome in outcomes) else 0


def _run(seed: int, plan: Plan, *, keep: bool) -> Outcome:
    """A folder in which something went wrong stays, with Redis's file and what the processes said."""
    folder = Path(tempfile.mkdtemp(prefix=f"crash-{seed}-"))
    clean = False
    try:
        outcome = asyncio.run(run(seed, plan, folder))
        clean = not outcome.violations
    finally:
        if keep or not clean:
            print(f"  Redis's data and the processes' output of seed {seed} are in {folder}")
        else:
            shutil.rmtree(folder)
    for line in outcome.lines():
        print(line, flush=True)
    return outcome


def _write(out: Path, plan: Plan, outcomes: list[Outcome]) -> None:
    result = {
        "fsync": plan.fsync,
        "webs": plan.webs,
        "assistants": plan.assistants,
        "totals": totals(outcomes),
        "runs": [outcome.as_json() for outcome in outcomes],
    }
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to try, from 1 (default 1)")
    parser.add_argument("--seed", type=int, help="this seed only")
    parser.add_argument("--conversations", type=int, default=Plan.conversations)
    parser.add_argument("--messages", type=int, default=Plan.messages, help="of each customer")
    parser.add_argument("--webs", type=int, default=Plan.webs, help="web processes")
    parser.add_argument("--assistants", type=int, default=Plan.assistants, help="assistant processes")
    parser.add_argument("--fsync", choices=("everysec", "always"), default=Plan.fsync, help="of Redis")
    parser.add_argument("--keep", action="store_true", help="keep Redis's data and the processes' output")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "crash.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
