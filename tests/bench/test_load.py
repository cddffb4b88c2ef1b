"""The bench's customers, against a small server that notes what they do."""

from __future__ import annotations

import pytest

from tests.bench.local_server import LocalServer
from tools.bench.load import Address, LoadError, run_in_turn, run_load

CONVERSATIONS = [[f"vraag {number} {turn}" for turn in range(3)] for number in range(7)]
EVERYTHING = [text for conversation in CONVERSATIONS for text in conversation]


async def test_every_message_is_asked_once_and_each_conversation_in_order_on_one_connection() -> None:
    async with LocalServer() as server:
        load = await run_load(Address(server.port, "geheim"), CONVERSATIONS, concurrent=3, name="test")
    assert sorted(asked.text for asked in server.asked) == sorted(EVERYTHING)
    assert len(load.times_s) == len(EVERYTHING)
    assert (load.empty, load.begun_again) == (0, 0)
    for conversation in CONVERSATIONS:
        asked = [one for one in server.asked if one.text in conversation]
        assert [one.text for one in asked] == conversation
        assert len({(one.connection, one.sender) for one in asked}) == 1
    assert len({one.sender for one in server.asked}) == server.connections == len(CONVERSATIONS)
    assert {one.authorization for one in server.asked} == {"bearer geheim"}


async def test_so_many_conversations_at_a_time_and_no_more() -> None:
    async with LocalServer(delay_s=0.005) as server:
        load = await run_load(Address(server.port), CONVERSATIONS, concurrent=3, name="test")
    assert server.most_at_once == 3
    assert min(load.times_s) >= 0.005
    assert load.took_s >= len(EVERYTHING) * 0.005 / 3


async def test_where_a_human_took_over_the_message_is_asked_again_in_a_new_conversation() -> None:
    """And only the second time is measured: the first one was answered by nobody."""
    handed_over = set()

    def replies(sender: str, text: str) -> list[dict[str, str]]:
        if sender in handed_over:
            return []
        if text == "vraag 0 0":
            handed_over.add(sender)
        return [{"text": "ja"}]

    async with LocalServer(replies) as server:
        address = Address(server.port, hands_over=True)
        load = await run_load(address, CONVERSATIONS[:1], concurrent=1, name="test")
    assert [one.text for one in server.asked] == ["vraag 0 0", "vraag 0 1", "vraag 0 1", "vraag 0 2"]
    assert [one.sender for one in server.asked] == ["test-0-0", "test-0-0", "test-0-1", "test-0-1"]
    assert (len(load.times_s), load.empty, load.begun_again) == (3, 1, 1)


async def test_a_side_that_never_hands_over_may_say_nothing() -> None:
    async with LocalServer(lambda sender, text: []) as server:
        load = await run_load(Address(server.port), CONVERSATIONS[:1], concurrent=1, name="test")
    assert (len(load.times_s), load.empty, load.begun_again) == (3, 3, 0)


@pytest.mark.parametrize(
    ("server", "hands_over"),
    [(LocalServer(status="503 Service Unavailable"), False), (LocalServer(lambda sender, text: []), True)],
    ids=["an error", "nothing in a new conversation either"],
)
async def test_figures_of_a_side_that_does_not_work_are_not_made(server: LocalServer, hands_over: bool) -> None:
    async with server:
        with pytest.raises(LoadError, match=str(server.port)):
            await run_load(Address(server.port, hands_over=hands_over), CONVERSATIONS, concurrent=1, name="test")


async def test_in_turn_both_sides_are_asked_the_same_and_each_is_first_as_often() -> None:
    order: list[tuple[str, str]] = []

    def noting(side: str) -> LocalServer:
        def replies(sender: str, text: str) -> list[dict[str, str]]:
            order.append((side, text))
            return [{"text": "ja"}]

        return LocalServer(replies)

    async with noting("a") as a, noting("b") as b:
        loads = await run_in_turn([Address(a.port), Address(b.port)], CONVERSATIONS[:2], name="test")
    asked = EVERYTHING[:6]
    assert [text for _, text in order] == [text for text in asked for _ in range(2)]
    assert [side for side, _ in order] == ["a", "b", "b", "a"] * 3
    assert [len(load.times_s) for load in loads] == [6, 6]
    assert loads[0].took_s == sum(loads[0].times_s)
