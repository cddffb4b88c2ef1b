"""The fake Graph API keeps its own promises: what it enforces, and what it delivers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.fakes.graph import PAGE_INBOX, ROWS, Customer, FakeGraph, Row, secret_proof
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
    return call("POST", "1001/messages", **{"recipient": {"id": psid}, "message": {"text": text}, **more})


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


async def test_a_page_that_is_not_subscribed_hears_nothing_of_what_is_sent_either(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    graph.sends_receipts = True
    await jo.says("hoi")
    graph.pages["1001"].fields.clear()
    await jo.says("hallo?")
    await say(call, "dag")
    await graph.settle()
    assert len(webhook.bodies) == 1 and len(graph.sent) == 1
    assert {delivery.state for delivery in graph.deliveries.all[1:]} == {"not subscribed"}


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


async def test_without_a_default_app_all_may_answer_and_none_may_take(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    graph.pages["1001"].default_app = None
    await jo.says("hoi")
    assert "message_id" in await say(call)
    assert error(await call("POST", "1001/take_thread_control", recipient={"id": "6001"})) == (27, None)


async def test_thread_control_calls(graph: FakeGraph, jo: Customer, call: Call) -> None:
    await jo.says("hoi")
    to_jo = {"recipient": {"id": "6001"}}
    owner = (await call("GET", "1001/thread_owner", recipient="6001"))["data"][0]["thread_owner"]
    assert owner["app_id"] == "7001"
    assert await call("POST", "1001/pass_thread_control", **to_jo, target_app_id=PAGE_INBOX) == {"success": True}
    assert error(await call("POST", "1001/release_thread_control", **to_jo)) == (100, 2534037)
    assert await call("POST", "1001/take_thread_control", **to_jo) == {"success": True}
    assert await call("POST", "1001/extend_thread_control", **to_jo, duration=3600) == {"success": True}
    assert error(await call("POST", "1001/extend_thread_control", **to_jo, duration=8 * 24 * 3600)) == (100, None)
    assert await call("POST", "1001/release_thread_control", **to_jo) == {"success": True}
    assert await call("GET", "1001/thread_owner", recipient="6001") == {"data": []}


def button(title: str = "Ja") -> dict[str, Any]:
    return {"type": "postback", "title": title, "payload": "JA"}


def template(**payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": "template", "payload": payload}}


def quick(title: str = "Ja", payload: str = "JA") -> dict[str, Any]:
    return {"content_type": "text", "title": title, "payload": payload}


@pytest.mark.parametrize(("good", "bad"), [
    ({"text": "x" * 2000}, {"text": "x" * 2001}),
    ({"text": "?", "quick_replies": [quick()] * 13}, {"text": "?", "quick_replies": [quick()] * 14}),
    ({"text": "?", "quick_replies": [quick("x" * 20)]}, {"text": "?", "quick_replies": [quick("x" * 21)]}),
    ({"text": "?", "quick_replies": [quick("x", "y" * 1000)]},
     {"text": "?", "quick_replies": [quick("x", "y" * 1001)]}),
    ({"text": "?", "metadata": "x" * 1000}, {"text": "?", "metadata": "x" * 1001}),
    (template(template_type="button", text="x" * 640, buttons=[button()]),
     template(template_type="button", text="x" * 641, buttons=[button()])),
    (template(template_type="button", text="x", buttons=[button()] * 3),
     template(template_type="button", text="x", buttons=[button()] * 4)),
    (template(template_type="button", text="x", buttons=[button("x" * 20)]),
     template(template_type="button", text="x", buttons=[button("x" * 21)])),
    (template(template_type="generic", elements=[{"title": "a", "subtitle": "b"}] * 10),
     template(template_type="generic", elements=[{"title": "a", "subtitle": "b"}] * 11)),
    (template(template_type="generic", elements=[{"title": "a", "subtitle": "b"}]),
     template(template_type="generic", elements=[{"title": "a"}])),
    ({"text": "?"}, {"text": ""}),
])  # fmt: skip
async def test_a_limit(jo: Customer, call: Call, good: dict[str, Any], bad: dict[str, Any]) -> None:
    await jo.says("hoi")
    assert "message_id" in await call("POST", "me/messages", recipient={"id": "6001"}, message=good)
    assert error(await call("POST", "me/messages", recipient={"id": "6001"}, message=bad)) == (100, None)


async def test_instagram_counts_bytes(graph: FakeGraph, call: Call) -> None:
    await graph.customer("8001", platform="instagram").says("hoi")
    assert "message_id" in await say(call, "é" * 500, psid="8001")
    assert error(await say(call, "é" * 501, psid="8001")) == (100, None)


@pytest.mark.parametrize(("body", "expected"), [
    ({"recipient": {"id": "6002"}, "message": {"text": "x"}}, (100, 2018001)),
    ({"recipient": {"id": "6001"}, "message": {"text": "x"}, "sender_action": "typing_on"}, (100, 2018014)),
    ({"recipient": {"id": "6001"}, "message": {"text": "x"}, "persona_id": "1"}, (100, None)),
    ({"recipient": {"id": "6001", "user_ref": "x"}, "message": {"text": "x"}}, (100, None)),
    ({"recipient": {"id": "6001"}, "message": {"attachment": {"type": "image", "payload": {"attachment_id": "1"}}}},
     (100, 2018074)),
    ({"recipient": {"id": "6001"}, "sender_action": "dance"}, (100, None)),
    ({"recipient": {"id": "6001"}, "message": {"text": "x"}, "access_token": "wrong"}, (190, None)),
])  # fmt: skip
async def test_a_bad_request(jo: Customer, graph: FakeGraph, body: Answer, expected: Any) -> None:
    await jo.says("hoi")
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{graph.url}/me/messages", json={"access_token": "token-1001", **body}) as answer:
            assert error(await answer.json()) == expected
    assert graph.sent == []


async def test_sender_actions(graph: FakeGraph, jo: Customer, call: Call) -> None:
    mid = await jo.says("hoi")
    for action in ("mark_seen", "typing_on"):
        answer = await call("POST", "me/messages", recipient={"id": "6001"}, sender_action=action)
        assert answer == {"recipient_id": "6001"}
    payload = {"message_id": mid, "reaction": "love"}
    await call("POST", "me/messages", recipient={"id": "6001"}, sender_action="react", payload=payload)
    assert [each.action for each in graph.actions] == ["mark_seen", "typing_on", "react"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
async def test_every_row_of_the_table_can_be_asked_for(graph: FakeGraph, jo: Customer, call: Call, row: Row) -> None:
    await jo.says("hoi")
    graph.fail_next(code=row.code, subcode=row.subcode)
    await call("POST", "me/messages", recipient={"id": "6001"}, sender_action="typing_on")
    assert error(await say(call)) == (row.code, row.subcode)
    assert len(graph.sent) == (1 if row.subcode == 1357046 else 0)
    assert "message_id" in await say(call)


@pytest.mark.parametrize(("accepts", "sent"), [(True, 1), (False, 0)])
async def test_a_socket_that_hangs(graph: FakeGraph, jo: Customer, accepts: bool, sent: int) -> None:
    await jo.says("hoi")
    graph.hang_next(accept_first=accepts)
    body = {"recipient": {"id": "6001"}, "message": {"text": "x"}, "access_token": "token-1001"}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.2)) as session:
        with pytest.raises(asyncio.TimeoutError):
            await session.post(f"{graph.url}/me/messages", json=body)
    assert len(graph.sent) == sent


async def test_html_a_cut_connection_and_headers(graph: FakeGraph, jo: Customer) -> None:
    await jo.says("hoi")
    body = {"recipient": {"id": "6001"}, "message": {"text": "x", "metadata": "m"}, "access_token": "token-1001"}
    url = f"{graph.url}/v26.0/1001/messages"
    graph.html_next(502)
    graph.cut_next()
    async with aiohttp.ClientSession() as session:
        async with session.post(url, json=body) as answer:
            assert answer.status == 502 and answer.content_type == "text/html"
        with pytest.raises(aiohttp.ClientError):
            await session.post(url, json=body)
        graph.usage(97, regain_minutes=5)
        async with session.post(url, json=body) as answer:
            assert '"estimated_time_to_regain_access": 5' in answer.headers["X-Business-Use-Case-Usage"]
    assert graph.sent_twice() == ["m"]


async def test_a_form_and_a_file_are_read_as_json_is(graph: FakeGraph, jo: Customer) -> None:
    await jo.says("hoi")
    message = '{"attachment":{"type":"image","payload":{"is_reusable":true}}}'
    async with aiohttp.ClientSession() as session:
        fields = {"recipient": '{"id":"6001"}', "message": '{"text":"x"}', "access_token": "token-1001"}
        async with session.post(f"{graph.url}/1001/messages", data=fields) as answer:
            assert (await answer.json())["recipient_id"] == "6001"
        form = aiohttp.FormData({**fields, "message": message})
        form.add_field("filedata", b"...", filename="a.png", content_type="image/png")
        async with session.post(f"{graph.url}/1001/messages", data=form) as answer:
            assert (await answer.json())["attachment_id"]


@pytest.mark.parametrize("seconds", ["", "now", "old"])
async def test_the_proof_of_the_secret(graph: FakeGraph, jo: Customer, call: Call, seconds: str) -> None:
    await jo.says("hoi")
    graph.requires_proof = True
    assert error(await say(call)) == (100, None)
    at = {"": "", "now": str(int(time.time())), "old": str(int(time.time()) - 400)}[seconds]
    more = {"appsecret_time": at} if at else {}
    answer = await say(call, appsecret_proof=secret_proof(graph.app_secret, "token-1001", at), **more)
    assert ("message_id" in answer) == (seconds != "old")


async def test_a_webhook_that_fails_gets_it_again_and_loses_the_page_after_an_hour(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    webhook.status = 500
    await jo.says("hoi")
    await graph.wait_for(lambda: len(graph.deliveries.all[0].attempts) == 2)  # at once
    webhook.status = 200
    graph.clock.advance(seconds=5)
    await graph.settle()
    assert webhook.texts() == ["hoi"]

    webhook.status = 500
    await jo.says("nog iemand?")
    for _ in range(50):
        graph.clock.advance(minutes=10)
        await asyncio.sleep(0.01)
        if not graph.pages["1001"].fields:
            break
    assert graph.alerts == ["1001: webhook failing for 15 minutes", "1001: Webhooks Disabled"]
    webhook.status = 200
    await jo.says("hallo?")
    assert (await call("POST", "1001/subscribed_apps", subscribed_fields="messages"))["success"] == "true"
    await jo.says("daar ben je")
    await jo.reads()
    assert webhook.texts() == ["hoi", "daar ben je"]
    assert webhook.events()[-1]["message"]["text"] == "daar ben je"


async def test_a_webhook_that_is_slow_is_given_up(graph: FakeGraph, jo: Customer, webhook: Receiver) -> None:
    graph.deliveries.timeout_s, webhook.waits_s = 0.1, 0.5
    await jo.says("hoi")
    assert graph.deliveries.all[0].attempts[0].problem == "no answer within 0.1 s"


async def test_a_webhook_that_does_not_give_the_challenge_gets_nothing(graph: FakeGraph, jo: Customer) -> None:
    async with receiving(verify_token="another") as webhook:
        graph.webhook_url = webhook.url
        await jo.says("hoi")
        assert not graph.deliveries.verified and webhook.bodies == []


async def test_events_come_twice_late_out_of_order_and_together(
    graph: FakeGraph, jo: Customer, webhook: Receiver
) -> None:
    await jo.says("twee keer", repeat=2)
    assert webhook.texts() == ["twee keer"] * 2 and webhook.raw[0] == webhook.raw[1]
    async with graph.holding() as held:
        await jo.says("een")
        await jo.says("twee")
    await graph.release(list(reversed(held)))
    assert webhook.texts()[2:] == ["twee", "een"]
    await graph.release(held, together=True)
    assert len(webhook.bodies[-1]["entry"]) == 2
    await graph.deliver_many([{"message": {"mid": "a"}}, ("changes", {"field": "feed", "value": {}})])
    assert set(webhook.bodies[-1]["entry"][0]) == {"id", "time", "messaging", "changes"}


async def test_what_a_customer_can_do(graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver) -> None:
    mid = await jo.says("hoi")
    await say(call, message={"text": "Kies", "quick_replies": [quick("Groen", "PICK_GREEN")]})
    await jo.presses("Groen")
    assert webhook.events()[-1]["message"]["quick_reply"] == {"payload": "PICK_GREEN"}
    with pytest.raises(LookupError):
        await jo.presses("Groen")  # gone after the next message
    await say(call, message=template(template_type="button", text="Kies", buttons=[button("Mens")]))
    await graph.settle()
    await jo.presses("Mens")
    assert webhook.events()[-1]["postback"]["payload"] == "JA"
    await jo.sends(attachments=["sticker", {"type": "fallback"}])
    assert [each["type"] for each in webhook.events()[-1]["message"]["attachments"]] == ["sticker", "fallback"]
    await jo.edits(mid, "dag")
    assert webhook.events()[-1]["message_edit"] == {"mid": mid, "text": "dag", "num_edit": 1}
    await jo.unsends(mid)
    assert webhook.events()[-1]["message"] == {"mid": mid, "is_deleted": True}
    await jo.reacts(graph.sent[0].mid)
    assert webhook.events()[-1]["reaction"]["emoji"] == "❤️"
    await jo.reads()
    assert webhook.events()[-1]["read"]["watermark"] >= graph.sent[-1].at_ms


async def test_instagram_has_its_own_envelope_and_fields(graph: FakeGraph, call: Call, webhook: Receiver) -> None:
    jo = graph.customer("8001", platform="instagram")
    await jo.sends(attachments=["story_mention"])
    assert webhook.bodies[0]["object"] == "instagram" and webhook.bodies[0]["entry"][0]["id"] == "9001"
    graph.pages["1001"].fields.discard("message_echoes")
    await say(call, psid="8001")
    await graph.settle()
    assert webhook.events()[-1]["message"]["is_echo"]  # part of `messages` here
    await jo.reads()
    assert webhook.events()[-1]["read"] == {"mid": graph.sent[-1].mid}
    graph.clock.advance(hours=25)
    assert error(await say(call, psid="8001")) == (10, 2534022)


async def test_a_comment_gets_one_private_reply(graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver) -> None:
    comment = await jo.comments("prijs?", post="1001_5")
    value = webhook.events("changes")[0]["value"]
    assert (value["comment_id"], value["verb"], value["message"]) == (comment, "add", "prijs?")
    reply = {"recipient": {"comment_id": comment}, "message": {"text": "Dag!"}}
    assert error(await say(call)) == (10, 2018278)  # a comment opens no window
    assert (await call("POST", "1001/messages", **reply))["recipient_id"] == "6001"
    assert error(await call("POST", "1001/messages", **reply)) == (100, None)

    old = await jo.comments("en nu?")
    graph.clock.advance(days=8)
    assert error(await call("POST", "1001/messages", **{**reply, "recipient": {"comment_id": old}})) == (100, None)

    public = await call("POST", f"{comment}/comments", message="We stuurden je een privebericht")
    await graph.settle()
    own = webhook.events("changes")[-1]["value"]
    assert own["comment_id"] == public["id"] and own["parent_id"] == comment and own["from"]["id"] == "1001"
    await jo.removes_comment(comment)
    assert webhook.events("changes")[-1]["value"]["verb"] == "remove"
    assert error(await call("GET", comment)) == (100, 33)


async def test_a_visitors_post_can_be_answered_in_private(
    graph: FakeGraph, jo: Customer, call: Call, webhook: Receiver
) -> None:
    post = await jo.posts("wat een winkel!")
    value = webhook.events("changes")[0]["value"]
    assert (value["item"], value["post_id"]) == ("status", post) and "comment_id" not in value
    answer = await call("POST", "1001/messages", recipient={"post_id": post}, message={"text": "Dank je!"})
    assert answer["message_id"] == graph.sent[0].mid and graph.sent[0].comment_id == post


async def test_files_of_the_cdn_are_real_until_they_expire(graph: FakeGraph) -> None:
    starts = {"image": b"\xff\xd8\xff", "image.png": b"\x89PNG", "video": b"\0\0\0", "file": b"%PDF"}
    async with aiohttp.ClientSession() as session:
        for kind, start in starts.items():
            async with session.get(graph.media.url(kind)) as answer:
                assert (await answer.read()).startswith(start)
        async with session.get(graph.media.url("image", size=300_000, type="text/html")) as answer:
            assert answer.content_type == "text/html" and len(await answer.read()) == 300_000
        async with session.get(graph.media.url("image", endless=1)) as answer:
            assert len(await answer.content.readexactly(1_000_000)) == 1_000_000
        async with session.get(graph.media.url("image", redirect=1), allow_redirects=False) as answer:
            assert answer.status == 302
        url = graph.media.url("image", hours=1)
        graph.clock.advance(hours=2)
        async with session.get(url) as answer:
            assert answer.status == 403


async def test_an_attachment_is_fetched_or_refused(graph: FakeGraph, jo: Customer, call: Call) -> None:
    await jo.says("hoi")

    def image(url: str) -> dict[str, Any]:
        return {"message": {"attachment": {"type": "image", "payload": {"url": url, "is_reusable": True}}}}

    assert (await say(call, **image(graph.media.url("image"))))["attachment_id"]
    assert error(await say(call, **image(graph.media.url("image", hours=-1)))) == (100, 2018008)
    assert error(await say(call, **image(graph.media.url("file")))) == (100, 2018047)
    assert error(await say(call, **image(graph.media.url("image", size=9_000_000)))) == (100, 2018109)


@pytest.mark.parametrize(("profile", "expected"), [
    ("full", "Jo"), ("empty", {}), ("phone_only", (100, 2018218)), ("no_right", (100, 2018247)),
])  # fmt: skip
async def test_a_persons_profile(jo: Customer, call: Call, profile: Any, expected: Any) -> None:
    await jo.says("hoi")
    jo.profile = profile
    answer = await call("GET", "6001", fields="first_name,last_name,profile_pic")
    assert (error(answer) if "error" in answer else answer.get("first_name", answer)) == expected


async def test_personas(jo: Customer, graph: FakeGraph, call: Call) -> None:
    await jo.says("hoi")
    picture = {"profile_picture_url": "https://example.nl/a.png"}
    assert error(await call("POST", "1001/personas", name="x" * 51, **picture)) == (100, None)
    persona = (await call("POST", "1001/personas", name="Sanne", **picture))["id"]
    assert [each["name"] for each in (await call("GET", "1001/personas"))["data"]] == ["Sanne"]
    assert "message_id" in await say(call, persona_id=persona)
    assert graph.sent[-1].persona_id == persona
    assert await call("DELETE", persona) == {"success": True}
    assert error(await say(call, persona_id=persona)) == (100, None)


async def test_the_messenger_profile(call: Call) -> None:
    menu = [{"locale": "default", "call_to_actions": [{"type": "postback", "title": "Mens", "payload": "M"}]}]
    assert error(await call("POST", "me/messenger_profile", persistent_menu=menu)) == (100, None)
    start = {"payload": "START"}
    assert await call("POST", "me/messenger_profile", get_started=start, persistent_menu=menu) == {"result": "success"}
    asked = {"call_to_actions": [{"question": "Open?", "payload": "O"}] * 5, "locale": "default"}
    assert error(await call("POST", "me/messenger_profile", ice_breakers=[asked])) == (100, None)
    nested = [{"locale": "default", "call_to_actions": [{"type": "nested", "title": "Meer"}]}]
    assert error(await call("POST", "me/messenger_profile", persistent_menu=nested)) == (100, None)
    assert await call("GET", "me/messenger_profile", fields="get_started,greeting") == {
        "data": [{"get_started": start}]
    }
    assert error(await call("DELETE", "me/messenger_profile", fields="get_started")) == (100, None)


async def test_the_app_and_its_page(graph: FakeGraph, call: Call) -> None:
    app = f"7001|{graph.app_secret}"
    found = (await call("GET", "debug_token", token=app, input_token="token-1001"))["data"]
    assert found["is_valid"] and "pages_messaging" in found["scopes"]
    assert not (await call("GET", "debug_token", token=app, input_token="x"))["data"]["is_valid"]
    page = await call("GET", "me", fields="name,messaging_feature_status")
    assert page["id"] == "1001" and page["messaging_feature_status"]["hop_v2"]
    async with receiving(verify_token="mine") as webhook:
        wanted = {"object": "page", "callback_url": webhook.url, "fields": "messages"}
        assert error(await call("POST", "7001/subscriptions", token=app, **wanted, verify_token="x")) == (2200, None)
        assert await call("POST", "7001/subscriptions", token=app, **wanted, verify_token="mine") == {"success": True}


async def test_the_twenty_newest_messages_of_a_conversation(jo: Customer, call: Call) -> None:
    for number in range(22):
        await jo.says(str(number))
    (found,) = (await call("GET", "1001/conversations", user_id="6001", platform="messenger"))["data"]
    answer = await call("GET", found["id"], fields="messages{id,created_time,from,to,message}")
    assert [each["message"] for each in answer["messages"]["data"]] == [str(n) for n in range(21, 1, -1)]
    assert error(await call("GET", jo.lines[0].mid)) == (10900, None)
