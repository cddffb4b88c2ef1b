"""The fake Graph API keeps its own promises: what it enforces, and what it delivers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.fakes.graph import PAGE_INBOX, Customer, FakeGraph
from tests.fakes.receiver import Receiver, receiving

Call = Callable[..., Awaitable[Any]]
Answer = dict[str, Any]


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph() as graph:
        graph.add_page("1001", token="token-1001", instagram_id="9001")
        yield graph


@pytest.fixture
async def webhook(graph: FakeGraph) -> AsyncIterator[Receiver]:
    async with receiving() as webhook:
        graph.webhook_url = webhook.url
        yield webhook


@pytest.fixture
def jo(graph: FakeGraph) -> Customer:
    return graph.customer("6001")


@pytest.fixture
async def call(graph: FakeGraph) -> AsyncIterator[Call]:
    """`await call("POST", "me/messages", recipient=..., message=...)`: the answer's JSON."""
    async with aiohttp.ClientSession() as session:

        async def ask(method: str, path: str, *, token: str = "token-1001", **body: Any) -> Answer:
            url = f"{graph.url}/v26.0/{path}"
            sent: dict[str, Any] = {"json": body} if method == "POST" else {"params": body}
            async with session.request(method, url, headers={}, **_with_token(sent, token)) as answer:
                content: Answer = await answer.json()
                return content

        yield ask


def _with_token(sent: dict[str, Any], token: str) -> dict[str, Any]:
    return {name: {**value, "access_token": token} for name, value in sent.items()}


def say(call: Call, text: str = "Hallo!", psid: str = "6001", **more: Any) -> Awaitable[Answer]:
    return call("POST", "1001/messages", recipient={"id": psid}, message={"text": text}, **more)


def error(answer: Answer) -> tuple[int, int | None]:
    return answer["error"]["code"], answer["error"].get("error_subcode")


async def test_what_a_customer_says_comes_signed_in_escaped_ascii(jo: Customer, webhook: Receiver) -> None:
    mid = await jo.says("Café open? 🙂 </b>")
    assert webhook.raw[0].isascii()
    assert rb"Caf\u00e9 open? \ud83d\ude42 <\/b>" in webhook.raw[0]
    assert webhook.events()[0]["message"] == {"mid": mid, "text": "Café open? 🙂 </b>"}
    assert webhook.bodies[0]["object"] == "page" and webhook.bodies[0]["entry"][0]["id"] == "1001"


@pytest.mark.parametrize(("signature", "status"), [("good", 200), ("wrong", 403), ("missing", 403), ("sha1", 403)])
async def test_a_signature_can_be_bad(graph: FakeGraph, webhook: Receiver, signature: str, status: int) -> None:
    delivery = await graph.deliver({"message": {"mid": "m_1", "text": "hoi"}}, signature=signature)
    assert delivery.status == status


async def test_an_accepted_message_is_answered_and_echoed(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    await jo.says("hoi")
    message = {"text": "Hallo!", "metadata": "vb:1"}
    answer = await call("POST", "me/messages", recipient={"id": "6001"}, message=message, messaging_type="RESPONSE")
    assert answer == {"recipient_id": "6001", "message_id": graph.sent[0].mid}
    await graph.settle()
    echo = webhook.events()[-1]
    assert echo["sender"] == {"id": "1001"} and echo["recipient"] == {"id": "6001"}
    expected = {"mid": answer["message_id"], "is_echo": True, "app_id": 7001, "metadata": "vb:1", "text": "Hallo!"}
    assert echo["message"] == expected
    assert (await jo.hears()).text == "Hallo!"


async def test_an_echo_may_come_before_the_answer(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    await jo.says("hoi")
    graph.echo_order = "before"
    await say(call)
    assert webhook.texts() == ["hoi", "Hallo!"]


@pytest.mark.parametrize(("hours", "tag", "feature", "refused"), [
    (23, "", True, None),
    (25, "", True, (10, 2018278)),
    (25, "HUMAN_AGENT", True, None),
    (25, "HUMAN_AGENT", False, (10, 2018278)),
    (24 * 8, "HUMAN_AGENT", True, (10, 2018278)),
    (1, "ACCOUNT_UPDATE", True, (100, 1893061)),
])  # fmt: skip
async def test_the_window(
    graph: FakeGraph, jo: Customer, call: Call, hours: int, tag: str, feature: bool, refused: Any
) -> None:
    await jo.says("hoi")
    graph.human_agent = feature
    graph.clock.advance(hours=hours)
    answer = await say(call, **({"tag": tag, "messaging_type": "MESSAGE_TAG"} if tag else {}))
    assert (error(answer) if "error" in answer else None) == refused


async def test_a_human_in_the_inbox_takes_the_thread_and_gives_it_back(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    await jo.says("hoi")
    await graph.inbox_replies("6001", "Ann hier")
    echo, take = webhook.events()[-2:]
    assert echo["message"]["app_id"] == PAGE_INBOX
    assert take["take_thread_control"]["previous_owner_app_id"] == 7001
    await jo.says("dag Ann")
    assert webhook.texts("standby") == ["dag Ann"]
    assert error(await say(call)) == (10, 2018300)
    await jo.posts_back("Menu", "MENU")
    assert "payload" not in webhook.events("standby")[-1]["postback"]

    await graph.inbox_done("6001")
    assert webhook.events()[-1]["pass_thread_control"]["new_owner_app_id"] == "7001"
    await jo.says("en nu?")
    assert webhook.texts()[-1] == "en nu?"
    assert "message_id" in await say(call)
