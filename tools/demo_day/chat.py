"""One conversation, told line by line: what the customer, the assistant and agents did, and how many minutes ago."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bot.answers import Answers
from bot.model import Account, Handoff, IntentScore, Message, Nlu, Priority
from bot.store import Store
from bot.store.conversations import AtOnce
from bot.store.work import Unread, now_ms
from bot.web.clicks import Clicks
from bot.web.handling import Handling
from tools.demo_day.clock import Clock

_WORKER = "demo-day"
# What the ranking has behind its first, so that the desk has answers to suggest.
_OTHERS = ("faq_bestelstatus", "faq_retourneren", "faq_contact", "faq_levertijd")


@dataclass(frozen=True)
class World:
    """What every conversation needs: the store, the clock, the team."""

    store: Store
    clock: Clock
    answers: Answers
    handling: Handling
    clicks: Clicks
    team: dict[str, Account]


@dataclass
class Chat:
    """A conversation that is being told. Times are in minutes ago."""

    world: World
    channel: str
    who: str
    name: str = ""
    identity: str = ""
    email: str = ""
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = f"{self.channel}-{uuid.uuid5(uuid.NAMESPACE_OID, self.who)}"

    async def asks(
        self, ago: float, text: str, intent: str = "nlu_fallback", sure: float = 0.4, **entities: str
    ) -> Message:
        """The customer writes while the assistant has the floor."""
        message = await self.writes(ago, text)
        self._nlu = _nlu(intent, sure, entities)
        return message

    async def writes(self, ago: float, text: str) -> Message:
        """The customer writes."""
        self.world.clock.set(ago)
        self._said = self._message("customer", text)
        await self.world.store.conversations.receive(self._said, channel=self.channel, customer_id=self.who)
        if self.name and self.identity:
            await self.world.store.people.identify(self.id, self.identity, name=self.name, email=self.email)
        return self._said

    async def presses(self, ago: float, payload: str, title: str) -> None:
        """The customer presses a button of a question of ours: `/geholpen_ja`, `/beoordeling_5`."""
        self.world.clock.set(ago)
        pressed = self._message("customer", title, payload=payload)
        taken = await self.world.clicks.take(pressed)
        if isinstance(taken, AtOnce):
            conversations = self.world.store.conversations
            await conversations.receive(pressed, channel=self.channel, customer_id=self.who, at_once=taken)
        await self._arrived("read")

    async def answer(self, ago: float, ends: bool = False) -> None:
        """The assistant answers with the template of the intent."""
        self.world.clock.set(ago)
        template = f"utter_{self._nlu.intent}"
        reply = await self.world.answers.message(template, self.id, in_reply_to=self._said.id)
        await self._turn(reply, ends=ends)

    async def hand_over(self, ago: float, reason: str = "not_confident", priority: Priority = "normal") -> None:
        """The assistant gives the conversation to humans."""
        self.world.clock.set(ago)
        self._nlu = nlu = replace(self._nlu, outcome="human")
        store = self.world.store
        handoff = await store.departments.plan(
            Handoff(reason, priority, now_ms(), self._said.id, nlu=nlu), self.channel
        )
        reply = await self.world.answers.handover(handoff, self.id, in_reply_to=self._said.id, channel=self.channel)
        await self._turn(reply, handoff=handoff)

    async def take(self, ago: float, agent: str) -> None:
        """An agent takes it over."""
        self.world.clock.set(ago)
        conversation = await self.world.store.conversations.get(self.id)
        await self.world.handling.claim(self.id, self.world.team[agent], conversation.owner)

    async def reply(self, ago: float, agent: str, text: str, *, read: bool = True) -> None:
        """An agent writes to the customer."""
        self.world.clock.set(ago)
        message_id = uuid.uuid4().hex
        await self.world.handling.reply(self.id, self.world.team[agent], text, message_id)
        await self._arrived("read" if read else "delivered")

    async def note(self, ago: float, agent: str, text: str) -> None:
        """An agent writes a note for colleagues."""
        self.world.clock.set(ago)
        note = self._message("note", text, agent_name=self.world.team[agent].name)
        await self.world.store.conversations.note(note)

    async def pass_on(self, ago: float, agent: str, to: str, note: str = "") -> None:
        """An agent passes it on: to a colleague, or to a department."""
        self.world.clock.set(ago)
        by = self.world.team[agent]
        if to in self.world.team:
            await self.world.handling.transfer_to_agent(self.id, by, self.world.team[to], note)
        else:
            await self.world.handling.transfer_to_department(self.id, by, to, note)

    async def put_aside(self, ago: float, agent: str, for_minutes: float) -> None:
        """An agent puts it aside until so many minutes from now."""
        self.world.clock.set(ago)
        until_ms = now_ms() + int((ago + for_minutes) * 60_000)
        await self.world.handling.snooze(self.id, self.world.team[agent], until_ms)

    async def close(self, ago: float, agent: str, reason: str = "solved") -> None:
        """An agent closes it."""
        self.world.clock.set(ago)
        await self.world.handling.close(self.id, self.world.team[agent], reason)
        await self._arrived("read")

    async def understood(self, message: Message, intent: str, sure: float, *others: str) -> None:
        """The assistant reads along: what a message means that an agent got."""
        nlu = _nlu(intent, sure, {}, others or _OTHERS)
        unread = Unread(self.id, message.id, message.text)
        await self.world.store.work.understood(unread, replace(nlu, outcome="human"))

    async def label(self, *labels: str) -> None:
        await self.world.store.labels.set(self.id, labels)

    async def _turn(self, reply: Message, *, handoff: Handoff | None = None, ends: bool = False) -> None:
        work = self.world.store.work
        item = await work.take(_WORKER, block_ms=1000)
        turn = await work.begin(item) if item else None
        assert turn and turn.message.id == self._said.id
        await work.finish(turn, [reply], dialogue="{}", nlu=self._nlu, handoff=handoff, ends=ends)
        await self._arrived("read")

    async def _arrived(self, state: str) -> None:
        conversations = self.world.store.conversations
        unread = [message_id for _, message_id in await conversations.unread(self.id)]
        await conversations.mark(self.id, unread, "read" if state == "read" else "delivered")

    def _message(self, sender: str, text: str, **fields: str) -> Message:
        return Message(uuid.uuid4().hex, self.id, sender, text, now_ms(), **fields)  # type: ignore[arg-type]


def _nlu(intent: str, sure: float, entities: dict[str, str], others: Sequence[str] = _OTHERS) -> Nlu:
    others = [name for name in others if name != intent][:3]
    left = 1 - sure
    ranking = (
        IntentScore(intent, sure),
        *(IntentScore(name, round(left / 2**n, 3)) for n, name in enumerate(others, 1)),
    )
    found = tuple({"entity": kind, "value": value, "start": 0, "end": len(value)} for kind, value in entities.items())
    return Nlu("answer", intent, sure, ranking, found, 0.8)
