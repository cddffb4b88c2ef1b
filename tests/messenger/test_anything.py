"""Whatever comes, in whatever batches and however often: no 500, no message lost, none answered twice."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bot.store import Store
from tests.conftest import Site, eventually
from tests.fakes.scripted_assistant import scripted_assistant
from tests.messenger.deliveries import envelope, escaped, new_customer, now_ms, post, signature, text_event
from tests.messenger.test_parsing import VALUES, mutated

ALLOWED = {200, 400, 403, 413, 503}
ENTRIES = st.lists(VALUES, max_size=2)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Messages of new customers, and requests that hold each of them once or more, among all kinds of rubbish."""
    customers = [new_customer() for _ in range(draw(st.integers(1, 3)))]
    messages = [
        text_event(draw(st.sampled_from(customers)), f"vraag {number}") for number in range(draw(st.integers(1, 6)))
    ]
    events: list[tuple[Any, str]] = [(message, "messaging") for message in messages]
    events += [(message, "messaging") for message in draw(st.lists(st.sampled_from(messages), max_size=4))]
    for event, array in draw(st.lists(mutated(), max_size=8)):
        if isinstance(event, dict) and isinstance(event.get("timestamp"), int) and event["timestamp"] > 10**12:
            event["timestamp"] = now_ms()  # else it would wait for others of after a failure
        events.append((event, array))
    requests = []
    remaining = draw(st.permutations(events))
    while remaining:
        size = draw(st.integers(1, len(remaining)))
        batch, remaining = remaining[:size], remaining[size:]
        body = envelope(account="1001")
        body["entry"] = [{"id": "1001", "time": 1, array or "other": [event]} for event, array in batch]
        body["entry"] += draw(ENTRIES)
        requests.append(escaped(body))
    return messages, draw(st.permutations([*requests, *draw(st.lists(st.sampled_from(requests), max_size=2))]))


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.target],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(deliveries(), st.binary(max_size=50), st.floats(0, 1))
def test_no_message_is_lost_or_answered_twice_whatever_comes_with_it(
    messenger: Site, case: tuple[list[dict[str, Any]], list[bytes]], noise: bytes, cut: float
) -> None:
    messages, requests = case
    asyncio.run(check(messenger, messages, requests, noise, cut))


async def check(
    messenger: Site, messages: list[dict[str, Any]], requests: list[bytes], noise: bytes, cut: float
) -> None:
    async with messenger.store() as store, scripted_assistant(store):
        broken = requests[0][: int(len(requests[0]) * cut)] + noise
        assert (await post(messenger, broken))[0] in ALLOWED
        assert (await post(messenger, requests[0], {"x-hub-signature-256": signature(noise)}))[0] == 403
        for request in requests:
            assert (await post(messenger, request))[0] == 200
        # What comes last of a customer has its effect last: then all that was sent before has had its own.
        customers = {message["sender"]["id"] for message in messages}
        last = [text_event(customer, "als laatste") for customer in customers]
        assert (await post(messenger, escaped(envelope(*last))))[0] == 200
        messages = [*messages, *last]
        conversations = [f"messenger-1001-{customer}" for customer in customers]

        async def all_are_answered() -> bool:
            return all([await answered(store, one) for one in conversations])

        await eventually(all_are_answered)
        found = [line.message for one in conversations for line in await store.conversations.transcript(one)]
        failed = [reason for _, reason in await store.inbound.odd(50) if reason.startswith(("failed", "not read"))]
    stored = [message.id for message in found if message.sender == "customer"]
    assert sorted(stored) == sorted(message["message"]["mid"] for message in messages)
    answers = [message.in_reply_to for message in found if message.sender != "customer"]
    assert sorted(answers) == sorted(stored)
    assert failed == []


async def answered(store: Store, conversation_id: str) -> bool:
    """Whether the last message has its answer."""
    transcript = await store.conversations.transcript(conversation_id)
    return bool(transcript) and transcript[-1].message.text == "antwoord op als laatste"
