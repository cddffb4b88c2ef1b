"""Whatever comes in from outside gets a clear 4xx or error frame, never a 500, and nothing that was stored is lost."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
import websockets

from tests.conftest import API_TOKEN, REST_TOKEN, Site

REST = {"authorization": f"Bearer {REST_TOKEN}"}
API = {"authorization": f"Bearer {API_TOKEN}"}
GOOD = b'{"sender":"s","message":"hallo"}'

# (what, method, path, headers, body, expected status)
CASES: list[tuple[str, str, str, dict[str, str], bytes | None, int]] = [
    # The REST channel.
    ("no token", "POST", "/webhooks/rest/webhook", {}, GOOD, 401),
    ("wrong token", "POST", "/webhooks/rest/webhook", {"authorization": "Bearer nope"}, GOOD, 401),
    ("token that isn't ASCII", "POST", "/webhooks/rest/webhook", {"authorization": "Bearer caf\u00e9"}, GOOD, 401),
    ("basic instead of bearer", "POST", "/webhooks/rest/webhook", {"authorization": "Basic eA=="}, GOOD, 401),
    ("the API's token", "POST", "/webhooks/rest/webhook", API, GOOD, 401),
    ("empty body", "POST", "/webhooks/rest/webhook", REST, b"", 400),
    ("no JSON", "POST", "/webhooks/rest/webhook", REST, b"sender=a&message=b", 400),
    ("half JSON", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","mess', 400),
    ("a list", "POST", "/webhooks/rest/webhook", REST, b"[]", 400),
    ("null", "POST", "/webhooks/rest/webhook", REST, b"null", 400),
    ("no sender", "POST", "/webhooks/rest/webhook", REST, b'{"message":"hoi"}', 400),
    ("no message", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a"}', 400),
    ("sender a number", "POST", "/webhooks/rest/webhook", REST, b'{"sender":1,"message":"hoi"}', 400),
    ("sender empty", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"","message":"hoi"}', 400),
    (
        "sender huge",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        json.dumps({"sender": "a" * 201, "message": "x"}).encode(),
        400,
    ),
    ("message null", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":null}', 400),
    ("message a list", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":["hoi"]}', 400),
    ("message empty", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":""}', 400),
    ("message blank", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":" \\n\\t "}', 400),
    (
        "message of control characters",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        b'{"sender":"a","message":"\\u0000\\u0007"}',
        400,
    ),
    (
        "message too long",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        json.dumps({"sender": "a", "message": "x" * 4001}).encode(),
        400,
    ),
    ("half a surrogate pair", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":"\\ud83d"}', 400),
    ("not UTF-8", "POST", "/webhooks/rest/webhook", REST, b'{"sender":"a","message":"\xff\xfe"}', 400),
    (
        "deep nesting",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        b'{"sender":"a","message":' + b"[" * 5000 + b"]" * 5000 + b"}",
        400,
    ),
    (
        "body too large",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        b'{"sender":"a","message":"' + b"x" * 70_000 + b'"}',
        413,
    ),
    (
        "bad message id",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        b'{"sender":"a","message":"hoi","message_id":"a b"}',
        400,
    ),
    (
        "message id a number",
        "POST",
        "/webhooks/rest/webhook",
        REST,
        b'{"sender":"a","message":"hoi","message_id":7}',
        400,
    ),
    ("wrong method", "DELETE", "/webhooks/rest/webhook", REST, None, 405),
    ("bad after", "GET", "/webhooks/rest/messages?sender=a&after=x", REST, None, 400),
    ("after in other digits", "GET", "/webhooks/rest/messages?sender=a&after=\u0663-\u0664", REST, None, 400),
    ("after too large", "GET", "/webhooks/rest/messages?sender=a&after=99999999999999999999-0", REST, None, 400),
    ("no sender to read", "GET", "/webhooks/rest/messages", REST, None, 400),
    (
        "from another site's page",
        "POST",
        "/webhooks/rest/webhook",
        {**REST, "origin": "https://evil.example"},
        GOOD,
        403,
    ),
    ("origin that is no address", "POST", "/webhooks/rest/webhook", {**REST, "origin": "http://["}, GOOD, 403),
    ("origin null", "POST", "/webhooks/rest/webhook", {**REST, "origin": "null"}, GOOD, 403),
    # The API.
    ("no token", "GET", "/api/v1/queue", {}, None, 401),
    ("wrong token", "GET", "/api/v1/queue", {"authorization": "Bearer x"}, None, 401),
    ("unknown route", "GET", "/api/v1/nothing", API, None, 404),
    ("unknown conversation", "GET", "/api/v1/conversations/nobody", API, None, 404),
    ("strange conversation", "GET", "/api/v1/conversations/%2e%2e%2f%00", API, None, 404),
    ("huge conversation id", "GET", "/api/v1/conversations/" + "a" * 4000, API, None, 404),
    ("claim of nothing", "POST", "/api/v1/conversations/nobody/claim", API, b"{}", 404),
    ("claim with a list", "POST", "/api/v1/conversations/nobody/claim", API, b"[]", 400),
    ("reply without text", "POST", "/api/v1/conversations/nobody/reply", API, b"{}", 400),
    ("reply with blank text", "POST", "/api/v1/conversations/nobody/reply", API, b'{"text":"  "}', 400),
    ("reply to nobody", "POST", "/api/v1/conversations/nobody/reply", API, b'{"text":"hoi"}', 404),
    ("close of nothing", "POST", "/api/v1/conversations/nobody/close", API, b"", 404),
    ("hand back of nothing", "POST", "/api/v1/conversations/nobody/hand-back", API, b"", 404),
    ("unknown template", "GET", "/api/v1/templates/utter_nothing", API, None, 404),
    ("new template", "PUT", "/api/v1/templates/utter_nothing", API, b'{"text":"hoi"}', 404),
    ("template without text", "PUT", "/api/v1/templates/utter_groet", API, b"{}", 400),
    ("template with blank text", "PUT", "/api/v1/templates/utter_groet", API, b'{"text":" "}', 400),
    ("template too long", "PUT", "/api/v1/templates/utter_groet", API, json.dumps({"text": "x" * 2001}).encode(), 400),
    ("loose brace", "PUT", "/api/v1/templates/utter_groet", API, b'{"text":"Hallo { klant }"}', 400),
    ("unknown variable", "PUT", "/api/v1/templates/utter_groet", API, b'{"text":"Hallo {klantje}"}', 400),
    (
        "script as button",
        "PUT",
        "/api/v1/templates/utter_groet",
        API,
        b'{"text":"x","buttons":[{"title":"a","url":"javascript:alert(1)"}]}',
        400,
    ),
    (
        "button without anything",
        "PUT",
        "/api/v1/templates/utter_groet",
        API,
        b'{"text":"x","buttons":[{"title":"a"}]}',
        400,
    ),
    ("old version", "PUT", "/api/v1/templates/utter_groet", API, b'{"text":"x","version":0}', 409),
    ("version a text", "PUT", "/api/v1/templates/utter_groet", API, b'{"text":"x","version":"1"}', 400),
    # Pages and files.
    ("unknown page", "GET", "/nothing", {}, None, 404),
    ("out of the static folder", "GET", "/static/..%2f..%2fsettings.py", {}, None, 404),
    ("static folder itself", "GET", "/static/", {}, None, 404),
    ("desk of nobody", "POST", "/desk/nobody/claim", {}, b"", 401),
    ("sign-in of nothing", "POST", "/sign-in", {}, b"", 401),
    ("sign-in from another site", "POST", "/sign-in", {"sec-fetch-site": "cross-site"}, b"", 403),
    ("reply from another site", "POST", "/desk/x/reply", {"sec-fetch-site": "same-site"}, b"", 403),
    ("socket without upgrade", "GET", "/widget/socket", {}, None, 426),
]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status"),
    [case[1:] for case in CASES],
    ids=[f"{case[1]} {case[2].split('?')[0][:40]}: {case[0]}" for case in CASES],
)
async def test_bad_input_gets_a_clear_refusal(
    site: Site, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int
) -> None:
    async with aiohttp.ClientSession() as client:
        url = site.url + path
        async with client.request(method, url, headers=headers, data=body, allow_redirects=False) as response:
            text = await response.text()
    assert response.status == status, text
    if path.startswith(("/api/", "/webhooks/")):
        problem = json.loads(text)
        assert problem["ok"] is False
        assert problem["status"] == status
        assert problem["error"]


HELLO = '{"type":"hello","token":null,"after":""}'

# (what, frame, expected error code)
FRAMES: list[tuple[str, Any, str]] = [
    ("no JSON", "hallo", "invalid"),
    ("a number", "7", "invalid"),
    ("no type", "{}", "invalid"),
    ("unknown type", '{"type":"dance"}', "invalid"),
    ("a second hello", HELLO, "invalid"),
    ("binary", b"\x00\xff\x00", "invalid"),
    ("no id", '{"type":"message","text":"hoi"}', "invalid"),
    ("id with a space", '{"type":"message","id":"a b","text":"hoi"}', "invalid"),
    ("id huge", json.dumps({"type": "message", "id": "a" * 301, "text": "hoi"}), "invalid"),
    ("id a number", '{"type":"message","id":1,"text":"hoi"}', "invalid"),
    ("no text", '{"type":"message","id":"1"}', "invalid"),
    ("blank text", '{"type":"message","id":"1","text":"  "}', "invalid"),
    ("text too long", json.dumps({"type": "message", "id": "1", "text": "x" * 4001}), "invalid"),
    ("text a list", '{"type":"message","id":"1","text":[]}', "invalid"),
    ("half a surrogate pair", '{"type":"message","id":"1","text":"\\ud83d"}', "invalid"),
    ("payload of nobody's", '{"type":"message","id":"1","text":"x","payload":"/Restart now"}', "invalid"),
    ("read of nothing", '{"type":"read"}', "invalid"),
    ("read of a place in other digits", '{"type":"read","up_to":"\u0663-\u0664"}', "invalid"),
    ("read of a place too large", '{"type":"read","up_to":"99999999999999999999-0"}', "invalid"),
    ("read of a strange place", '{"type":"read","up_to":"-1"}', "invalid"),
    ("received of a strange place", '{"type":"received","up_to":"x"}', "invalid"),
]


@pytest.mark.parametrize(("frame", "code"), [case[1:] for case in FRAMES], ids=[case[0] for case in FRAMES])
async def test_a_bad_frame_gets_an_error_and_the_socket_goes_on(site: Site, frame: Any, code: str) -> None:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        await socket.send(HELLO)
        await socket.recv()
        await socket.send(frame)
        error = json.loads(await socket.recv())
        assert (error["type"], error["code"]) == ("error", code)
        assert error["error"].strip()
        await socket.send('{"type":"ping"}')
        assert json.loads(await socket.recv()) == {"type": "pong"}


async def test_bytes_that_are_no_utf8_in_a_header_are_refused(site: Site) -> None:
    """aiohttp refuses to send them, so this is written by hand."""
    host, port = site.url.removeprefix("http://").split(":")
    for header in (b"authorization: Bearer \xff\xfe", b"cookie: bot_session=\xff\xfe"):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /api/v1/queue HTTP/1.1\r\nhost: x\r\nconnection: close\r\n" + header + b"\r\n\r\n")
        status = await reader.readline()
        writer.close()
        assert b" 401 " in status


@pytest.mark.parametrize(
    "first",
    [
        "hallo",
        "{}",
        '{"type":"ping"}',
        '{"type":"hello","after":"x"}',
        '{"type":"\u00e9' + "\u00e9" * 120 + '"}',
        b"\xff",
    ],
)
async def test_a_socket_that_does_not_say_hello_is_closed(site: Site, first: Any) -> None:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        await socket.send(first)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4400


async def test_a_frame_that_is_too_large_closes_the_socket_only(site: Site) -> None:
    async with websockets.connect(site.ws_url + "/widget/socket") as socket:
        await socket.send(HELLO)
        await socket.recv()
        await socket.send("x" * 40_000)
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1009


@pytest.mark.parametrize(
    ("origin", "allowed"), [("https://evil.example", False), (None, True), ("own", True), ("null", False)]
)
async def test_only_our_own_pages_may_open_a_socket(site: Site, origin: str | None, allowed: bool) -> None:
    given = site.url if origin == "own" else origin
    async with websockets.connect(site.ws_url + "/widget/socket", origin=given) as socket:  # type: ignore[arg-type]
        try:
            await socket.send(HELLO)
            answer = json.loads(await socket.recv())["type"]
        except websockets.ConnectionClosed as exc:
            answer = exc.rcvd.code if exc.rcvd else None
    assert answer == ("welcome" if allowed else 1008)
