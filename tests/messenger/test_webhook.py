"""Meta's webhook over real HTTP: who is let in, what is stored, and that nothing is refused that would come again."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json

import aiohttp
import pytest

from tests.conftest import HANG_S, Site, eventually
from tests.fakes.platform import APP_SECRET, VERIFY_TOKEN
from tests.messenger.deliveries import (
    envelope,
    escaped,
    new_customer,
    post,
    signature,
    text_event,
)

BODY = escaped(envelope(text_event("6001", "hoi")))


async def verify(site: Site, **given: str) -> aiohttp.ClientResponse:
    params = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    params |= {f"hub.{name}": value for name, value in given.items()}
    async with aiohttp.ClientSession() as client:
        async with client.get(site.url + "/webhooks/messenger", params=params) as response:
            await response.read()
            return response


async def test_the_challenge_comes_back_as_plain_text(messenger: Site) -> None:
    response = await verify(messenger)
    assert (response.status, await response.text()) == (200, "1158201444")
    markup = await verify(messenger, challenge="<script>alert(1)</script>")
    assert markup.headers["content-type"].startswith("text/plain")
    assert markup.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({}, 200),
        ({"verify_token": VERIFY_TOKEN + "x"}, 403),
        ({"verify_token": ""}, 403),
        ({"verify_token": "é😀"}, 403),
        ({"mode": "unsubscribe"}, 403),
        ({"mode": ""}, 403),
        ({"challenge": ""}, 400),
        ({"challenge": "x" * 1001}, 400),
        ({"challenge": "a\nb"}, 400),
        ({"challenge": "é"}, 400),
    ],
)
async def test_only_who_knows_the_word_gets_the_challenge(messenger: Site, given: dict[str, str], status: int) -> None:
    assert (await verify(messenger, **given)).status == status


SHA1 = "sha1=" + hmac.new(APP_SECRET.encode(), BODY, hashlib.sha1).hexdigest()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-hub-signature-256": signature(BODY)}, 200),
        ({"x-hub-signature-256": signature(BODY), "x-hub-signature": "sha1=wrong"}, 200),
        ({}, 403),
        ({"x-hub-signature-256": ""}, 403),
        ({"x-hub-signature-256": signature(BODY, "another-secret")}, 403),
        ({"x-hub-signature-256": signature(BODY, VERIFY_TOKEN)}, 403),
        ({"x-hub-signature-256": signature(BODY + b" ")}, 403),
        ({"x-hub-signature-256": signature(BODY)[:-1]}, 403),
        ({"x-hub-signature-256": signature(BODY).removeprefix("sha256=")}, 403),
        ({"x-hub-signature-256": SHA1}, 403),
        ({"x-hub-signature": SHA1}, 403),
        ({"x-hub-signature": signature(BODY)}, 403),
        ({"x-hub-signature-256": "sha256=" + "é" * 64}, 403),
    ],
)
async def test_only_what_meta_signed_is_taken(messenger: Site, headers: dict[str, str], status: int) -> None:
    assert (await post(messenger, BODY, headers))[0] == status


async def test_the_signature_is_over_the_bytes_and_not_over_their_meaning(messenger: Site) -> None:
    body = escaped(envelope(text_event(new_customer(), "Café 😀 https://x.example")))
    assert b"\\u00e9" in body and b"\\/" in body
    assert (await post(messenger, body))[0] == 200
    same = json.dumps(json.loads(body)).encode()
    assert (await post(messenger, same, {"x-hub-signature-256": signature(body)}))[0] == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff",
        b"{",
        b"[]",
        b"{}",
        b'{"object":"user","entry":[{"id":"1","time":1,"changes":[]}]}',
        b'{"object":"page","entry":[null,5,{"id":"1001"},{"id":"1001","messaging":[7,[],{"x":NaN}]}]}',
        b'{"object":"page","entry":[{"id":"1001","messaging":[{"a":"\xff","a":"\\ud800"}]}]}',
        b'{"object":"page","entry":[{"id":"1001","messaging":[' + b"[" * 9_000 + b"]" * 9_000 + b"]}]}",
        b'{"object":"page","entry":[{"id":"1001","messaging":[1' + b"0" * 9_000 + b"]}]}",
    ],
    ids=range(10),
)
async def test_whatever_was_signed_is_taken_so_that_it_does_not_come_again(messenger: Site, body: bytes) -> None:
    assert await post(messenger, body) == (200, "EVENT_RECEIVED")


async def test_a_batch_of_a_thousand_is_stored_before_the_answer(messenger: Site) -> None:
    customer = new_customer()
    events = [text_event(customer, f"{number} " + "é" * 300) for number in range(1000)]
    body = escaped(envelope(*events))
    assert len(body) > 1024 * 1024
    assert await post(messenger, body) == (200, "EVENT_RECEIVED")


async def test_a_body_that_is_far_too_large_is_refused_and_so_is_a_large_one_without_a_signature(
    messenger: Site,
) -> None:
    huge = b" " * (11 * 1024 * 1024)
    assert (await post(messenger, huge))[0] == 413
    async with aiohttp.ClientSession() as client:
        try:
            async with client.post(messenger.url + "/webhooks/messenger", data=huge) as response:
                assert response.status == 403
        except aiohttp.ClientConnectionError:
            pass  # it was cut off: so much was not even read
    assert (await post(messenger, BODY))[0] == 200


async def test_who_sends_large_bodies_slowly_is_limited_and_others_are_not(messenger: Site) -> None:
    stop = asyncio.Event()

    async def drip() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", messenger.settings.port)
        writer.write(
            b"POST /webhooks/messenger HTTP/1.1\r\nhost: x\r\ncontent-length: 5000000\r\n"
            b"x-hub-signature-256: " + signature(b"x").encode() + b"\r\n\r\n" + b" " * 100_000
        )
        await writer.drain()
        answer = asyncio.ensure_future(reader.read(100))
        await asyncio.wait([answer, asyncio.ensure_future(stop.wait())], return_when=asyncio.FIRST_COMPLETED)
        writer.close()
        return answer.result() if answer.done() else b""

    slow = [asyncio.ensure_future(drip()) for _ in range(6)]
    done, waiting = await asyncio.wait(slow, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
    while len(done) < 2:
        more, waiting = await asyncio.wait(waiting, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED)
        done |= more
    assert all(b" 503 " in one.result() for one in done) and len(waiting) == 4
    assert (await post(messenger, BODY))[0] == 200
    large = escaped(envelope(text_event(new_customer(), "x" * 100_000)))
    assert (await post(messenger, large))[0] == 503

    async def is_taken() -> bool:
        return (await post(messenger, large))[0] == 200

    assert await eventually(is_taken)  # in the place of the one that has been slow longest
    assert len((await asyncio.wait(waiting, timeout=HANG_S, return_when=asyncio.FIRST_COMPLETED))[0]) == 1
    assert (await post(messenger, large))[0] == 200
    stop.set()
    await asyncio.gather(*slow)


async def test_a_page_of_another_site_can_not_use_the_webhook_and_meta_can(messenger: Site) -> None:
    headers = {"x-hub-signature-256": signature(BODY)}
    assert (await post(messenger, BODY, {**headers, "sec-fetch-site": "cross-site"}))[0] == 403
    assert (await post(messenger, BODY, {**headers, "user-agent": "facebookexternalua"}))[0] == 200


async def test_while_the_channel_is_off_there_is_no_webhook(site: Site) -> None:
    status, answer = await post(site, BODY)
    assert (status, json.loads(answer)["code"]) == (404, "not_found")
    assert (await verify(site)).status == 404
