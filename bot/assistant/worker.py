"""From a customer's message in the store to the replies, or the hand-over, in the store."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import msgspec
import structlog

from bot.answers import HANDOVER_TEMPLATES, Answers
from bot.assistant.challenger import Challenger
from bot.assistant.for_humans import withhold
from bot.assistant.live_model import LiveModel
from bot.assistant.live_rules import LiveRules
from bot.assistant.merged_topics import lead_on, leads_to
from bot.assistant.trials import Trier
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.watchdog import watch
from bot.errors import AlreadyClaimed, NotFound, StoreUnavailable
from bot.learning import Noticing, verdict
from bot.logs import described
from bot.model import ASSISTANT, CLOSED, QUEUE, Button, Handoff, Message, Nlu, Priority
from bot.personal_data import masked
from bot.store import Store
from bot.store.work import Turn, WorkItem, now_ms

log = structlog.get_logger()

BLOCK_MS = 500
NO_WAIT_MS = 1
SIGN_OF_LIFE_S = 0.5
TAKE_OVER_EVERY_S = 0.5
RETRY_S = 1.0
STOP_S = 1.0
# A turn has its own, shorter time limit; whoever stands still for longer does not come to that.
HANG_TURNS = 2
# What is no question needs no private message under a public comment.
NO_QUESTION = frozenset({"compliment", "groet", "bedankt", "afscheid", "bevestigen", "ontkennen", "schelden"})
# Where the banner of a crisis does not come as a message.
SHOWS_NO_BANNER = frozenset({"widget", "comment"})
# Workers that may be lost over one message before a human gets it.
MAX_ATTEMPTS = 2


ALARM_NOTES = {
    "self_harm": "De assistent denkt dat de klant het over zelfdoding heeft. Lees het laatste bericht meteen. "
    "De klant kan bellen met 113, en bij gevaar met 112.",
    "emergency": "De assistent denkt dat er een noodgeval is. Lees het laatste bericht meteen. Bij gevaar: 112.",
}


# What to say, and whether a human is needed.
Decided = tuple[TurnResult, Handoff | None, list[Message]]
# What a model makes of a turn whose text has no personal numbers.
Think = Callable[[Turn], Awaitable[TurnResult]]


class Worker:
    """One assistant process: one message at a time."""

    def __init__(self, store: Store, answers: Answers, model: LiveModel, name: str, *, turn_timeout_s: float) -> None:
        self._store = store
        self._answers = answers
        self._model = model
        self._rules = LiveRules(store)
        self._noticing = Noticing(store)
        self._name = name
        self._turn_timeout_s = turn_timeout_s
        self._take_over_at_s = 0.0
        self._stopping = asyncio.Event()
        self._challenger = Challenger(store, model, turn_timeout_s=turn_timeout_s)
        self._trier = Trier(store, "live", self.decide_live)
        self._trying: AsyncIterator[bool] | None = None

    async def run(self) -> None:
        """Load the active model and handle messages until `stop`. Raises ModelError if there is none to start with."""
        await self._model.start()
        follow = (self._model.follow(), self._challenger.follow())
        work = (self._show_life(), *follow, watch(HANG_TURNS * self._turn_timeout_s))
        background = [asyncio.create_task(one) for one in work]
        try:
            await self._serve()
        finally:
            for task in background:
                task.cancel()
            # Not for ever: a task in the middle of a call to Redis may lose its cancellation.
            await asyncio.wait(background, timeout=STOP_S)
            await self._store.work.sign_off(self._name)

    def stop(self) -> None:
        """Finish the message in hand, then end `run`."""
        self._stopping.set()

    async def _serve(self) -> None:
        # Kept when Redis goes away in the middle: beginning again is safe, and nobody else has it.
        item: WorkItem | None = None
        while not self._stopping.is_set():
            try:
                item = item or await self._next_item()
                if item:
                    await self.handle(item)
                    item = None
                elif not await self._do_what_can_wait():
                    item = await self._store.work.take(self._name, block_ms=BLOCK_MS)
            except StoreUnavailable as exc:
                log.warning("assistant.paused", reason=str(exc))
                await asyncio.sleep(RETRY_S)

    async def _next_item(self) -> WorkItem | None:
        """Work that another assistant left behind, looked for now and then; else new work, if there is some now."""
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._take_over_at_s:
            self._take_over_at_s = now_s + TAKE_OVER_EVERY_S
            if item := await self._store.work.take_over(self._name):
                return item
        return await self._store.work.take(self._name, block_ms=NO_WAIT_MS)

    async def _do_what_can_wait(self) -> bool:
        """Something small that no customer waits for, if there is any. Whether there was."""
        small = (self._read_along, self._challenger.compare, self._try_out, self._learn)
        for do in small:
            if await do():
                return True
        return False

    async def _read_along(self) -> bool:
        """Tell agents what one message that they got means, while nobody waits for an answer. Whether there was one."""
        unread = await self._store.work.next_unread()
        if not unread:
            return False
        try:
            understanding = self._model.agent.understand(masked(unread.text))
            understood = await asyncio.wait_for(understanding, self._turn_timeout_s)
            nlu = replace(understood, outcome="read")
        except Exception as exc:
            log.error("reading.failed", conversation_id=unread.conversation_id, error=described(exc))
            return True
        if await self._store.work.understood(unread, nlu):
            if nlu.emergency:
                with suppress(AlreadyClaimed, NotFound):  # a human took it just now, or it is gone
                    await self._raise_alarm(unread.conversation_id, unread.message_id, nlu)
            await self._noticing.read(unread, understood, self._model.name)
        return True

    async def _learn(self) -> bool:
        """Tell editors what this model makes of one message that the one before it missed. Whether there was one."""
        name = self._model.name
        missed = await self._store.missed.next_again(name)
        if not missed:
            return False
        try:
            nlu = await asyncio.wait_for(self._model.agent.understand(missed.text), self._turn_timeout_s)
        except Exception as exc:
            log.error("reading.failed", conversation_id=missed.conversation_id, error=described(exc))
            return True
        await self._store.missed.understood(missed.place, verdict(nlu, name))
        return True

    async def _try_out(self) -> bool:
        """Do one step of what an editor tries, while nobody waits for an answer. Whether there was something."""
        if self._trying is None:
            trial = await self._store.trials.next("live")
            if trial is None:
                return False
            self._trying = self._trier.steps(trial, self._model.agent, self._model.name)
        if not await anext(self._trying, False):
            self._trying = None
        return True

    async def _raise_alarm(self, conversation_id: str, message_id: str, nlu: Nlu) -> None:
        """No pattern found it, so the customer heard nothing, and a human must look first."""
        kind, queue = nlu.emergency, self._store.queue
        note = Message(uuid.uuid4().hex, conversation_id, "note", ALARM_NOTES[kind], now_ms(), notice="emergency")
        try:
            await queue.set_priority(conversation_id, "urgent", note)
        except AlreadyClaimed:
            # The human closed it, or gave it back, before anybody knew what the message means.
            conversation = await self._store.conversations.get(conversation_id)
            if conversation.owner not in (ASSISTANT, CLOSED):
                raise
            handoff = Handoff(kind, "urgent", now_ms(), message_id, nlu=nlu)
            notice = await self._answers.handover(
                handoff, conversation_id, in_reply_to=message_id, channel=conversation.channel
            )
            await queue.put(conversation, handoff, [note, notice])
        log.warning("emergency.found", conversation_id=conversation_id, kind=kind, owner=QUEUE, told=False)

    async def handle(self, item: WorkItem) -> None:
        """Every pending message of one conversation, in order; one that stops leaves the rest to another."""
        while turn := await self._store.work.begin(item):
            if not await self._handle_message(turn):
                return
            if self._stopping.is_set():
                await self._store.work.release(item)
                return

    async def _handle_message(self, turn: Turn) -> int | None:
        started_ms = now_ms()
        result, handoff, replies = await self._decide(turn, self._think)
        if replies and not result.nlu.emergency:
            replies = [*await self._said_first(turn), *replies]
        left = await self._store.work.finish(
            turn, replies, dialogue=result.dialogue, nlu=result.nlu, handoff=handoff, ends=not replies
        )
        log.info(
            "turn.finished" if left is not None else "turn.dropped",
            conversation_id=turn.conversation_id,
            intent=result.nlu.intent,
            outcome=result.nlu.outcome,
            handoff=handoff.reason if handoff else None,
            took_ms=now_ms() - started_ms,
        )
        if left is not None and result.nlu.emergency:
            kind, conversation_id = result.nlu.emergency, turn.conversation_id
            log.warning("emergency.found", conversation_id=conversation_id, kind=kind, owner=QUEUE, told=True)
        if left is not None:
            self._challenger.note(turn, result.nlu)
            model = self._challenger.name if result.nlu.arm == "challenger" else self._model.name
            await self._noticing.turn(turn, result.nlu, handoff, model)
        return left

    async def decide_live(self, turn: Turn) -> Decided:
        """What to say by the live model, whatever experiment runs."""
        return await self._decide(turn, self._think_live)

    async def _decide(self, turn: Turn, think: Think) -> Decided:
        """What to say and whether a human is needed; when anything goes wrong, a human is."""
        if turn.attempts > MAX_ATTEMPTS:
            log.error("turn.given_up", conversation_id=turn.conversation_id, attempts=turn.attempts)
            result = TurnResult(turn.dialogue, Nlu("human", "", 0.0))
            return result, *await self._to_human(turn, "assistant_crashed", result.nlu)
        payload = leads_to(turn.message.payload, await self._rules.merged())
        # Rasa, its logs and its dialogue in the store never hold a BSN, an IBAN or a card.
        read = replace(turn, message=replace(turn.message, text=masked(turn.message.text), payload=payload))
        try:
            result = await asyncio.wait_for(think(read), self._turn_timeout_s)
        except Exception as exc:
            log.error("turn.failed", conversation_id=turn.conversation_id, error=described(exc))
            result = TurnResult(turn.dialogue, Nlu("human", "", 0.0))
            return result, *await self._to_human(turn, "assistant_failed", result.nlu)
        if result.nlu.emergency:  # and whatever the dialogue would say, it does not
            return result, *await self._to_human(turn, result.nlu.emergency, result.nlu, "urgent")
        return await self._carry_out(result, turn)

    async def _think_live(self, turn: Turn) -> TurnResult:
        said = turn.message
        return await self._model.agent.turn(turn.conversation_id, said.text, said.payload, turn.dialogue)

    async def _think(self, turn: Turn) -> TurnResult:
        """By the live model, or by that of an experiment if it works."""
        result = await self._challenger.turn(turn)
        if result is None:
            return self._challenger.marked(await self._think_live(turn))
        # Who is in danger takes no part in an experiment: what either model takes for an emergency is one.
        kind = result.nlu.emergency or (await self._model.agent.understand(turn.message.text)).emergency
        return replace(result, nlu=replace(result.nlu, emergency=kind))

    async def _carry_out(self, result: TurnResult, turn: Turn) -> Decided:
        """What the dialogue decided."""
        if turn.channel == "comment" and result.nlu.outcome == "answer" and result.nlu.intent in NO_QUESTION:
            return result, None, []
        result = lead_on(result, await self._rules.merged())
        result = withhold(result, await self._rules.for_humans())
        try:
            replies = [await self._reply(turn, said) for said in result.utterances if not _is_handover(said)]
        except NotFound as exc:
            log.error("template.missing", conversation_id=turn.conversation_id, reason=str(exc))
            return result, *await self._to_human(turn, "template_missing", result.nlu)
        if result.handoff or not replies:
            wanted = result.handoff or {}
            reason, priority = wanted.get("reason", "not_confident"), wanted.get("priority", "normal")
            handoff, notices = await self._to_human(turn, reason, result.nlu, priority)
            return result, handoff, [*replies, *notices]
        return result, None, replies

    async def _to_human(
        self, turn: Turn, reason: str, nlu: Nlu, priority: Priority = "normal"
    ) -> tuple[Handoff, list[Message]]:
        handoff = Handoff(reason, priority, now_ms(), turn.message.id, nlu=nlu)
        notice = await self._answers.handover(
            handoff, turn.conversation_id, in_reply_to=turn.message.id, channel=turn.channel
        )
        return handoff, [notice]

    async def _said_first(self, turn: Turn) -> list[Message]:
        """What the customer has to know before the answer."""
        return [*(await self._back_from_human(turn) if turn.unannounced else ()), *await self._banner(turn)]

    async def _banner(self, turn: Turn) -> list[Message]:
        """That of a crisis, once in a conversation. Widgets show it by themselves, and comments get one message."""
        crisis = await self._rules.crisis()
        if not crisis or not crisis.banner or turn.channel in SHOWS_NO_BANNER:
            return []
        message_id = f"crisis-{crisis.from_ms}"
        if await self._store.conversations.has_message(turn.conversation_id, message_id):
            return []
        said = Message(message_id, turn.conversation_id, "system", crisis.banner, now_ms(), notice="crisis")
        return [replace(said, in_reply_to=turn.message.id)]

    async def _back_from_human(self, turn: Turn) -> list[Message]:
        """The customer thinks that a human is still there; without the template they have to find out."""
        try:
            return [
                await self._answers.message(
                    "utter_weer_assistent", turn.conversation_id, sender="system", in_reply_to=turn.message.id
                )
            ]
        except NotFound:
            return []

    async def _reply(self, turn: Turn, said: Utterance) -> Message:
        """Raises NotFound if the template is gone."""
        if not said.template:
            return _own_words(turn, said)
        buttons = await self._with_titles(said.buttons)
        return await self._answers.message(
            said.template,
            turn.conversation_id,
            in_reply_to=turn.message.id,
            buttons=buttons,
            channel=turn.channel,
            customer_name=turn.customer_name,
        )

    async def _with_titles(self, buttons: tuple[Button, ...]) -> tuple[Button, ...]:
        """A button that leads to an answer has the title that editors gave the answer."""
        answers = {button: f"utter_{button.payload.removeprefix('/')}" for button in buttons}
        templates = await self._store.templates.get_many(answers.values())
        titles = {button: templates[name].title for button, name in answers.items() if name in templates}
        return tuple(replace(button, title=titles.get(button) or button.title) for button in buttons)

    def _described(self) -> str:
        """JSON for the health page: the model that answers, and that of an experiment."""
        about = msgspec.json.decode(self._model.described())
        beside = {"challenger": self._challenger.name} if self._challenger.name else {}
        return msgspec.json.encode(about | beside).decode()

    async def _show_life(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._store.work.sign_of_life(self._name, self._described())
            except StoreUnavailable:
                pass  # the next one will do
            await asyncio.sleep(SIGN_OF_LIFE_S)


def _is_handover(said: Utterance) -> bool:
    """The hand-over's own text is made with the hand-over."""
    return said.template == "utter_overdracht" or said.template in HANDOVER_TEMPLATES.values()


def _own_words(turn: Turn, said: Utterance) -> Message:
    return Message(
        id=uuid.uuid4().hex,
        conversation_id=turn.conversation_id,
        sender="assistant",
        text=said.text,
        sent_at_ms=now_ms(),
        buttons=said.buttons,
        in_reply_to=turn.message.id,
    )
