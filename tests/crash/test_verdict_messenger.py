"""The verdict about Messenger can fail too: what Meta knows and what is stored are made to differ, and it is found."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import msgspec
import pytest

from bot.model import META_INBOX_NAME, Account, Handoff, Message
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.inbound import RawEvent
from bot.store.sending import Claim
from bot.store.work import now_ms
from tests.fakes.conversations import NOT_SURE, answer, message
from tools.crash.rules import Violation
from tools.crash.rules.sending import IN_THE_AIR_MS
from tools.crash.snapshot import take
from tools.crash.verdict import violations
from tools.crash.witness import Arrived, OnPlatform, Refused, Sent, Witness

ID = "messenger-1001-6001"
SANNE = Account("sanne", "Sanne", ("agent",))


@dataclass
class Trial:
    """One conversation on Messenger: answers, a refused one, Meta's inbox, a hand-back, an answer; all of it read."""

    store: Store
    url: str
    witness: Witness
    side: OnPlatform

    async def log(self) -> list[Message]:
        return await self.store.conversations.messages(ID)

    async def say(self, text: str, template: str = "") -> Message:
        """The assistant says something, in answer to the customer's message of now."""
        asked = await self.customer_writes(f"vraag bij {text}")
        await answer(self.store, asked, text, template=template)
        return (await self.log())[-1]

    async def customer_writes(self, text: str) -> Message:
        asked = message(ID, "customer", text)
        await self.store.conversations.receive(asked, channel="messenger", customer_id="6001")
        self.witness.sent.append(Sent(asked.id, text, acked=True))
        return asked

    async def attempt(self) -> tuple[Claim, Message, str]:
        """Begin to send the next message, as a sender does that takes over from whoever was at it."""
        claim = Claim(ID, uuid.uuid4().hex)
        begun = await self.store.sending.begin(claim, claiming=True)
        assert begun
        attempt = await self.store.sending.attempt(claim, begun.message.id, part=0, parts=1)
        assert attempt
        return claim, begun.message, attempt

    async def send(self, *, asked_at_ms: int = 0) -> Arrived:
        """Send the next message, and read it."""
        claim, sent, attempt = await self.attempt()
        arrived = Arrived(f"vb:{attempt}", sent.text, asked_at_ms or now_ms())
        self.side.arrived.append(arrived)
        await self.store.sending.settle(ID, attempt, mid=f"m-{attempt}", at_ms=now_ms())
        await self.store.sending.begin(claim, claiming=False)
        await self.store.conversations.mark(ID, [sent.id], "read")
        return arrived

    async def fail(self, problem: str, refusal: tuple[int, int | None] | None = None) -> None:
        """The next message is refused, or only said to be."""
        claim, sent, attempt = await self.attempt()
        if refusal:
            self.side.refused.append(Refused(f"vb:{attempt}", *refusal))
        await self.store.sending.fail(claim, sent.id, problem)
        await self.store.sending.begin(claim, claiming=False)

    async def inbox_says(self, text: str) -> None:
        said = message(ID, "agent", text, agent_name=META_INBOX_NAME)
        await self.store.queue.answered_elsewhere(ID, at_ms=now_ms(), message=said)
        self.side.said_elsewhere[said.id] = text

    async def hand_back(self) -> None:
        note = message(ID, "note", "terug", id="back-1", agent_name=META_INBOX_NAME, notice="elsewhere")
        await self.store.queue.hand_back(await self.store.conversations.get(ID), [note])

    async def verdict(self) -> list[Violation]:
        return violations(await take(self.url, self.store._keys.prefix), [self.witness], [])


