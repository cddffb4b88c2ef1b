"""`make crash` in short: real processes die while customers write, and nothing is lost, doubled or said too late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.assistants import start_assistant
from tests.forked import ForkedProcess
from tests.web_servers import start_web_server
from tools.crash.chaos import KINDS, TEMPERS, Blow, blows
from tools.crash.customers import Pace
from tools.crash.messenger.weather import STRIKES
from tools.crash.run import Plan, run

SHORT = Plan(conversations=16, messages=15, pace=Pace(0.8, 2.4))


START = {"bot.web": start_web_server, "bot.assistant": start_assistant}


def fork(command: Sequence[str], environ: Mapping[str, str], *, output: IO[bytes]) -> ForkedProcess:
    """As bot.processes.start_process: in a group of its own, and gone when we are."""
    return START[command[-1]](environ, Path(output.name))


async def test_nothing_is_lost_doubled_or_late_while_processes_are_killed(tmp_path: Path) -> None:
    outcome = await run(1, SHORT, tmp_path, fork)
    said = "\n".join(outcome.lines())
    assert outcome.violations == [], said
    assert {kind: outcome.kills(kind) >= 2 for kind in KINDS} == dict.fromkeys(KINDS, True), said
    assert outcome.figures()["acknowledged"] == SHORT.conversations * SHORT.messages
    assert outcome.figures()["handled_by_the_assistant"] > 0, said
    on_messenger = outcome.figures()["messenger"]
    assert set(+Counter(on_messenger["strikes"])) == {strike.name for strike in STRIKES}, said
    assert on_messenger["uncertain_and_arrived"] > 0 < on_messenger["looked_up"], said


@pytest.mark.parametrize("name", TEMPERS)
def test_the_same_seed_brings_the_same_blows(name: str) -> None:
    def first(seed: int) -> list[Blow]:
        return [blow for blow, _ in zip(blows(name, seed), range(20), strict=False)]

    assert first(7) == first(7) != first(8)
    assert name == "hang" or [blow.how for blow in first(7)[:2]] == ["SIGKILL"] * 2
