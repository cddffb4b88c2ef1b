"""The JSON API, health and metrics, over real HTTP."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import aiohttp
import pytest

from bot.model import Handoff, ModelRecord
from bot.web.api.operations import OPERATIONS
from tests.conftest import API_TOKEN, Site
from tests.fakes.conversations import NOT_SURE, SURE, answer, handed_over, naming, write

API = {"authorization": f"Bearer {API_TOKEN}"}


async def call(site: Site, method: str, path: str, body: Any = None, **kwargs: Any) -> tuple[int, Any]:
    kwargs.setdefault("headers", API)
    async with aiohttp.ClientSession() as client:
        async with client.request(method, site.url + path, json=body, **kwargs) as response:
            return response.status, await response.json()


async def waiting(site: Site, **fields: Any) -> str:
    async with site.store() as store:
        return await handed_over(store, "mijn kat zit vast in jullie lift", **fields)


async def test_the_queue_has_the_whole_conversation_with_reason_and_ranking(site: Site) -> None:
    conversation_id = await waiting(site)
    status, queue = await call(site, "GET", "/api/v1/queue")
    assert status == 200
    item = next(item for item in queue["items"] if item["conversation"]["id"] == conversation_id)
    assert item["handoff"]["reason"] in ("not_confident", "asked_for_human")
    assert item["transcript"][0]["message"]["text"] == "mijn kat zit vast in jullie lift"
    assert item["waiting_s"] >= 0
    assert queue["size"] >= 1


async def test_what_the_customer_named_is_on_the_queue_item_and_on_the_conversation(site: Site) -> None:
    async with site.store() as store:
        first = await write(store, "waar blijft WS-1048221, bel 0612345678")
        await answer(store, first, nlu=naming(SURE, order_number="WS-1048221", phone="0612345678"))
        second = await write(store, "ws1048221 dus", first.conversation_id)
        handoff = Handoff("not_confident", "normal", 1, second.id)
        await answer(store, second, nlu=naming(NOT_SURE, order_number="ws1048221", product="jas"), handoff=handoff)
    expected = [
        {"entity": "order_number", "value": "WS-1048221"},
        {"entity": "phone", "value": "0612345678"},
        {"entity": "product", "value": "jas"},
    ]
    _, queue = await call(site, "GET", "/api/v1/queue")
    item = next(item for item in queue["items"] if item["conversation"]["id"] == first.conversation_id)
    assert item["entities"] == expected
    _, found = await call(site, "GET", f"/api/v1/conversations/{first.conversation_id}")
    assert found["entities"] == expected


async def test_a_program_can_take_over_answer_and_close(site: Site) -> None:
    conversation_id = await waiting(site)
    path = f"/api/v1/conversations/{conversation_id}"
    status, claimed = await call(site, "POST", path + "/claim", {"seen_owner": "queue"})
    assert (status, claimed["conversation"]["owner"]) == (200, "agent:api")
    reply = {"text": "We komen eraan", "message_id": "r-1"}
    assert (await call(site, "POST", path + "/reply", reply))[0] == 200
    assert (await call(site, "POST", path + "/reply", reply))[0] == 200
    status, closed = await call(site, "POST", path + "/close")
    assert (status, closed["conversation"]["owner"]) == (200, "closed")
    said = [line["message"]["text"] for line in closed["transcript"]]
    assert said.count("We komen eraan") == 1


async def test_who_was_first_keeps_the_conversation(site: Site) -> None:
    conversation_id = await waiting(site)
    sanne = await asyncio.to_thread(site.account, "sanne", "agent")
    async with site.store() as store:
        await store.queue.claim(await store.conversations.get(conversation_id), sanne)
    status, problem = await call(site, "POST", f"/api/v1/conversations/{conversation_id}/claim", {})
    assert (status, problem["code"]) == (409, "already_claimed")
    # Nor does pretending to have seen oneself as the owner help.
    seen = {"seen_owner": "agent:api"}
    assert (await call(site, "POST", f"/api/v1/conversations/{conversation_id}/claim", seen))[0] == 409


async def test_handing_back_and_putting_back(site: Site) -> None:
    for action, owner in (("hand-back", "assistant"), ("put-back", "queue")):
        path = f"/api/v1/conversations/{await waiting(site)}"
        await call(site, "POST", path + "/claim", {})
        status, after = await call(site, "POST", f"{path}/{action}")
        assert (status, after["conversation"]["owner"]) == (200, owner)


async def test_an_answer_can_be_read_changed_and_not_overwritten_unseen(site: Site) -> None:
    path = "/api/v1/templates/utter_groet"
    _, before = await call(site, "GET", path)
    status, saved = await call(site, "PUT", path, {"text": "Hoi! {openingstijden}", "version": before["version"]})
    assert (status, saved["version"], saved["text"]) == (200, before["version"] + 1, "Hoi! {openingstijden}")
    status, problem = await call(site, "PUT", path, {"text": "Anders", "version": before["version"]})
    assert (status, problem["code"]) == (409, "edit_conflict")
    assert (await call(site, "GET", path))[1]["text"] == "Hoi! {openingstijden}"


async def test_an_answers_wordings_and_picture_stay_unless_they_are_changed(site: Site) -> None:
    path = "/api/v1/templates/utter_groet"
    picture = {"url": "https://winkel.example/hoi.png", "alt": "Een zwaaiende hand"}
    body = {"text": "Hoi!", "variants": [{"text": "Hallo!"}, {"text": "Hé!", "channel": "instagram"}], "image": picture}
    status, saved = await call(site, "PUT", path, {**body, "because": "Vrolijker"})
    assert (status, saved["image"], saved["because"]) == (200, picture, "Vrolijker")
    _, kept = await call(site, "PUT", path, {"text": "Hoi hoi!"})
    assert (kept["image"], kept["variants"], kept["because"]) == (picture, saved["variants"], "")
    _, without = await call(site, "PUT", path, {"text": "Hoi!", "image": None, "variants": []})
    assert (without["image"], without["variants"]) == (None, [])
    for wrong, named in (
        ({"image": {**picture, "url": "http://winkel.example/a.png"}}, "image"),
        ({"image": {**picture, "alt": " "}}, "image"),
        ({"variants": [{"text": "{prijs}"}]}, "variants"),
        ({"variants": [{"text": " \n"}]}, "variants: text: expected 1 to"),
        ({"variants": [{"text": "Hoi { naam }"}]}, "braces only around a variable"),
        ({"variants": [{"text": "Hoi", "channel": "fax"}]}, "variants"),
        ({"variants": [{"text": "Hoi"}] * 7}, "variants"),
        ({"because": "x" * 301}, "because"),
    ):
        status, problem = await call(site, "PUT", path, {"text": "Hoi!", **wrong})
        assert status == 400 and named in problem["error"], wrong


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("agent", "/api/v1/queue", 200),
        ("editor", "/api/v1/queue", 403),
        ("editor", "/api/v1/templates", 200),
        ("agent", "/api/v1/models", 403),
        ("editor", "/api/v1/models", 200),
        ("admin", "/api/v1/queue", 200),
    ],
)
async def test_a_session_may_what_its_role_may(site: Site, role: str, path: str, status: int) -> None:
    token = await asyncio.to_thread(site.session, f"een-{role}", role)
    async with aiohttp.ClientSession(cookies={"bot_session": token}) as client:
        async with client.get(site.url + path) as response:
            assert response.status == status


async def test_the_description_names_every_operation_and_every_shape(site: Site) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(site.url + "/api/openapi.json") as response:
            described = await response.json()
    assert described["openapi"].startswith("3.1")
    known = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert known == {(op.method, f"/api/v1{op.path}") for op in OPERATIONS}
    names = set(re.findall(r"#/components/schemas/([\w.]+)", str(described["paths"]) + str(described["components"])))
    assert names == set(described["components"]["schemas"])


async def test_ready_names_the_part_that_is_down(site: Site) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(site.url + "/health/ready") as response:
            assert response.status == 503
            parts = (await response.json())["parts"]
    ok = {name: part["ok"] for name, part in parts.items()}
    assert ok == {"redis": True, "assistant": False, "model": False, "search": True, "trainer": False}
    assert "human queue" in parts["assistant"]["reason"]


async def test_ready_when_an_assistant_and_a_model_are_there(site: Site) -> None:
    async with site.store() as store:
        await store.models.register(ModelRecord("m1", "/x", "", 1, {"threshold": 0.9}))
        await store.models.activate("m1")
        await store.work.sign_of_life("test", '{"model":"m1"}')
        async with aiohttp.ClientSession() as client:
            async with client.get(site.url + "/health/ready") as response:
                assert response.status == 200
                assert (await response.json())["parts"]["model"]["card"] == {"threshold": 0.9}
        await store.work.sign_off("test")


@pytest.mark.parametrize("refused", [True, False])
async def test_ready_says_that_the_active_model_was_refused(site: Site, refused: bool) -> None:
    about = '{"model":"m1","refused":"m2"}' if refused else '{"model":"m1"}'
    async with site.store() as store:
        await store.models.register(ModelRecord("m2", "/x", "", 1))
        await store.models.activate("m2")
        await store.work.sign_of_life("test", about)
        status, ready = await call(site, "GET", "/health/ready")
        await store.work.sign_off("test")
    assert status == 200  # customers are answered
    assert ("1 refused that one" in ready["parts"]["assistant"]["reason"]) == refused


@pytest.mark.parametrize(("model", "said"), [("m2", "1 running"), ("m1", "1 of them with another model than m2")])
async def test_ready_says_which_model_should_answer(site: Site, model: str, said: str) -> None:
    async with site.store() as store:
        await store.models.register(ModelRecord("m2", "/x", "", 1))
        await store.models.activate("m2")
        await store.work.sign_of_life("test", f'{{"model":"{model}"}}')
        status, ready = await call(site, "GET", "/health/ready")
        await store.work.sign_off("test")
    assert status == 200
    assert ready["parts"]["assistant"]["reason"].endswith(said + (", the active one" if model == "m1" else ""))


@pytest.mark.parametrize(("waits_s", "ok"), [(1.5, True), (10.0, False)])
async def test_ready_says_when_customers_wait_longer_than_the_turn_limit(site: Site, waits_s: float, ok: bool) -> None:
    async with site.store() as store:
        await store.work.sign_of_life("test", '{"model":"m2"}')
        # One that no web process can give to a human: then it stays overdue.
        conversation_id = (await write(store, "hoi")).conversation_id
        await store._client.hset(store._keys.conversation(conversation_id), "handoff", "no JSON")
        await store._client.zadd(store._keys.due, {conversation_id: (time.time() - waits_s) * 1000})
        _, ready = await call(site, "GET", "/health/ready")
        await store.work.forget(conversation_id)
        await store.work.sign_off("test")
    assert ready["parts"]["assistant"]["ok"] is ok
    assert ("BOT_TURN_TIMEOUT_S (1 s)" in ready["parts"]["assistant"]["reason"]) is not ok
