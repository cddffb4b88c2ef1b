"""Customers see that their message was seen and that somebody types, and it never costs them a message."""

from __future__ import annotations

import asyncio

import pytest

from bot.store import Store
from tests.messenger.post_office import OTHER_PAGE, PAGE, Town, now_ms, town, when


def shown(here: Town, psid: str = "6001") -> list[str]:
    return [action.action for action in here.graph.actions if action.psid == psid]


@pytest.mark.parametrize("platform", ["messenger", "instagram"])
async def test_a_message_is_seen_and_the_assistant_types(store: Store, platform: str) -> None:
    async with town(store) as here:
        customer, conversation_id = await here.customer(agent=False, platform=platform)
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, platform, customer.psid)
        await when(lambda: shown(here) == ["mark_seen", "typing_on"])


async def test_who_has_a_human_is_not_answered_with_signs_of_a_program(store: Store) -> None:
    async with town(store) as here:
        await here.customer()
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await asyncio.sleep(0.1)
        assert not here.graph.calls


@pytest.mark.parametrize("how", ["trouble", "pause"])
async def test_nothing_is_shown_while_the_page_waits(store: Store, how: str) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        if how == "trouble":
            await store.pages.set_trouble("1001", "blocked", "", at_ms=1)
        else:
            await store.pages.pause("1001", now_ms() + 60_000)
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await asyncio.sleep(0.1)
        assert not here.graph.calls


async def test_failures_are_quiet_and_short(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer(agent=False)
        here.graph.fail_next(code=10, subcode=2018300, on="sender_action")
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await when(lambda: here.graph.calls and here.graph.calls[-1].status == 403)
        await asyncio.sleep(0.05)
        assert shown(here) == []


async def test_typing_never_comes_behind_the_message_that_it_announces(store: Store) -> None:
    async with town(store, timeout_s=2.0) as here:
        _, conversation_id = await here.customer(agent=False)
        here.graph.slow(0.1)
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await when(lambda: len(here.graph.calls) == 2)  # typing_on is on its way
        await here.answers(conversation_id, "antwoord", asked=True)
        await here.until(conversation_id, "sent")
        await asyncio.sleep(0.3)
        calls = [call.body.get("sender_action", "message") for call in here.graph.calls]
        assert calls[-1] == "message" and "typing_on" in calls
        assert here.graph.thread("6001").typing_until_ms == 0


async def test_an_answer_that_is_quicker_than_the_signs_has_none_behind_it(store: Store) -> None:
    async with town(store, timeout_s=2.0) as here:
        _, conversation_id = await here.customer(agent=False)
        here.graph.slow(0.1)
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await when(lambda: len(here.graph.calls) == 1)  # mark_seen is on its way
        await here.answers(conversation_id, "antwoord", asked=True)
        await here.until(conversation_id, "sent")
        await asyncio.sleep(0.3)
        assert [call.body.get("sender_action", "message") for call in here.graph.calls] == ["mark_seen", "message"]


async def test_an_agent_who_sends_is_not_said_to_type_any_more(store: Store) -> None:
    async with town(store, timeout_s=2.0) as here:
        _, conversation_id = await here.customer(page=OTHER_PAGE)
        here.graph.slow(0.1)
        here.process.actions.agent_types(await store.conversations.get(conversation_id))
        await when(lambda: len(here.graph.calls) == 1)  # mark_seen is on its way
        await here.says(conversation_id, "antwoord")
        await here.until(conversation_id, "sent")
        await asyncio.sleep(0.2)
        assert [call.body.get("sender_action", "message") for call in here.graph.calls] == ["mark_seen", "message"]


async def test_typing_ends_when_another_process_sent_the_answer_meanwhile(store: Store) -> None:
    async with town(store, timeout_s=2.0) as here:
        _, conversation_id = await here.customer(agent=False)
        await here.process.sender.stop(within_s=1)
        here.graph.slow(0.1)
        await here.asks(conversation_id)
        await here.process.actions.seen(PAGE, "messenger", "6001")
        await when(lambda: len(here.graph.calls) == 2)
        await here.answers(conversation_id, "antwoord", asked=True)
        await when(lambda: shown(here) == ["mark_seen", "typing_on", "typing_off"])


async def test_an_agent_who_types_is_shown_by_name_now_and_then(store: Store) -> None:
    async with town(store) as here:
        _, conversation_id = await here.customer()
        conversation = await store.conversations.get(conversation_id)
        for _ in range(3):
            here.process.actions.agent_types(conversation)
        await when(lambda: shown(here) == ["mark_seen", "typing_on"])
        [persona] = here.graph.personas.values()
        assert here.graph.actions[-1].persona_id == persona.id
        await asyncio.sleep(0.05)
        assert len(here.graph.actions) == 2
