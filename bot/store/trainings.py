"""Trainings that editors ask for: one at a time, done by a trainer (bot/assistant/trainer.py), each with its report."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

import msgspec
import redis.asyncio as aioredis

from bot.errors import NotFound
from bot.store.connection import LUA, encode, translated_errors
from bot.store.keys import Keys

TrainingState = Literal["asked", "running", "done", "failed", "cancelled"]
IS_OVER: tuple[TrainingState, ...] = ("done", "failed", "cancelled")
# Why a training failed. `lost`: its trainer gave no sign of life; `stopped`: its trainer was stopped; `data`: the
# topics or answers can't be trained on, `detail` says why; `failed`: anything else, its log says what.
REASONS = ("lost", "stopped", "data", "failed")
KEPT = 50
# Reports name conversations and quote examples; whoever compares models does so within this.
REPORT_DAYS = 30
# A trainer that gave no sign of life for so long is gone.
LEASE_MS = 15_000
MAX_DETAIL_CHARS = 500


@dataclass(frozen=True)
class Training:
    """One training. asked_by: account id; step: what it does now; topic_changes: `store.topics.changes()` when it
    read the topics, so that a higher number says that it misses something. model: the name of what came of it.
    """

    id: str
    asked_by: str
    state: TrainingState = "asked"
    asked_at_ms: int = 0
    started_at_ms: int = 0
    ended_at_ms: int = 0
    trainer: str = ""
    step: str = ""
    percent: int = 0
    topic_changes: int = -1
    reason: str = ""
    detail: str = ""
    model: str = ""
    cancelled_by: str = ""

    @property
    def is_over(self) -> bool:
        return self.state in IS_OVER


@dataclass(frozen=True)
class Became:
    """What a model makes of a message. outcome: answer, ask or human; intent: of the answer, or the likeliest."""

    outcome: str
    intent: str = ""
    confidence: float = 0.0

    @property
    def answer(self) -> str:
        """The intent whose answer goes out; empty for none."""
        return self.intent if self.outcome == "answer" else ""


@dataclass(frozen=True)
class GoldenFailure:
    """A test message that the new model gets wrong: it became `after`; the model before it made `before` of it."""

    text: str
    intent: str
    must_answer: bool
    after: Became
    before: Became | None = None


@dataclass(frozen=True)
class Change:
    """A message that is answered in another way: a test message with its text, or a customer's by its place.

    A customer's words stay in the conversation's log, so that they go when the conversation goes.
    """

    before: Became
    after: Became
    text: str = ""
    intent: str = ""
    conversation_id: str = ""
    entry_id: str = ""


@dataclass(frozen=True)
class Confusion:
    """How often cross-validation takes a topic's examples for another one. before: None when that is not known."""

    intent: str
    taken_for: str
    after: int
    before: int | None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What changes when this model goes live in place of `before`, which is empty when there was none.

    messages: how many messages of customers were read by both. message_changes: of those a part at most, with
    `message_counts` of all: `new`, `gone`, `other`.
    """

    model: str
    before: str = ""
    golden: int = 0
    golden_failures: tuple[GoldenFailure, ...] = ()
    golden_changes: tuple[Change, ...] = ()
    messages: int = 0
    message_counts: dict[str, int] = field(default_factory=dict)
    message_changes: tuple[Change, ...] = ()
    confusions: tuple[Confusion, ...] = ()


class TrainingStore:
    """The trainings that are kept, and the one that runs."""

    def __init__(self, client: aioredis.Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._ask = self._script("ask")
        self._take = self._script("take")
        self._go_on = self._script("go_on")
        self._end = self._script("end")
        self._cancel = self._script("cancel")
        self._look = self._script("look")

    def _script(self, name: str) -> aioredis.client.AsyncScript:
        shared = (LUA / "trainings_lost.lua").read_text()
        return self._client.register_script(shared + (LUA / f"trainings_{name}.lua").read_text())

    @property
    def _script_keys(self) -> list[str]:
        keys = self._keys
        return [
            keys.trainings,
            keys.events,
            keys.training_waiting,
            keys.training_running,
            keys.training_lease,
            keys.topic_changes,
            keys.training_bell,
            keys.figures,
        ]

    async def _run(self, script: aioredis.client.AsyncScript, *args: str | int) -> str:
        with translated_errors():
            return str(await script(keys=self._script_keys, args=list(args)))

    async def ask(self, asked_by: str) -> Training:
        """The training that has all changes of now: one that waits, one that runs with the same, or a new one."""
        training = Training(uuid.uuid4().hex, asked_by)
        found = await self.get(await self._run(self._ask, encode(training), training.id))
        await self._forget_old()
        return found

    async def all(self) -> list[Training]:
        """Those that are kept, the latest first."""
        with translated_errors():
            found = await self._look(keys=self._script_keys)
        trainings = [msgspec.json.decode(record, type=Training) for record in found]
        return sorted(trainings, key=lambda one: (one.asked_at_ms, one.id), reverse=True)

    async def get(self, training_id: str) -> Training:
        """Raises NotFound."""
        for training in await self.all():
            if training.id == training_id:
                return training
        raise NotFound(f"no training {training_id!r}")

    async def cancel(self, training_id: str, by: str) -> bool:
        """Stop one that waits or runs; False when it is over."""
        return await self._run(self._cancel, training_id, by) == "1"

    # For trainers.

    async def wait(self, block_s: float) -> None:
        """Return when somebody asked for a training, or after `block_s`."""
        with translated_errors():
            await self._client.blpop([self._keys.training_bell], timeout=block_s)

    async def take(self, trainer: str, *, lease_ms: int = LEASE_MS) -> Training | None:
        """The training that waits, given to this trainer for so long; None while another one runs."""
        found = await self._run(self._take, trainer, lease_ms)
        return msgspec.json.decode(found, type=Training) if found else None

    async def go_on(self, training: Training, step: str, percent: int, *, lease_ms: int = LEASE_MS) -> bool:
        """A sign of life, and how far it is; False when it is cancelled, or no longer this trainer's."""
        args = (training.id, training.trainer, lease_ms, step, percent)
        return await self._run(self._go_on, *args) == "1"

    async def done(self, training: Training, report: Report) -> bool:
        """It is done, and this is what came of it; False when it is no longer this trainer's."""
        key = self._keys.training_report(training.id)
        with translated_errors():
            await self._client.set(key, encode(report), ex=REPORT_DAYS * 86_400)
        return await self._over(training, "done", model=report.model)

    async def failed(self, training: Training, reason: str, detail: str = "") -> bool:
        """reason: one of REASONS. detail: English, for who can mend it."""
        return await self._over(training, "failed", reason, detail[:MAX_DETAIL_CHARS])

    async def _over(
        self, training: Training, state: TrainingState, reason: str = "", detail: str = "", model: str = ""
    ) -> bool:
        args = (training.id, training.trainer, state, reason, detail, model)
        return await self._run(self._end, *args) == "1"

    async def report(self, training_id: str) -> Report | None:
        """What changes with its model; None before it is done, and when it is too long ago."""
        with translated_errors():
            found = await self._client.get(self._keys.training_report(training_id))
        return msgspec.json.decode(found, type=Report) if found else None

    # Which trainers there are.

    async def sign_of_life(self, trainer: str, *, lease_ms: int = LEASE_MS) -> None:
        """This trainer is there, idle or at work."""
        with translated_errors():
            seconds, micros = await self._client.time()
            at_ms = int(seconds) * 1000 + int(micros) // 1000
            async with self._client.pipeline() as change:
                change.zremrangebyscore(self._keys.trainers, "-inf", at_ms - 10 * lease_ms)
                change.zadd(self._keys.trainers, {trainer: at_ms})
                await change.execute()

    async def sign_off(self, trainer: str) -> None:
        with translated_errors():
            await self._client.zrem(self._keys.trainers, trainer)

    async def trainers(self, *, lease_ms: int = LEASE_MS) -> list[str]:
        """Those that gave a sign of life within a lease."""
        with translated_errors():
            seconds, _ = await self._client.time()
            found = await self._client.zrangebyscore(self._keys.trainers, int(seconds) * 1000 - lease_ms, "+inf")
        return [str(one) for one in found]

    async def _forget_old(self) -> None:
        old = [one.id for one in (await self.all())[KEPT:] if one.is_over]
        if old:
            with translated_errors():
                await self._client.hdel(self._keys.trainings, *old)
                await self._client.unlink(*map(self._keys.training_report, old))
