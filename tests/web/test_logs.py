"""A customer's words are in the message log and nowhere else."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import aiohttp
import pytest
import websockets

from bot.logs import described
from tests.conftest import API_TOKEN, PASSWORD, REST_TOKEN, Site, eventually
from tests.fakes.conversations import handed_over
from tests.fakes.scripted_assistant import scripted_assistant

SECRET = "geheimewoorden"
# Forms in which a word may find its way round whoever only takes care of plain text.
DISGUISES = [
    SECRET,
    f'","reason":"{SECRET}","x":"',
    f"\n{SECRET}\r\n{{{SECRET}}} %({SECRET})s",
    f"ik wil dood {SECRET}",
    f"/{SECRET}",
    f"\x1b[31m{SECRET}\u202e😀",
]
REST = {"authorization": f"Bearer {REST_TOKEN}"}
API = {"authorization": f"Bearer {API_TOKEN}"}


def lines_of(site: Site, conversation_id: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in site.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("conversation_id") == conversation_id]


def assert_nothing_is_told(site: Site) -> None:
    log = site.log.read_text()
    assert "web.started" in log
    for secret in (SECRET, REST_TOKEN, API_TOKEN, PASSWORD):
        assert secret not in log.lower()


@pytest.mark.parametrize("words", DISGUISES)
async def test_no_line_has_what_came_in_over_rest(site: Site, words: str) -> None:
    url = site.url + "/webhooks/rest/webhook"
    in_id = "".join(words.split())
    async with site.store() as store, scripted_assistant(store), aiohttp.ClientSession(headers=REST) as client:
        for body in (
            {"sender": f"een klant {words}", "message": words, "message_id": f"{in_id}1"},
            {"sender": "k", "message": words, "message_id": words},
            {"sender": "k", "message": words * 1000},
            {"sender": "k", "message": [words]},
            {"sender": "k", "message": "hoi", "metadata": words},
            {words: words},
        ):
            await client.post(url, json=body)
        await client.post(url, data='{"sender":"k","message":["' + words)
        await client.post(url, json={"sender": "k", "message": "hoi"}, headers={"authorization": f"Bearer {SECRET}"})
        await client.get(site.url + "/webhooks/rest/messages", params={"sender": "k", "after": words})
        await client.get(site.url + "/webhooks/rest/messages", params={"sender": f"een klant {words}"})
    assert_nothing_is_told(site)


@pytest.mark.parametrize("words", DISGUISES)
async def test_no_line_has_what_came_in_over_the_widgets_socket(site: Site, words: str) -> None:
    in_id = "".join(words.split())
    frames = [
        {"type": "message", "id": f"{in_id}1", "text": words, "payload": "/faq_ruilen"},
        {"type": "message", "id": in_id, "text": words, "payload": words},
        {"type": "message", "id": words + " ", "text": words},
        {"type": "read", "up_to": words},
        {"type": words},
        {"type": "message", "id": 1, "text": [words]},
    ]
    async with site.store() as store, scripted_assistant(store):
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send(json.dumps({"type": "hello", "token": f"{words}.{words}"}))
            await socket.recv()
            for frame in (*(json.dumps(frame) for frame in frames), words, words.encode()):
                await socket.send(frame)
                while json.loads(await socket.recv())["type"] not in ("ack", "error"):
                    pass
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send(json.dumps({"type": "hello", "after": words}))
            await socket.wait_closed()
    assert_nothing_is_told(site)


@pytest.mark.parametrize("words", DISGUISES)
async def test_no_line_has_what_agents_editors_and_programs_write(site: Site, words: str) -> None:
    token = await asyncio.to_thread(site.session, "sanne", "admin")
    async with site.store() as store:
        conversation_id = await handed_over(store, words)
    desk, api = f"{site.url}/desk/{conversation_id}", f"{site.url}/api/v1/conversations/{conversation_id}"
    reply_id = str(uuid.uuid4())
    async with aiohttp.ClientSession(cookies={"bot_session": token}) as client:
        for path, form in (
            ("claim", {"seen_owner": words}),
            ("claim", {"seen_owner": "queue"}),
            ("reply", {"text": words, "message_id": reply_id}),
            ("reply", {"text": words, "message_id": words}),
            ("put-back", {"seen_owner": words}),
        ):
            await client.post(f"{desk}/{path}", data=form)
        await client.post(site.url + "/editor/utter_groet", data={"title": words, "text": words, "version": words})
        await client.get(site.url + "/editor", params={"q": words})
        await client.post(site.url + "/sign-in", data={"name": words, "password": words})
    async with aiohttp.ClientSession(headers=API) as client:
        await client.post(api + "/claim", json={"seen_owner": words})
        await client.post(api + "/claim", json={"seen_owner": "queue"})
        await client.post(api + "/reply", json={"text": words, "message_id": words})
        await client.post(api + "/close", json={})
        await client.put(site.url + "/api/v1/templates/utter_groet", json={"text": words, "version": 10**6})
        await client.get(f"{site.url}/api/v1/conversations/{SECRET}", headers={"user-agent": SECRET, "x-id": SECRET})
    assert [line["change"] for line in lines_of(site, conversation_id) if line["event"] == "owner.changed"] == [
        "claimed",
        "put_back",
        "claimed",
        "closed",
    ]
    replies = [line for line in lines_of(site, conversation_id) if line["event"] == "agent.replied"]
    assert [line["agent_id"] for line in replies] == ["sanne", "api"]
    assert_nothing_is_told(site)


async def test_a_conversation_can_be_followed_from_edge_to_edge(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store):
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send('{"type":"hello"}')
            conversation_id = json.loads(await socket.recv())["conversation_id"]
            message = json.dumps({"type": "message", "id": SECRET, "text": "hoi daar"})
            for frame in (message, message):
                await socket.send(frame)
            while (got := json.loads(await socket.recv()))["type"] != "message" or got["message"][
                "sender"
            ] == "customer":
                pass
            reply = got["message"]["entry_id"]
            await socket.send(json.dumps({"type": "received", "up_to": reply}))
            await socket.send(json.dumps({"type": "read", "up_to": reply}))

            async def is_read() -> bool:
                return any(line["event"] == "message.read" for line in lines_of(site, conversation_id))

            assert await eventually(is_read)
    lines = lines_of(site, conversation_id)
    events = [line["event"] for line in lines]
    assert sorted(events) == sorted(
        ["message.received", "message.received", "message.sent", "message.delivered", "message.read"]
    )
    assert {line["channel"] for line in lines} == {"widget"}
    received = [line for line in lines if line["event"] == "message.received"]
    assert [(line["repeated"], line["chars"]) for line in received] == [(False, 8), (True, 8)]
    assert [line["entry_id"] for line in lines if line["event"] == "message.sent"] == [reply]
    assert SECRET not in site.log.read_text()


def test_a_described_error_names_place_and_kind_but_not_its_text() -> None:
    try:
        int(SECRET)
    except ValueError as exc:
        said = described(exc)
    assert said.startswith("ValueError at ")
    assert "test_logs.py" in said
    assert SECRET not in said