@pytest.fixture
async def trial(store: Store, redis_url: str) -> Trial:
    side = OnPlatform()
    one = Trial(store, redis_url, Witness("messenger", ID, platform=side), side)
    await store.conversations.note_contact(ID, Contact("messenger", "6001", "1001", opened_at_ms=now_ms()))
    await one.say("We zijn open van 9.30 tot 18.00 uur.")
    await one.send()
    await one.say("Dit weigert Meta.")
    await one.fail("rejected", (100, None))
    asked = await one.customer_writes("mijn kat zit vast in jullie lift")
    handoff = Handoff("not_confident", "normal", now_ms(), asked.id, nlu=NOT_SURE)
    turn = await store.work.begin(await store.work.take("test", block_ms=500))  # type: ignore[arg-type]
    assert turn
    told = message(ID, "assistant", "Een collega helpt je.", notice="handed_over", in_reply_to=asked.id)
    await store.work.finish(turn, [told], dialogue="{}", nlu=NOT_SURE, handoff=handoff)
    await one.send()
    await one.inbox_says("Ik kom eraan, groet Ann.")
    await store.conversations.mark(ID, list(side.said_elsewhere), "read")
    side.overheard.add((await one.customer_writes("fijn, Ann")).id)
    await one.hand_back()
    await one.say("Terugsturen kost 2,95.")
    await one.send()
    return one


async def test_a_sound_store_passes(trial: Trial) -> None:
    assert await trial.verdict() == []


async def test_what_was_said_in_the_inbox_before_we_took_the_thread_back_takes_nothing(trial: Trial) -> None:
    """The echo of it came late, when an agent had answered and given the conversation back."""
    await trial.store.conversations.set_control(ID, "", at_ms=now_ms() + 1_000)
    trial.side.taken_back.append(now_ms() + 1)
    await asyncio.sleep(0.01)
    said = message(ID, "agent", "Ik kom er zo aan.", agent_name=META_INBOX_NAME)
    said = replace(said, sent_at_ms=said.sent_at_ms - 100)
    await trial.store.queue.answered_elsewhere(ID, at_ms=said.sent_at_ms, message=said)
    trial.side.said_elsewhere[said.id] = said.text
    await trial.say("Ruilen kan.")
    await trial.send()
    assert await trial.verdict() == []
    trial.side.taken_back.clear()
    assert "after takeover" in [found.rule for found in await trial.verdict()]


async def send_a_message_again(trial: Trial) -> None:
    """As a sender that did not know that its first attempt arrived."""
    await trial.say("Ruilen kan.")
    _, sent, attempt = await trial.attempt()
    trial.side.arrived.append(Arrived(f"vb:{attempt}", sent.text, now_ms()))
    await trial.send()


async def send_an_attempt_again(trial: Trial) -> None:
    trial.side.arrived.append(trial.side.arrived[-1])


async def send_a_text_again_and_know_nothing_of_it(trial: Trial) -> None:
    trial.side.arrived.append(replace(trial.side.arrived[-1], metadata="vb:unknown"))


async def send_what_is_not_stored(trial: Trial) -> None:
    trial.side.arrived.append(Arrived("", "Gefeliciteerd, u heeft gewonnen.", now_ms()))


async def send_the_later_message_first(trial: Trial) -> None:
    trial.side.arrived.reverse()


async def lose_what_was_sent(trial: Trial) -> None:
    """The store says that it was, and Meta knows nothing of it."""
    trial.side.arrived.pop()


async def send_half_of_it(trial: Trial) -> None:
    trial.side.arrived[-1] = replace(trial.side.arrived[-1], text="Terugsturen")


async def leave_it_unsent(trial: Trial) -> None:
    await trial.say("Ruilen kan.")


async def leave_an_attempt_in_the_air(trial: Trial) -> None:
    """It arrived, and nobody noted that."""
    await trial.say("Ruilen kan.")
    _, sent, attempt = await trial.attempt()
    trial.side.arrived.append(Arrived(f"vb:{attempt}", sent.text, now_ms()))


async def not_know_that_it_was_read(trial: Trial) -> None:
    last = (await trial.log())[-1]
    await trial.store._client.hset(trial.store._keys.states(ID), last.id, "sent")


async def fail_without_a_refusal(trial: Trial) -> None:
    await trial.say("Ruilen kan.")
    await trial.fail("rejected")


async def fail_for_another_reason(trial: Trial) -> None:
    await trial.say("Ruilen kan.")
    await trial.fail("window", (100, None))


async def fail_because_of_an_inbox_that_did_nothing(trial: Trial) -> None:
    await trial.say("Ruilen kan.")
    await trial.fail("other_owner")


async def fail_what_arrived(trial: Trial) -> None:
    await trial.say("Ruilen kan.")
    claim, sent, attempt = await trial.attempt()
    trial.side.arrived.append(Arrived(f"vb:{attempt}", sent.text, now_ms()))
    trial.side.refused.append(Refused(f"vb:{attempt}", 100, None))
    await trial.store.sending.fail(claim, sent.id, "rejected")


