"""The other model of an experiment: reads along or answers a share, and never costs a customer anything."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from bot.assistant.live_model import LiveModel
from bot.assistant.turn import TurnResult
from bot.errors import StoreUnavailable
from bot.logs import described
from bot.model import Nlu
from bot.personal_data import masked
from bot.store import Store
from bot.store.experiments import Difference, Ending, Experiment
from bot.store.trainings import Became
from bot.store.work import Turn

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    from bot.assistant.rasa_agent import RasaAgent

log = structlog.get_logger()

# One begins, and ends, with news. This is for news that was lost, and for one whose time has come.
LOOK_EVERY_S = 30.0
RETRY_S = 1.0
# Messages that wait to be read along: with more customers than that some are not compared.
MOST_WAITING = 100
# After so many in a row it won't answer the next one either.
MOST_FAILURES = 3
# Of a turn's time limit: the rest is for the live model, should this one fail.
SHARE_OF_TIME = 0.5


class Challenger:
    """Holds the model of the experiment that runs, as long as it runs."""

    def __init__(self, store: Store, model: LiveModel, *, turn_timeout_s: float) -> None:
        self._store = store
        self._model = model
        self._timeout_s = SHARE_OF_TIME * turn_timeout_s
        self._experiment: Experiment | None = None
        self._agent: RasaAgent | None = None
        self._failures = 0
        self._waiting: deque[tuple[Turn, Nlu]] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()

    @property
    def name(self) -> str:
        """Of the model that is loaded; empty for none."""
        return self._experiment.model if self._experiment and self._agent else ""

    async def follow(self) -> None:
        """Hold the model of the experiment that runs, for ever."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                wait_s = await self._look()
                timer = asyncio.get_running_loop().call_later(wait_s, self._news.set)
                await self._news.wait()
                timer.cancel()
                self._news.clear()
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        async for event in self._store.events.listen():
            if event["type"] in ("experiment", "model", "resync"):
                self._news.set()

    async def _look(self) -> float:
        """Returns after how many seconds to look again."""
        try:
            await self._change_to(await self._store.experiments.current())
        except StoreUnavailable:
            return RETRY_S
        return LOOK_EVERY_S

    async def _change_to(self, experiment: Experiment | None) -> None:
        """Raises StoreUnavailable."""
        if experiment and self._experiment and experiment.id == self._experiment.id:
            return
        had_one, self._experiment, self._agent = self._agent is not None, None, None
        self._waiting.clear()
        if had_one:
            from bot.assistant.rasa_agent import settle

            await settle()
        if experiment:
            await self._load(experiment)

    async def _load(self, experiment: Experiment) -> None:
        records = {record.name: record for record in await self._store.models.all()}
        try:
            agent = await self._model.load_beside(records[experiment.model])
        except StoreUnavailable:
            raise
        except Exception as exc:
            log.error("experiment.refused", model=experiment.model, reason=described(exc))
            await self._end(experiment, "refused")
            return
        self._experiment, self._agent, self._failures = experiment, agent, 0
        log.info("experiment.joined", model=experiment.model, mode=experiment.mode)

    async def turn(self, turn: Turn) -> TurnResult | None:
        """What it says, where it is this conversation's; None where the live model must answer."""
        experiment, agent = self._experiment, self._agent
        if not experiment or not agent or experiment.arm(turn.conversation_id) != "challenger":
            return None
        try:
            result = await self._ask(agent, turn, turn.message.text)
        except Exception as exc:
            await self._failed(experiment, exc)
            return None
        self._failures = 0
        return replace(result, nlu=replace(result.nlu, arm="challenger"))

    def marked(self, result: TurnResult) -> TurnResult:
        """What the live model said, counted for it while customers are shared."""
        if not self._experiment or not self._agent or self._experiment.mode != "split":
            return result
        return replace(result, nlu=replace(result.nlu, arm="live"))

    def note(self, turn: Turn, nlu: Nlu) -> None:
        """The live model has answered; compare it later, if that is what the experiment does."""
        # A button says what it means: there is nothing to compare. Who is in danger takes no part.
        is_compared = not turn.message.payload and not nlu.emergency
        if is_compared and self._experiment and self._agent and self._experiment.mode == "shadow":
            self._waiting.append((turn, nlu))

    async def compare(self) -> bool:
        """Read one message that was answered, while nobody waits for an answer. Whether there was one."""
        experiment, agent = self._experiment, self._agent
        if not self._waiting or not experiment or not agent:
            return False
        turn, nlu = self._waiting.popleft()
        try:
            read = (await self._ask(agent, turn, masked(turn.message.text))).nlu
        except Exception as exc:
            await self._failed(experiment, exc)
            return True
        self._failures = 0
        live, other = _became(nlu), _became(read)
        is_same = (live.outcome, live.answer) == (other.outcome, other.answer)
        outcome = "same" if is_same else "different"
        figures = {f"live:{live.outcome}": 1, f"challenger:{other.outcome}": 1, f"challenger:{outcome}": 1}
        await self._store.experiments.count(figures)
        if not is_same:
            place = turn.conversation_id, turn.message.entry_id
            await self._store.experiments.note_difference(Difference(*place, live, other))
        return True

    async def _ask(self, agent: RasaAgent, turn: Turn, text: str) -> TurnResult:
        asked = agent.turn(turn.conversation_id, text, turn.message.payload, turn.dialogue)
        return await asyncio.wait_for(asked, self._timeout_s)

    async def _failed(self, experiment: Experiment, exc: Exception) -> None:
        log.error("experiment.failed", model=experiment.model, error=described(exc))
        self._failures += 1
        with suppress(StoreUnavailable):  # a figure less
            await self._store.experiments.count({"challenger:failed": 1})
            if self._failures >= MOST_FAILURES:
                await self._end(experiment, "failing")

    async def _end(self, experiment: Experiment, why: Ending) -> None:
        if self._experiment is experiment:
            self._experiment = self._agent = None
            self._waiting.clear()
        await self._store.experiments.end(experiment.id, why)


def _became(nlu: Nlu) -> Became:
    return Became(nlu.outcome, nlu.intent, nlu.confidence)
