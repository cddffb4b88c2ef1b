"""What goes wrong when a message is sent: an error, HTML or no answer at all; and processes that die over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

from aiohttp import web

from tests.fakes.graph.errors import GraphError
from tests.fakes.graph.faults import Fault, Faults

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

MESSAGES = "messages"
# How an error says that the message itself is refused; nothing else here may fail one.
REJECTED = (100, None)


@dataclass(frozen=True)
class Mishap:
    """share: of the messages. accepts: the customer has the message all the same."""

    name: str
    share: float
    accepts: bool = False
    error: tuple[int, int | None] | None = None
    html_status: int = 0
    resets: bool = False

    def fault(self) -> Fault:
        error = None
        if self.error:
            error = GraphError(*self.error, transient=self.error == (2, None))
        return Fault(MESSAGES, accepts=self.accepts, error=error, html_status=self.html_status, resets=self.resets)


TRANSIENT = Mishap("not now", 0.03, error=(2, None))
MISHAPS = (
    TRANSIENT,
    Mishap("refused for good", 0.005, error=REJECTED),
    Mishap("an error although it arrived", 0.01, accepts=True, error=(1, 1357046)),
    Mishap("HTML, arrived", 0.01, accepts=True, html_status=502),
    Mishap("HTML, not arrived", 0.005, html_status=502),
    Mishap("connection cut, arrived", 0.01, accepts=True, resets=True),
    Mishap("connection cut, not arrived", 0.005, resets=True),
    Mishap("no answer, arrived", 0.01, accepts=True),
    Mishap("no answer, not arrived", 0.003),
)
# Whoever waits for an echo looks into the thread before the last of these has come.
ECHO_DELAYS_S = (0.0, 0.0, 0.0, 0.3, 2.0)
VERY_LATE_S, VERY_LATE_SHARE = 40.0, 0.4
# Of the echoes, those that come before the answer.
FIRST_SHARE = 0.3
# A message that Meta says "not now" to for a fourth time fails; this is never that long.
MOST_IN_A_ROW = 2


@dataclass(frozen=True)
class Strike:
    """Who is killed while Meta has a request in its hands; accepts: after the customer got the message."""

    kind: str
    accepts: bool

    @property
    def name(self) -> str:
        return f"{self.kind}, {'' if self.accepts else 'not '}arrived"


STRIKES = (Strike("web", True), Strike("web", False), Strike("redis", True))


@dataclass
class StrikeFault(Fault):
    strike: Strike = STRIKES[0]


class Weather(Faults):
    """Draws what becomes of each message, by the seed; `calm` ends that.

    kill: told what to kill, and at which port of the fake's the request came in; returns whether it could.
    """

    def __init__(self, graph: FakeGraph, seed: int, kill: Callable[[str, int], Awaitable[bool]]) -> None:
        super().__init__()
        self._graph = graph
        self._seed = seed
        self._kill = kill
        self._randoms: dict[str, Random] = {}
        self._in_a_row: Counter[str] = Counter()
        self._armed: list[Strike] = []
        self._calm = False
        self._order: Iterator[Strike] = cycle(STRIKES)
        self.happened: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()

    def calm(self) -> None:
        """From now on Meta has good days only."""
        self._calm = True
        self._armed.clear()
        self._graph.echo_order, self._graph.echo_delay_s = "after", 0.0

    def arm(self) -> None:
        """The next message is one to die over."""
        self._armed = [next(self._order)]

    def take(self, endpoint: str, psid: str) -> Fault | None:
        if self._calm or endpoint != MESSAGES:
            return super().take(endpoint, psid)
        random = self._randoms.setdefault(psid, Random(f"{self._seed} weather {psid}"))
        self._graph.echo_order = "before" if random.random() < FIRST_SHARE else "after"
        self._graph.echo_delay_s = random.choice(ECHO_DELAYS_S)
        if self._armed:
            return self._strike_fault(psid)
        mishap = self._draw(random, psid)
        if mishap is None:
            return None
        self.happened[mishap.name] += 1
        if mishap.accepts and mishap.error is None and random.random() < VERY_LATE_SHARE:
            self._graph.echo_order, self._graph.echo_delay_s = "after", VERY_LATE_S
        return mishap.fault()

    async def happen(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if not isinstance(fault, StrikeFault):
            return await super().happen(fault, request)
        # Drawn before the calm, and only now in Meta's hands: whoever looks what is stored is not to lose Redis.
        if not self._calm and await self._kill(fault.strike.kind, _port(request)):
            self.struck[fault.strike.name] += 1
        elif not self._calm:
            self._armed = [fault.strike]  # somebody is at it already: the next message will do
        if fault.strike.kind == "redis":
            sent = self._graph.sent_to(fault.to)[-1]
            return web.json_response({"recipient_id": sent.psid, "message_id": sent.mid})
        return await super().happen(fault, request)

    def _strike_fault(self, psid: str) -> StrikeFault:
        strike = self._armed.pop()
        return StrikeFault(MESSAGES, to=psid, accepts=strike.accepts, strike=strike)

    def _draw(self, random: Random, psid: str) -> Mishap | None:
        """Bad days are not endless: behind one that takes long, the same customer has a good one."""
        [mishap] = random.choices(
            [None, *MISHAPS], [1 - sum(one.share for one in MISHAPS), *(m.share for m in MISHAPS)]
        )
        if mishap is not None and self._in_a_row[psid] >= (MOST_IN_A_ROW if mishap is TRANSIENT else 1):
            mishap = None
        self._in_a_row[psid] = self._in_a_row[psid] + 1 if mishap else 0
        return mishap


def _port(request: web.Request) -> int:
    assert request.transport
    return int(request.transport.get_extra_info("sockname")[1])
