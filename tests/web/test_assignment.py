"""Who gets what waits: the next one for an agent who asks, and what departments give out by themselves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from bot.answers import Answers
from bot.model import Account, Conversation
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.work import now_ms
from bot.web.assignment import Assignment, Team
from bot.web.handling import Handling
from tests.conftest import PASSWORD, project_templates
from tests.fakes.conversations import handed_over

OPEN_AT = datetime(2026, 11, 26, 11, 0, tzinfo=timezone.utc)  # a Thursday
SUNDAY = datetime(2026, 11, 29, 11, 0, tzinfo=timezone.utc)
HOURS = "ma-vr 9:00-17:00"
SERVICE = Department("klantenservice", "de klantenservice", Target(10, 60), hours=HOURS)
HR = Department("hr", "personeelszaken", Target(60, 600), hours=HOURS, reasons=("complaint",), place=1)
SANNE, DAAN = Account("sanne", "Sanne", ("agent",)), Account("daan", "Daan", ("agent",))


@pytest.fixture
def handling(store: Store, settings: Settings) -> Handling:
    return Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))


@pytest.fixture
async def assignment(store: Store, handling: Handling) -> Assignment:
    await store.templates.seed(project_templates())
    return Assignment(store, handling)


async def automatic(store: Store, *agents: str, **fields: object) -> None:
    """The department gives out by itself; `agents` have accounts and are here."""
    await store.departments.save(replace(SERVICE, assignment="automatic", **fields))  # type: ignore[arg-type]
    for account_id in agents:
        await store.accounts.create(account_id, account_id.title(), ("agent",), PASSWORD)
    await store.agents.seen(agents)


async def owners(store: Store, *conversation_ids: str) -> list[str]:
    return [one.owner for one in await store.conversations.get_many(conversation_ids)]


# The next one for me


async def test_next_is_the_most_urgent_and_then_whose_promise_ends_first(store: Store, assignment: Assignment) -> None:
    late = await handed_over(store, "een", waits_s=900)
    later = await handed_over(store, "twee", waits_s=60)
    complaint = await handed_over(store, "drie", reason="complaint", priority="high")
    got = [await assignment.next_for(SANNE) for _ in range(4)]
    assert [one and one.id for one in got] == [complaint, late, later, None]
    assert {one.owner for one in got if one} == {"agent:sanne"}


async def test_next_is_of_the_agents_own_departments(store: Store, assignment: Assignment) -> None:
    await store.departments.save(replace(SERVICE, members=("sanne",)))
    await store.departments.save(replace(HR, members=("daan",)))
    for_service, for_hr = await handed_over(store, "een"), await handed_over(store, "twee", reason="complaint")
    found = await assignment.next_for(SANNE)
    assert found and found.id == for_service
    assert await assignment.next_for(SANNE) is None
    outsider = await assignment.next_for(Account("noor", "Noor", ("agent",)))
    assert outsider and outsider.id == for_hr


async def test_what_waits_for_a_department_that_is_gone_does_not_wait_for_quiet(
    store: Store, assignment: Assignment
) -> None:
    await store.departments.save(replace(SERVICE, members=("sanne",)))
    await store.departments.save(replace(HR, members=("daan",)))
    nobodys = await handed_over(store, "een", reason="complaint", waits_s=90_000)
    await handed_over(store, "twee")
    await store.departments.remove("hr")
    found = await assignment.next_for(SANNE)
    assert found and found.id == nobodys


async def test_next_takes_what_no_department_looks_after(store: Store, assignment: Assignment) -> None:
    await store.departments.save(replace(SERVICE, members=("sanne",)))
    await store.departments.save(HR)  # without members
    await store.departments.save(replace(HR, id="weg", reasons=("not_helped",), members=("daan",), place=2))
    memberless = await handed_over(store, "een", reason="complaint")
    orphan = await handed_over(store, "twee", reason="not_helped")
    await store.departments.remove("weg")
    found = [await assignment.next_for(SANNE) for _ in range(2)]
    assert [one and one.id for one in found] == [memberless, orphan]


async def test_what_one_gave_back_comes_last(store: Store, assignment: Assignment, handling: Handling) -> None:
    given_back, other = await handed_over(store, "een", waits_s=60), await handed_over(store, "twee")
    await handling.claim(given_back, SANNE, "queue")
    await handling.put_back(given_back, SANNE)
    found = [await assignment.next_for(SANNE) for _ in range(2)]
    assert [one and one.id for one in found] == [other, given_back]


async def test_ten_agents_at_once_get_ten_different_ones(
    store: Store, assignment: Assignment, handling: Handling
) -> None:
    processes = [assignment, Assignment(store, handling), Assignment(store, handling)]
    ids = {await handed_over(store) for _ in range(10)}
    agents = [Account(f"agent-{number}", "A", ("agent",)) for number in range(11)]
    asking = [processes[number % 3].next_for(agent) for number, agent in enumerate(agents)]
    found = await asyncio.gather(*asking)
    got = [one.id for one in found if one]
    assert sorted(got) == sorted(ids)


# Given out by itself


async def test_the_least_busy_gets_it_up_to_their_capacity(store: Store, assignment: Assignment) -> None:
    await automatic(store, "sanne", "daan")
    ids = [await handed_over(store, str(number)) for number in range(3)]
    await store.queue.claim(await store.conversations.get(ids[0]), SANNE)
    await assignment.give_out(OPEN_AT)
    first = await owners(store, *ids)
    assert first[1] == "agent:daan" and sorted(first)[0] == "agent:daan"
    sanne = (await store.notifications.latest("daan"))[-1]
    assert (sanne.kind, sanne.text) == ("assigned", "Je hebt een nieuw gesprek.")
    more = [await handed_over(store, "meer") for _ in range(20)]
    await assignment.give_out(OPEN_AT)
    counts = await store.views.counts(["held/sanne", "held/daan", "waiting"])
    assert counts == {"held/sanne": 10, "held/daan": 10, "waiting": 3}
    assert await owners(store, *more[-3:]) == ["queue"] * 3
    # What is put aside leaves room.
    mine = (await store.views.page("held/sanne")).conversations[0]
    await store.queue.snooze(mine, now_ms() + 60_000)
    await assignment.give_out(OPEN_AT)
    assert (await store.views.counts(["held/sanne"]))["held/sanne"] == 10


async def test_who_had_this_customer_last_gets_them_again(store: Store, assignment: Assignment) -> None:
    await automatic(store, "sanne", "daan")
    conversation_id = await handed_over(store, "een")
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    await store.queue.close(await store.conversations.get(conversation_id))
    busy = [await handed_over(store, "ander") for _ in range(2)]
    for one in busy:
        await store.queue.claim(await store.conversations.get(one), SANNE)
    await handed_over(store, "nog iets", conversation_id)
    await assignment.give_out(OPEN_AT)
    assert await owners(store, conversation_id) == ["agent:sanne"]


@pytest.mark.parametrize("why", ["away", "not here", "gave it back", "no member", "closed", "by hand"])
async def test_nobody_gets_what_they_can_not_do_now(
    store: Store, assignment: Assignment, handling: Handling, why: str
) -> None:
    await automatic(store, "sanne", members=("daan",) if why == "no member" else ())
    conversation_id = await handed_over(store)
    if why == "away":
        await store.agents.set_away("sanne", True)
    elif why == "not here":
        await store.agents.forget("sanne")
    elif why == "gave it back":
        await handling.claim(conversation_id, SANNE, "queue")
        await handling.put_back(conversation_id, SANNE)
    elif why == "by hand":
        department = await store.departments.get("klantenservice")
        await store.departments.save(replace(department, assignment="manual"))
    await assignment.give_out(SUNDAY if why == "closed" else OPEN_AT)
    assert await owners(store, conversation_id) == ["queue"]


async def test_two_processes_give_each_conversation_once(
    store: Store, assignment: Assignment, handling: Handling
) -> None:
    await automatic(store, "sanne", "daan")
    ids = [await handed_over(store) for _ in range(12)]
    other = Assignment(store, handling)
    for _ in range(3):
        await asyncio.gather(assignment.give_out(OPEN_AT), other.give_out(OPEN_AT))
    assert "queue" not in await owners(store, *ids)
    heard = [
        [line.message.notice for line in await store.conversations.transcript(one)].count("claimed") for one in ids
    ]
    assert heard == [1] * 12


def test_among_equals_it_is_by_lot() -> None:
    agents = [replace(SANNE, id=f"agent-{number}") for number in range(3)]
    team = Team(agents, dict.fromkeys((one.id for one in agents), 0))
    conversation = Conversation("c", "widget", "c", "queue", 1, 1, 1)
    chosen = {one.id for _ in range(100) if (one := team.best_for(conversation))}
    assert chosen == {one.id for one in agents}
