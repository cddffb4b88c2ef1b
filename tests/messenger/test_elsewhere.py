"""Somebody answers in Meta's inbox: the assistant is silent, and comes back without answering what is over."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace

import pytest

from bot.answers import Answers
from bot.model import Account, Attachment, Conversation, Handoff, Message, Nlu
from bot.settings import Settings
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.elsewhere import Elsewhere
from bot.web.channels.messenger.events import ControlMoved, Echoed, Where
from bot.web.channels.messenger.silence import Silence
from bot.web.handling import Handling
from bot.web.rescue import Rescue
from tests.fakes.conversations import silent_since

OURS, INBOX = "7001", "263902037430900"
PAGE = Page("1001", "token")
SANNE = Account("sanne", "Sanne", ("agent",))
NLU = Nlu("human", "", 0.1)
HOUR_MS = 3_600_000
TAKEN, BACK = "take", "pass"


class Desk:
    """One customer on one page, as the channel and the desk see them. Times are ms after the customer began."""

    def __init__(self, store: Store, settings: Settings, channel: str = "messenger") -> None:
        self.store = store
        self.answers = Answers(store.templates, settings, store.departments, store.editing_rules)
        self.elsewhere = Elsewhere(store, self.answers, app_id=OURS)
        self.silence = Silence(store, self.answers, settings)
        self.rescue = Rescue(store, self.answers, settings)
        self.channel = channel
        self.began_ms = now_ms()
        account_id = PAGE.id if channel == "messenger" else "9001"
        self.where = Where(channel, PAGE, account_id, f"{uuid.uuid4().int % 10**12}", self.began_ms)
        self.id = self.where.conversation_id

    def at(self, ms: int, *, standby: bool = False) -> Where:
        return replace(self.where, at_ms=self.began_ms + ms, standby=standby)

    async def writes(self, text: str, ms: int = 0, *, standby: bool = False) -> None:
        """As the effect of a message is given."""
        where = self.at(ms, standby=standby)
        if standby:
            await self.elsewhere.listened(where)
        else:
            await self.elsewhere.reached_us(where)
        times = {"opened_at_ms": where.at_ms, "wrote_at_ms": where.at_ms}
        contact = Contact(self.channel, where.customer_id, PAGE.id, **times)
        await self.store.conversations.note_contact(self.id, contact)
        message = Message(f"m_{uuid.uuid4().hex}", self.id, "customer", text, now_ms())
        await self.store.conversations.receive(
            message, channel=self.channel, customer_id=where.customer_id, answerable=not standby
        )

    async def echo(self, text: str, ms: int, *, mid: str = "", app_id: str = INBOX, **fields: object) -> None:
        await self.elsewhere.echoed(Echoed(self.at(ms), mid or f"m_{text}", text, app_id, "", **fields))  # type: ignore[arg-type]

    async def control(self, kind: str, new_owner: str, ms: int) -> None:
        await self.elsewhere.control_moved(ControlMoved(self.at(ms), kind, new_owner, ""))  # type: ignore[arg-type]

    async def answers_next(self, text: str = "antwoord", handoff: Handoff | None = None) -> bool:
        """The assistant answers what waits for it; False if nothing does."""
        item = await self.store.work.take("one", block_ms=20)
        turn = item and await self.store.work.begin(item)
        if not turn:
            return False
        said = Message(uuid.uuid4().hex, self.id, "assistant", text, now_ms(), in_reply_to=turn.message.id)
        return await self.store.work.finish(turn, [said], dialogue="[]", nlu=NLU, handoff=handoff) is not None

    async def arrives(self) -> None:
        """What waits to be sent goes out."""
        claim = await self.store.sending.claim()
        wanted = claim and await self.store.sending.begin(claim, claiming=True)
        assert claim and wanted
        attempt = await self.store.sending.attempt(claim, wanted.message.id, part=0, parts=1)
        await self.store.sending.settle(self.id, attempt or "", mid=f"m_{attempt}", at_ms=now_ms())

    async def is_quiet_for(self, minutes: int) -> None:
        """Let so much time pass, and what looks after it look."""
        await silent_since(self.store, self.id, now_ms() - minutes * 60_000 - 1_000)
        await self.rescue._put_back_unanswered()
        await self.silence.look()

    async def conversation(self) -> Conversation:
        return await self.store.conversations.get(self.id)

    async def owner(self) -> str:
        return (await self.conversation()).owner

    async def lines(self) -> list[str]:
        """Who said what, as agents read it."""
        lines = await self.store.conversations.transcript(self.id)
        return [f"{line.message.agent_name or line.message.sender}: {line.message.text}" for line in lines]


@pytest.fixture
def desk(store: Store, settings: Settings) -> Desk:
    return Desk(store, settings)


@pytest.mark.parametrize("channel", ["messenger", "instagram"])
@pytest.mark.parametrize("app_id", [INBOX, "1217981644879628", ""])
async def test_an_echo_of_somebody_else_is_shown_and_silences_the_assistant(
    store: Store, settings: Settings, channel: str, app_id: str
) -> None:
    desk = Desk(store, settings, channel)
    await desk.writes("hoe laat zijn jullie open?")
    photo = Attachment("image", "https://cdn.example/a.jpg")
    await desk.echo("Ann hier", 10, app_id=app_id, attachments=(photo,))
    await desk.writes("en op zondag?", 20)
    assert not await desk.answers_next()
    assert await desk.owner() == "agent:meta-inbox"
    (line,) = [one.message for one in await store.conversations.transcript(desk.id) if one.message.sender == "agent"]
    assert (line.text, line.agent_name, line.attachments) == ("Ann hier", "Meta-inbox", (photo,))


async def test_a_conversation_that_a_human_begins_in_the_inbox_is_not_the_assistants(desk: Desk) -> None:
    await desk.echo("Uw bestelling ligt klaar", 0)
    await desk.writes("welke winkel?", 10)
    assert await desk.owner() == "agent:meta-inbox"
    assert not await desk.answers_next()


async def test_control_that_moves_before_the_customer_is_known_is_remembered(desk: Desk) -> None:
    await desk.control(TAKEN, INBOX, 5)
    # So that it is found when it has expired.
    assert [one.id for one in await desk.store.conversations.recent()] == [desk.id]
    await desk.writes("hallo", 0)  # it came late
    assert not await desk.answers_next()


@pytest.mark.parametrize("new_owner", [OURS, ""])
async def test_control_that_comes_back_for_a_customer_nobody_knows_begins_nothing(desk: Desk, new_owner: str) -> None:
    await desk.control(BACK, new_owner, 5)
    await desk.control("request", INBOX, 6)
    assert await desk.store.conversations.get_many([desk.id]) == []


async def test_a_human_in_the_inbox_takes_the_conversation_out_of_our_queue(desk: Desk) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.answers_next("een collega helpt je", Handoff("not_confident", "normal", 1))
    assert await desk.store.queue.size() == 1
    await desk.echo("Ann hier", 10)
    assert (await desk.store.queue.size(), await desk.owner()) == (0, "agent:meta-inbox")
    assert (await desk.store.conversations.transcript(desk.id))[1].marks.problem == "other_owner"


async def test_an_agent_of_ours_keeps_it_and_sees_what_is_said_elsewhere(desk: Desk) -> None:
    await desk.writes("hallo")
    await desk.store.queue.claim(await desk.conversation(), SANNE)
    await desk.echo("Ann hier", 10)
    await desk.control(TAKEN, INBOX, 11)
    for ms in (12, 13):
        await desk.writes("wie is wie?", ms, standby=True)
    assert await desk.owner() == "agent:sanne"
    assert (await desk.conversation()).control == INBOX
    lines = await desk.lines()
    assert "Meta-inbox: Ann hier" in lines and lines[-1] == "customer: wie is wie?"
    assert sum("nu in de Meta-inbox" in line for line in lines) == 1


async def test_given_back_the_assistant_answers_what_comes_next_and_nothing_before(desk: Desk) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.echo("Ann hier", 10)
    await desk.control(TAKEN, INBOX, 10)
    await desk.writes("dank je", 20, standby=True)
    await desk.control(BACK, OURS, 30)
    assert await desk.owner() == "assistant"
    assert not await desk.answers_next()
    await desk.writes("oude vraag", 25, standby=True)  # late: it was Ann's
    assert (await desk.owner(), await desk.answers_next()) == ("assistant", False)
    await desk.writes("hoe laat zijn jullie open?", 40)
    assert await desk.answers_next()
    said = [line for line in await desk.store.conversations.transcript(desk.id) if line.message.to_customer]
    assert [line.message.text for line in said] == ["Ann hier", "antwoord"]  # and no word about the hand-back


async def test_old_and_repeated_news_changes_nobodys_turn(desk: Desk) -> None:
    await desk.writes("hallo")
    for _ in range(2):
        await desk.control(TAKEN, INBOX, 10)
        await desk.echo("Ann hier", 10)
    await desk.control(BACK, OURS, 30)
    await desk.echo("nog van Ann", 20)  # late
    await desk.echo("Ann hier", 10)
    await desk.control(TAKEN, INBOX, 10)
    assert await desk.owner() == "assistant"
    await desk.echo("Ann is er weer", 40)
    await desk.control(BACK, OURS, 30)  # again
    assert await desk.owner() == "agent:meta-inbox"
    assert "Meta-inbox: nog van Ann" in await desk.lines()
    assert len(await desk.lines()) == len(set(await desk.lines()))


async def test_control_that_goes_to_a_third_app_is_somebody_elses(desk: Desk) -> None:
    await desk.writes("hallo")
    await desk.answers_next()
    await desk.arrives()
    await desk.control(BACK, "413038776280800", 10)
    assert ((await desk.conversation()).control, await desk.owner()) == ("413038776280800", "agent:meta-inbox")
    await desk.control(BACK, OURS, 20)
    assert ((await desk.conversation()).control, await desk.owner()) == ("", "assistant")


@pytest.mark.parametrize(("new_owner", "notes"), [(INBOX, 1), (OURS, 0)])
async def test_whoever_asks_for_the_conversation_gets_a_note(desk: Desk, new_owner: str, notes: int) -> None:
    await desk.writes("hallo")
    for _ in range(2):
        await desk.control("request", new_owner, 10)
    assert sum("vraagt vanuit de Meta-inbox" in line for line in await desk.lines()) == notes
    assert await desk.owner() == "assistant"


async def test_a_customer_whose_message_overtook_the_hand_back_goes_to_the_queue(desk: Desk) -> None:
    await desk.writes("hallo")
    await desk.echo("Ann hier", 10)
    await desk.writes("wat kost een kast?", 40)  # there is no default app: nobody says that it is not ours
    await desk.control(BACK, OURS, 30)
    assert await desk.owner() == "queue"
    assert (await desk.lines())[-1].startswith("assistant: ")


@pytest.mark.parametrize("news", ["taken", "listened", "refused"])
async def test_a_message_that_comes_to_us_shows_that_the_other_app_let_go(desk: Desk, news: str) -> None:
    await desk.writes("hallo")
    if news == "taken":
        await desk.control(TAKEN, INBOX, 10)
    elif news == "listened":
        await desk.writes("wie is daar?", 10, standby=True)
    else:
        await desk.elsewhere.refused(desk.id, desk.began_ms + 10)
    assert not await desk.answers_next()
    await desk.writes("hoe laat?", 2 * HOUR_MS)
    assert await desk.owner() == "assistant"
    assert await desk.answers_next()


@pytest.mark.parametrize(
    ("promised", "arrives", "replies", "owner"),
    [
        (False, True, False, "assistant"),  # they had their answer
        (False, False, False, "queue"),  # it did not arrive
        (True, True, False, "queue"),  # a human was promised, and looked without a word
        (True, True, True, "assistant"),
    ],
)
async def test_given_back_unanswered_the_customer_goes_to_our_queue(
    desk: Desk, promised: bool, arrives: bool, replies: bool, owner: str
) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.answers_next(handoff=Handoff("not_confident", "normal", 1) if promised else None)
    if arrives:
        await desk.arrives()
    await desk.control(TAKEN, INBOX, 10)
    if replies:
        await desk.echo("Ann hier", 11)
        await desk.writes("dank je", 12, standby=True)
    await desk.control(BACK, OURS, 20)
    assert await desk.owner() == owner


async def test_a_promised_human_is_not_forgotten_when_the_customer_writes_to_us(desk: Desk) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.answers_next(handoff=Handoff("not_confident", "normal", 1))
    await desk.control(TAKEN, INBOX, 10)
    await desk.writes("hallo?", 20)
    assert (await desk.owner(), await desk.answers_next()) == ("queue", False)


async def test_the_same_news_for_two_processes_at_once_counts_once(desk: Desk) -> None:
    await desk.writes("hallo")
    await asyncio.gather(*(desk.echo("Ann hier", 10) for _ in range(5)))
    await asyncio.gather(*(desk.control(TAKEN, INBOX, 10) for _ in range(5)))
    await asyncio.gather(*(desk.control(BACK, OURS, 20) for _ in range(5)))
    lines = await desk.lines()
    assert (await desk.owner(), len(lines), len(set(lines))) == ("assistant", 4, 4)
    # Whichever is first: what happened last counts.
    await asyncio.gather(desk.control(BACK, OURS, 40), desk.echo("Ann nog", 50), desk.control(TAKEN, INBOX, 30))
    assert await desk.owner() == "agent:meta-inbox"


@pytest.mark.parametrize("kind", ["echo", "taken"])
@pytest.mark.parametrize("sooner", [True, False])
async def test_who_takes_it_again_in_the_moment_of_a_hand_back_keeps_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, sooner: bool
) -> None:
    await desk.writes("hallo")
    await desk.control(TAKEN, INBOX, 30)
    read = desk.store.conversations.get
    later = [desk.echo("Ann nog", 50) if kind == "echo" else desk.control(TAKEN, INBOX, 50)]

    async def read_in_the_moment(conversation_id: str) -> Conversation:
        before = await read(conversation_id)
        while later:
            await later.pop()
        return await read(conversation_id) if sooner else before

    monkeypatch.setattr(desk.store.conversations, "get", read_in_the_moment)
    await desk.control(BACK, OURS, 40)
    assert await desk.owner() == "agent:meta-inbox"


async def test_without_a_default_app_the_human_keeps_it_while_the_customer_writes(desk: Desk) -> None:
    await desk.writes("hallo")
    await desk.echo("Ann hier", 10)
    await desk.writes("wat kost een kast?", 20)
    assert (await desk.owner(), await desk.answers_next()) == ("agent:meta-inbox", False)


async def test_listening_along_takes_no_conversation_out_of_our_queue(desk: Desk) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.answers_next("een collega helpt je", Handoff("not_confident", "normal", 1))
    await desk.writes("hallo??", 10, standby=True)
    assert await desk.owner() == "queue"


async def test_a_refusal_counts_also_when_metas_clock_is_ahead_of_ours(desk: Desk) -> None:
    await desk.writes("hoe laat")
    await desk.control(BACK, OURS, 60_000)
    await desk.elsewhere.refused(desk.id, desk.began_ms + 10)
    assert await desk.owner() == "agent:meta-inbox"


@pytest.mark.parametrize("owner", ["assistant", "queue", "agent:sanne"])
async def test_a_refused_message_makes_only_the_assistant_give_way(desk: Desk, owner: str) -> None:
    await desk.writes("hallo")
    if owner == "queue":
        await desk.answers_next("een collega helpt je", Handoff("not_confident", "normal", 1))
    elif owner == "agent:sanne":
        await desk.store.queue.claim(await desk.conversation(), SANNE)
    await desk.elsewhere.refused(desk.id, desk.began_ms + 10)
    assert await desk.owner() == ("agent:meta-inbox" if owner == "assistant" else owner)
    # Agents see why nobody answers, or why their message failed.
    assert (await desk.lines())[-1].startswith("Meta-inbox: Meta nam een bericht van ons niet aan")


async def test_an_agent_takes_over_from_the_inbox_as_from_a_colleague(desk: Desk) -> None:
    await desk.writes("hallo")
    await desk.echo("Ann hier", 10)
    handling = Handling(desk.store, desk.answers)
    assert (await handling.claim(desk.id, SANNE, "agent:meta-inbox")).agent_id == "sanne"
    await desk.echo("Ann nog", 20)
    assert await desk.owner() == "agent:sanne"


@pytest.mark.parametrize(("minutes", "owner"), [(59, "agent:meta-inbox"), (60, "assistant")])
async def test_after_a_time_of_silence_the_assistant_may_answer_again(desk: Desk, minutes: int, owner: str) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.echo("Ann hier", 10)
    await desk.is_quiet_for(minutes)
    assert await desk.owner() == owner
    if owner == "assistant":
        assert (await desk.lines())[
            -1
        ] == "Meta-inbox: In de Meta-inbox bleef het 60 minuten stil. De assistent antwoordt weer."
        assert not await desk.answers_next()
        await desk.echo("Ann is er weer", HOUR_MS)
        assert await desk.owner() == "agent:meta-inbox"


async def test_a_customer_whom_the_inbox_leaves_waiting_goes_to_our_queue_and_stays_there(desk: Desk) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.control(TAKEN, INBOX, 10)
    await desk.writes("is daar iemand?", 20, standby=True)
    await desk.is_quiet_for(31)
    assert await desk.owner() == "queue"
    assert (await desk.conversation()).last_sender == "assistant"  # where they stand: it may be refused
    await desk.elsewhere.refused(desk.id, now_ms())
    await desk.writes("hallo??", 30, standby=True)
    await desk.control(TAKEN, INBOX, 10)
    assert await desk.owner() == "queue"


@pytest.mark.parametrize(("minutes", "owner"), [(1, "agent:meta-inbox"), (3, "queue")])
async def test_somebody_in_danger_waits_for_nobody_elses_inbox(desk: Desk, minutes: int, owner: str) -> None:
    await desk.writes("ik wil niet meer leven")
    await desk.answers_next("bel 113", Handoff("self_harm", "urgent", 1))
    await desk.control(TAKEN, INBOX, 10)
    await desk.is_quiet_for(minutes)
    assert await desk.owner() == owner


@pytest.mark.parametrize("promised", [True, False])
async def test_who_was_promised_a_human_or_did_not_hear_us_is_not_handed_back(desk: Desk, promised: bool) -> None:
    await desk.writes("mijn kast is kapot")
    await desk.answers_next(handoff=Handoff("not_confident", "normal", 1) if promised else None)
    await desk.control(TAKEN, INBOX, 10)  # what waited to be sent fails
    await desk.is_quiet_for(29)
    assert await desk.owner() == "agent:meta-inbox"
    await desk.is_quiet_for(61)
    assert await desk.owner() == "queue"


async def test_who_had_their_answer_is_handed_back_after_silence(desk: Desk) -> None:
    await desk.writes("hoe laat?")
    await desk.answers_next()
    await desk.arrives()
    await desk.control(TAKEN, INBOX, 10)
    await desk.is_quiet_for(31)
    assert await desk.owner() == "agent:meta-inbox"
    await desk.is_quiet_for(61)
    assert await desk.owner() == "assistant"