async def send_what_the_assistant_had_to_say_before_the_inbox_took_over(trial: Trial) -> None:
    """The attempt was in the air at that moment, was lost, and is made again minutes later."""
    await trial.say("Ruilen kan.")
    await trial.attempt()
    await trial.inbox_says("Ik zoek het uit, Ann.")
    await trial.send(asked_at_ms=now_ms() + 2 * IN_THE_AIR_MS)


@pytest.mark.parametrize(("template", "found"), [("utter_noodgeval", False), ("utter_faq_ruilen", True)])
async def test_only_where_to_find_help_is_sent_after_the_inbox_took_over(
    trial: Trial, template: str, found: bool
) -> None:
    await trial.say("Bel 112.", template)
    await trial.attempt()
    await trial.inbox_says("Ik zoek het uit, Ann.")
    await trial.send(asked_at_ms=now_ms() + 2 * IN_THE_AIR_MS)
    assert ("after takeover" in [one.rule for one in await trial.verdict()]) is found


async def speak_beside_the_inbox(trial: Trial) -> None:
    """The assistant says something of its own accord."""
    await trial.inbox_says("Ik zoek het uit, Ann.")
    said = message(ID, "assistant", "Ruilen kan.")
    await trial.store.queue.reply(ID, Account("meta-inbox", "", ()), said)


async def answer_what_was_said_to_somebody_else(trial: Trial) -> None:
    trial.side.overheard.add(trial.witness.sent[-1].id)


async def lose_what_the_inbox_said(trial: Trial) -> None:
    trial.side.said_elsewhere["m-lost"] = "Dag!"


async def invent_what_the_inbox_said(trial: Trial) -> None:
    trial.side.said_elsewhere.clear()


async def leave_an_event_without_effect(trial: Trial) -> None:
    await trial.store.inbound.put([RawEvent("page", "1001", "messaging", msgspec.Raw(b"{}"), now_ms())])


async def not_understand_an_event(trial: Trial) -> None:
    await leave_an_event_without_effect(trial)
    [event] = await trial.store.inbound.waiting()
    await trial.store.inbound.set_aside(event, "odd")


async def lose_a_customers_message(trial: Trial) -> None:
    [first, *_] = await trial.log()
    await trial.store._client.xdel(trial.store._keys.log(ID), first.entry_id)


async def leave_a_mark(trial: Trial) -> None:
    await trial.store._client.hset(trial.store._keys.marks(ID), "problem nothing", "gave_up")


@pytest.mark.parametrize(
    ("break_it", "rule"),
    [
        (send_a_message_again, "twice"),
        (send_an_attempt_again, "twice"),
        (send_a_text_again_and_know_nothing_of_it, "twice"),
        (send_what_is_not_stored, "lost"),
        (send_the_later_message_first, "out of order"),
        (lose_what_was_sent, "not delivered"),
        (send_half_of_it, "not delivered"),
        (leave_it_unsent, "not delivered"),
        (leave_an_attempt_in_the_air, "not delivered"),
        (not_know_that_it_was_read, "not delivered"),
        (fail_without_a_refusal, "not delivered"),
        (fail_for_another_reason, "not delivered"),
        (fail_because_of_an_inbox_that_did_nothing, "not delivered"),
        (fail_what_arrived, "not delivered"),
        (send_what_the_assistant_had_to_say_before_the_inbox_took_over, "after takeover"),
        (speak_beside_the_inbox, "after takeover"),
        (answer_what_was_said_to_somebody_else, "after takeover"),
        (lose_what_the_inbox_said, "lost"),
        (invent_what_the_inbox_said, "lost"),
        (leave_an_event_without_effect, "lost"),
        (not_understand_an_event, "lost"),
        (lose_a_customers_message, "lost"),
        (leave_a_mark, "inconsistent"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_a_broken_store_is_found_out(
    trial: Trial, break_it: Callable[[Trial], Awaitable[None]], rule: str
) -> None:
    await break_it(trial)
    assert rule in [found.rule for found in await trial.verdict() if found.conversation_id in (ID, "")]
