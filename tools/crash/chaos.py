"""Kills, stops and hangs the installation's processes, as the seed says, and starts them again."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tools.crash.processes import START_TIMEOUT_S, STOP_TIMEOUT_S, Installation, Program, until

KINDS = ("web", "assistant", "redis")
# Of so many blows one also falls when the others of its kind are down.
ALSO_THE_LAST_ONE = 4
# Every run kills each kind at least so often, whatever else the seed has in mind.
LEAST_KILLS = 2
# A process that says that it is ready listens to signals only a moment later.
CAN_STOP_AFTER_S = 0.5


@dataclass(frozen=True)
class Blow:
    """One misfortune.

    how: SIGKILL; SIGTERM, as at a rolling restart; or SIGSTOP, a process that hangs.
    after_s: since the one before of its kind was over. lasts_s: until it is started again, or goes on.
    """

    kind: str
    how: str
    which: int
    after_s: float
    lasts_s: float


@dataclass(frozen=True)
class Temper:
    """How a kind is treated, in seconds: pause between two blows, how long each lasts, how they come about."""

    kind: str
    after_s: tuple[float, float]
    lasts_s: tuple[float, float]
    hows: tuple[str, ...]


# An assistant needs ten seconds of a core to start, so that it is hit less often: some turns should be left.
TEMPERS = {
    "web": Temper("web", (2.5, 8.0), (0.1, 1.5), ("SIGKILL", "SIGKILL", "SIGTERM")),
    "assistant": Temper("assistant", (5.0, 20.0), (0.1, 1.5), ("SIGKILL", "SIGKILL", "SIGTERM")),
    "redis": Temper("redis", (6.0, 18.0), (0.1, 1.5), ("SIGKILL",)),
    # Around the moment when its work is taken over, and past the limit for a turn; not so long that its own watchdog
    # ends it, after ten seconds.
    "hang": Temper("assistant", (2.0, 8.0), (0.3, 7.0), ("SIGSTOP",)),
}


def blows(name: str, seed: int) -> Iterator[Blow]:
    """What happens by one of TEMPERS, without end; the same seed brings the same. The first ones come soon.

    They are kills, where there are any.
    """
    random, temper, number = Random(f"{seed} {name}"), TEMPERS[name], 0
    while True:
        first = number < LEAST_KILLS
        how = temper.hows[0] if first else random.choice(temper.hows)
        shortest_s, longest_s = temper.after_s
        after_s = random.uniform(shortest_s, (2 * shortest_s + longest_s) / 3 if first else longest_s)
        yield Blow(temper.kind, how, random.randrange(1_000), after_s, random.uniform(*temper.lasts_s))
        number += 1


class Chaos:
    """One per run: `rage` until it is cancelled; then all is started again that was down."""

    def __init__(self, installation: Installation, seed: int) -> None:
        self._installation = installation
        self._seed = seed
        self._redis = asyncio.Lock()
        self._random = Random(f"{seed} strikes")
        self._strikes: set[asyncio.Task[None]] = set()
        self.struck: Counter[tuple[str, str]] = Counter()
        # A graceful stop that was none: (program, how).
        self.bad_stops: list[tuple[str, str]] = []

    def kills(self, kind: str) -> int:
        return self.struck[kind, "SIGKILL"]

    @property
    def enough(self) -> bool:
        """Whether each kind was killed as often as every run must."""
        return all(self.kills(kind) >= LEAST_KILLS for kind in KINDS)

    async def rage(self) -> None:
        """For ever, all kinds at the same time."""
        await asyncio.gather(*(self._rage(name) for name in TEMPERS))

    async def _rage(self, name: str) -> None:
        for blow in blows(name, self._seed):
            await asyncio.sleep(blow.after_s)
            if blow.kind == "redis":
                await self._strike_redis(blow)
            else:
                await self._strike(blow)

    async def kill_now(self, kind: str, number: int) -> bool:
        """Kill web process `number`, or Redis, at this very moment; False if somebody is at it already.

        It is started again later: `rest` waits for that.
        """
        lasts_s = self._random.uniform(*TEMPERS[kind].lasts_s)
        program = self._installation.webs[number]
        if self._redis.locked() if kind == "redis" else not _can_be_struck(program):
            return False
        if kind != "redis":
            program.in_hand = True  # before anybody else looks for one
        blow = Blow(kind, "SIGKILL", number, 0, lasts_s)
        task = asyncio.create_task(self._strike_redis(blow) if kind == "redis" else self._strike_one(program, blow))
        self._strikes.add(task)
        task.add_done_callback(self._strikes.discard)
        # The task runs up to its first wait: then it is done.
        await asyncio.sleep(0)
        return True

    async def rest(self) -> None:
        """Wait until all is started again that `kill_now` killed."""
        await asyncio.gather(*self._strikes)

    async def _strike_redis(self, blow: Blow) -> None:
        async with self._redis:
            self._installation.kill_redis()
            self.struck["redis", blow.how] += 1
            try:
                await asyncio.sleep(blow.lasts_s)
            finally:
                # In this thread: a process dies with the thread that started it. It takes a few hundredths of a second.
                self._installation.redis.start()

    async def _strike(self, blow: Blow) -> None:
        """One that is up."""
        await self._strike_one(await self._one_that_is_up(blow), blow)

    async def _strike_one(self, program: Program, blow: Blow) -> None:
        program.in_hand = True
        self.struck[blow.kind, blow.how] += 1
        try:
            await {"SIGKILL": self._kill, "SIGTERM": self._stop, "SIGSTOP": self._hang}[blow.how](program, blow)
        finally:
            program.in_hand = False

    async def _one_that_is_up(self, blow: Blow) -> Program:
        """Mostly when all of its kind are up, so that one goes on: an assistant that starts is away for long."""
        programs = self._installation.webs if blow.kind == "web" else self._installation.assistants
        wanted = any if blow.how == "SIGSTOP" or blow.which % ALSO_THE_LAST_ONE == 0 else all
        await until(lambda: wanted(_can_be_struck(program) for program in programs), timeout_s=START_TIMEOUT_S)
        up = [program for program in programs if _can_be_struck(program)] or programs
        return up[blow.which % len(up)]

    async def _kill(self, program: Program, blow: Blow) -> None:
        program.kill()
        try:
            await asyncio.sleep(blow.lasts_s)
        finally:
            program.start()

    async def _stop(self, program: Program, blow: Blow) -> None:
        await asyncio.sleep(CAN_STOP_AFTER_S)
        program.terminate()
        try:
            if not await until(lambda: not program.is_running, timeout_s=STOP_TIMEOUT_S):
                self.bad_stops.append((program.name, f"still runs {STOP_TIMEOUT_S:.0f} s after SIGTERM"))
            elif program.ended() != "exit code 0":
                self.bad_stops.append((program.name, program.ended()))
            await asyncio.sleep(blow.lasts_s)
        finally:
            program.kill()
            program.start()

    async def _hang(self, program: Program, blow: Blow) -> None:
        program.hang()
        try:
            await asyncio.sleep(blow.lasts_s)
        finally:
            program.go_on()


def _can_be_struck(program: Program) -> bool:
    return program.is_up and not program.in_hand
