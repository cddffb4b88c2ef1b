"""What agents do with a conversation: who has it then, what the customer hears, and what colleagues read about it."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from bot.answers import Answers
from bot.errors import AlreadyClaimed, CustomerWrote, InvalidMessage, NotFound
from bot.model import CLOSE_REASONS, Account, Conversation, Priority
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.work import now_ms
from bot.web.handling import MAX_NOTE_CHARS, MAX_SNOOZE_DAYS, PRIORITIES, SILENT_REASONS, Handling
from bot.web.rescue import Rescue
from bot.web.snoozes import Snoozes
from tests.conftest import project_templates
from tests.fakes.conversations import handed_over, message, silent_since, write

SANNE = Account("sanne", "Sanne", ("agent",))
DAAN = Account("daan", "Daan", ("agent",))
REDACTIE = Account("redactie", "Redactie", ("editor",))
CHEF = Account("chef", "Chef", ("manager",))
ALL_DAY = "ma-zo 0:00-23:59"
SERVICE = Department("klantenservice", "de klantenservice", Target(10, 60), hours=ALL_DAY)
HR = Department("hr", "de afdeling personeel", Target(120, 600), hours=ALL_DAY, place=1)
DAY_MS = 86_400_000


@pytest.fixture
async def handling(store: Store, settings: Settings) -> Handling:
    await store.templates.seed(project_templates())
    return Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))


@pytest.fixture
def snoozes(store: Store, settings: Settings) -> Snoozes:
    return Snoozes(store, Answers(store.templates, settings, store.departments, store.editing_rules), away_s=60)


async def taken(store: Store, agent: Account = SANNE, **handoff: object) -> str:
    """A conversation that `agent` has."""
    conversation_id = await handed_over(store, "help", **handoff)  # type: ignore[arg-type]
    await store.queue.claim(await store.conversations.get(conversation_id), agent)
    return conversation_id


async def said(store: Store, conversation_id: str, sender: str) -> list[str]:
    lines = await store.conversations.transcript(conversation_id)
    return [line.message.text for line in lines if line.message.sender == sender]


async def in_view(store: Store, view: str) -> list[str]:
    return [one.id for one in (await store.views.page(view)).conversations]


async def told(store: Store, account: Account) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in await store.notifications.latest(account.id)]


# Passing on


async def test_a_colleague_gets_it_with_a_note_and_the_customer_hears_whom(store: Store, handling: Handling) -> None:
    conversation_id = await taken(store)
    await handling.transfer_to_agent(conversation_id, SANNE, DAAN, "wil zijn geld terug")
    conversation = await store.conversations.get(conversation_id)
    assert (conversation.owner, conversation.agent_name) == ("agent:daan", "Daan")
    assert (await said(store, conversation_id, "system"))[-1] == (
        "Ik heb je doorverbonden met Daan van de klantenservice."
    )
    assert await said(store, conversation_id, "note") == [
        "Sanne heeft dit gesprek doorgestuurd naar Daan.\nwil zijn geld terug"
    ]
    assert await told(store, DAAN) == [("assigned", "Sanne stuurt je een gesprek door: wil zijn geld terug")]
    # Who is given something need not be there: that is no sign of life.
    assert await store.agents.last_seen({"daan"}) == {"daan": 0}


async def test_a_waiting_conversation_can_be_given_to_a_colleague(store: Store, handling: Handling) -> None:
    conversation_id = await handed_over(store, "help", reason="complaint", priority="high")
    await handling.assign(conversation_id, CHEF, SANNE)
    assert (await store.conversations.get(conversation_id)).owner == "agent:sanne"
    assert await said(store, conversation_id, "system") == [
        "Je klacht gaat naar Sanne van de klantenservice, die neemt het over."
    ]
    assert await told(store, SANNE) == [("assigned", "Chef heeft je een gesprek gegeven.")]
    with pytest.raises(AlreadyClaimed):
        await handling.assign(conversation_id, CHEF, DAAN)


@pytest.mark.parametrize(("by", "allowed"), [(SANNE, True), (CHEF, True), (DAAN, False)])
async def test_only_its_agent_or_a_manager_passes_it_on(
    store: Store, handling: Handling, by: Account, allowed: bool
) -> None:
    conversation_id = await taken(store, SANNE)
    other = replace(DAAN, id="noor", name="Noor")
    if allowed:
        await handling.transfer_to_agent(conversation_id, by, other)
    else:
        with pytest.raises(AlreadyClaimed):
            await handling.transfer_to_agent(conversation_id, by, other)
        with pytest.raises(AlreadyClaimed):
            await handling.transfer_to_department(conversation_id, by, "klantenservice")
    assert (await store.conversations.get(conversation_id)).owner == ("agent:noor" if allowed else "agent:sanne")


@pytest.mark.parametrize(("to", "note"), [(REDACTIE, ""), (SANNE, ""), (DAAN, "x" * (MAX_NOTE_CHARS + 1))])
async def test_nothing_is_passed_on_to_who_is_no_agent_or_has_it_or_with_a_novel(
    store: Store, handling: Handling, to: Account, note: str
) -> None:
    conversation_id = await taken(store, SANNE)
    with pytest.raises(InvalidMessage):
        await handling.transfer_to_agent(conversation_id, SANNE, to, note)
    assert (await store.conversations.get(conversation_id)).owner == "agent:sanne"


async def test_another_department_promises_anew_from_now(store: Store, handling: Handling) -> None:
    await store.departments.save(SERVICE)
    await store.departments.save(HR)
    conversation_id = await taken(store, SANNE, waits_s=3600, priority="high")
    before = now_ms()
    await handling.transfer_to_department(conversation_id, SANNE, "hr", "sollicitatie")
    conversation = await store.conversations.get(conversation_id)
    handoff = conversation.handoff
    assert handoff and (conversation.owner, handoff.department, handoff.priority) == ("queue", "hr", "high")
    assert 0 <= handoff.first_due_ms - before - 120 * 60_000 < 120_000
    assert conversation.alarm_at_ms == handoff.first_due_ms
    assert await in_view(store, "waiting/hr") == [conversation_id]
    assert await in_view(store, "waiting/klantenservice") == []
    assert (await said(store, conversation_id, "system"))[-1].startswith(
        "Ik heb je vraag doorgestuurd naar de afdeling personeel. "
    )
    assert (await said(store, conversation_id, "note"))[-1] == (
        "Sanne heeft dit gesprek doorgestuurd naar de afdeling personeel.\nsollicitatie"
    )
    with pytest.raises(NotFound):
        await handling.transfer_to_department(conversation_id, SANNE, "bestaat-niet")


async def test_who_had_an_answer_is_promised_the_next_one_anew(store: Store, handling: Handling) -> None:
    await store.departments.save(SERVICE)
    waiting, answered = await taken(store, waits_s=3600), await taken(store, waits_s=3600)
    await handling.reply(answered, SANNE, "Ik zoek het uit.", "r1")
    for conversation_id in (waiting, answered):
        await handling.put_back(conversation_id, SANNE)
    handoffs = [(await store.conversations.get(one)).handoff for one in (waiting, answered)]
    assert handoffs[0] and handoffs[0].first_due_ms < now_ms()
    assert handoffs[1] and handoffs[1].first_due_ms > now_ms()


# Later


async def test_snoozed_comes_back_to_its_agent_who_is_told(store: Store, handling: Handling, snoozes: Snoozes) -> None:
    conversation_id = await taken(store)
    until_ms = now_ms() + 3_600_000
    await handling.snooze(conversation_id, SANNE, until_ms)
    assert await in_view(store, "snoozed/sanne") == [conversation_id]
    assert await in_view(store, "held/sanne") == []
    await snoozes.look(until_ms - 1)
    assert await in_view(store, "held/sanne") == []
    await snoozes.look(until_ms)
    await snoozes.look(until_ms)
    assert await in_view(store, "held/sanne") == [conversation_id]
    notes = await said(store, conversation_id, "note")
    assert notes[0].startswith("Sanne legt dit gesprek weg tot ")
    assert notes[1:] == ["De tijd is om: dit gesprek is weer van Sanne."]
    assert await told(store, SANNE) == [("reminder", "Het gesprek is terug. Je had het weggelegd tot nu.")]


async def test_snoozed_of_an_agent_who_is_gone_waits_for_a_colleague(
    store: Store, handling: Handling, snoozes: Snoozes
) -> None:
    conversation_id = await taken(store)
    await handling.reply(conversation_id, SANNE, "Ik bel je morgen terug.", "r1")
    until_ms = now_ms() + DAY_MS
    await handling.snooze(conversation_id, SANNE, until_ms)
    await store.agents.forget("sanne")
    await snoozes.look(until_ms)
    conversation = await store.conversations.get(conversation_id)
    assert (conversation.owner, conversation.returned_by) == ("queue", "")
    assert (await said(store, conversation_id, "note"))[-1] == (
        "De tijd is om, en Sanne is er niet. Het gesprek staat weer in de wachtrij."
    )
    # The agent had the last word: the customer waits for nothing.
    assert await said(store, conversation_id, "system") == []
    assert [kind for kind, _ in await told(store, SANNE)] == ["reminder"]


async def test_snoozed_again_meanwhile_stays_put_aside(store: Store, handling: Handling, snoozes: Snoozes) -> None:
    conversation_id = await taken(store)
    await handling.snooze(conversation_id, SANNE, now_ms() + 1000)
    stale = await store.conversations.get(conversation_id)
    await handling.snooze(conversation_id, SANNE, now_ms() + DAY_MS)
    await snoozes._wake(stale)
    await snoozes._put_back(stale, (await store.agents.last_seen({"sanne"}))["sanne"])
    assert await in_view(store, "snoozed/sanne") == [conversation_id]
    assert await told(store, SANNE) == []


@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_snoozed_is_taken_up_when_the_customer_writes_or_its_agent_wants(
    store: Store, handling: Handling, who: str
) -> None:
    conversation_id = await taken(store)
    await handling.snooze(conversation_id, SANNE, now_ms() + DAY_MS)
    if who == "customer":
        await write(store, "ik heb toch haast", conversation_id)
    else:
        await handling.snooze(conversation_id, SANNE, 0)
    conversation = await store.conversations.get(conversation_id)
    assert (conversation.snoozed_until_ms, conversation.owner) == (0, "agent:sanne")
    assert await in_view(store, "held/sanne") == [conversation_id]


async def test_the_safety_net_leaves_alone_what_is_put_aside_and_what_is_just_back(
    store: Store, handling: Handling, settings: Settings
) -> None:
    rescue = Rescue(store, Answers(store.templates, settings, store.departments, store.editing_rules), settings)
    conversation_id = await taken(store)
    await write(store, "kan het morgen?", conversation_id)
    await store._client.hset(store._keys.conversation(conversation_id), "last_at_ms", now_ms() - 30 * DAY_MS)
    await handling.snooze(conversation_id, SANNE, now_ms() + DAY_MS)
    await rescue._put_back_unanswered()
    await handling.snooze(conversation_id, SANNE, 0)
    await rescue._put_back_unanswered()
    assert (await store.conversations.get(conversation_id)).owner == "agent:sanne"
    await silent_since(store, conversation_id, 1)
    await rescue._put_back_unanswered()
    assert (await store.conversations.get(conversation_id)).owner == "queue"


@pytest.mark.parametrize("ahead_ms", [-1, -DAY_MS, (MAX_SNOOZE_DAYS + 1) * DAY_MS])
async def test_nothing_is_put_aside_until_the_past_or_next_year(
    store: Store, handling: Handling, ahead_ms: int
) -> None:
    conversation_id = await taken(store)
    with pytest.raises(InvalidMessage):
        await handling.snooze(conversation_id, SANNE, now_ms() + ahead_ms)
    with pytest.raises(AlreadyClaimed):
        await handling.snooze(conversation_id, DAAN, now_ms() + DAY_MS)


async def test_nothing_is_put_aside_until_after_it_is_removed(store: Store, handling: Handling) -> None:
    conversation_id = await taken(store)
    of_last_year = now_ms() - 364 * DAY_MS
    await store._client.hset(store._keys.conversation(conversation_id), "last_at_ms", of_last_year)
    with pytest.raises(InvalidMessage, match="retention"):
        await handling.snooze(conversation_id, SANNE, now_ms() + 2 * DAY_MS)
    await handling.snooze(conversation_id, SANNE, now_ms() + DAY_MS // 2)


# Priority and end


async def test_priority_moves_it_in_the_queue_and_says_who_did_it(store: Store, handling: Handling) -> None:
    first, second = await handed_over(store, "een", waits_s=60), await handed_over(store, "twee")
    before = await store.conversations.get(second)
    for priority in ("low", "urgent", "high"):
        await handling.set_priority(second, SANNE, priority)  # type: ignore[arg-type]
    assert await in_view(store, "waiting") == [second, first]
    assert [one.id for one in await store.queue.waiting()] == [second, first]
    after = await store.conversations.get(second)
    assert before.handoff and after.handoff == replace(before.handoff, priority="high")
    assert (await said(store, second, "note"))[-1] == "Sanne zet de prioriteit op hoog."
    await handling.set_priority(second, SANNE, "low")
    assert [one.id for one in await store.queue.waiting()] == [first, second]


async def test_priority_is_for_what_humans_have(store: Store, handling: Handling) -> None:
    assert set(PRIORITIES) == set(get_args(Priority))
    with_assistant = (await write(store, "hoi")).conversation_id
    with pytest.raises(AlreadyClaimed):
        await handling.set_priority(with_assistant, SANNE, "high")
    with pytest.raises(InvalidMessage):
        await handling.set_priority(with_assistant, SANNE, "heel hoog")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        await handling.set_priority("bestaat-niet", SANNE, "high")


@pytest.mark.parametrize("reason", CLOSE_REASONS)
@pytest.mark.parametrize("waiting", [False, True])
async def test_closed_for_a_reason_that_the_episode_keeps(
    store: Store, handling: Handling, reason: str, waiting: bool
) -> None:
    conversation_id = await (handed_over(store, "help") if waiting else taken(store))
    await handling.close(conversation_id, SANNE, reason)
    conversation = await store.conversations.get(conversation_id)
    assert (conversation.owner, conversation.close_reason) == ("closed", reason)
    assert [one.close_reason for one in await store.conversations.episodes(conversation_id)] == [reason]
    heard = await said(store, conversation_id, "system")
    assert heard == ([] if reason in SILENT_REASONS else ["Dit gesprek is afgesloten."])
    assert len(await said(store, conversation_id, "note")) == int(reason != "solved")


async def test_closed_by_its_agent_only_and_for_a_reason_that_exists(store: Store, handling: Handling) -> None:
    conversation_id = await taken(store, SANNE)
    with pytest.raises(AlreadyClaimed):
        await handling.close(conversation_id, DAAN)
    with pytest.raises(InvalidMessage):
        await handling.close(conversation_id, SANNE, "geen zin")
    assert (await store.conversations.get(conversation_id)).owner == "agent:sanne"


async def test_all_of_an_account_that_is_gone_return_also_what_it_put_aside(store: Store, handling: Handling) -> None:
    ids = [await taken(store) for _ in range(3)]
    await handling.snooze(ids[0], SANNE, now_ms() + DAY_MS)
    await handling.put_back_all("sanne")
    found: list[Conversation] = await store.conversations.get_many(ids)
    assert {(one.owner, one.snoozed_until_ms) for one in found} == {("queue", 0)}


async def test_a_customer_who_wrote_meanwhile_is_noticed_before_sending(store: Store, handling: Handling) -> None:
    conversation_id = await taken(store)
    seen = (await store.conversations.get(conversation_id)).customer_entry_id
    await store.conversations.receive(
        message(conversation_id, "customer", "laat maar"), channel="widget", customer_id=conversation_id
    )
    with pytest.raises(CustomerWrote):
        await handling.reply(conversation_id, SANNE, "Antwoord", "r1", seen_entry_id=seen)
