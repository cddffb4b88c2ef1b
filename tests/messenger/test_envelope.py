"""A webhook's request taken apart: one strange part loses none of its neighbours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.web.channels.messenger.envelope import events_in

GOOD = '{"sender":{"id":"6001"},"message":{"mid":"m1","text":"Caf\\u00e9 \\/"}}'


def split(body: str | bytes) -> list[tuple[str, str, str, str]]:
    raw = body if isinstance(body, bytes) else body.encode()
    events = events_in(raw, received_at_ms=5)
    assert all(json.loads(bytes(one.event)) is not ... and one.received_at_ms == 5 for one in events)
    return [(one.platform, one.account_id, one.array, bytes(one.event).decode()) for one in events]


def test_every_event_of_every_entry_is_kept_in_order_and_byte_for_byte() -> None:
    body = (
        f'{{"object":"page","entry":[{{"id":"1001","messaging":[{GOOD}, {{"b" : 1}}],"standby":[{{"c":2}}]}},'
        '{"id":1002,"changes":[{"field":"feed"}]}]}'
    )
    assert split(body) == [
        ("page", "1001", "messaging", GOOD),
        ("page", "1001", "messaging", '{"b" : 1}'),
        ("page", "1001", "standby", '{"c":2}'),
        ("page", "1002", "changes", '{"field":"feed"}'),
    ]


@pytest.mark.parametrize("strange", ["5", "null", "[]", '"x"', "[[{}]]", '{"a":"\\ud800"}', "true", "NaN", "-Infinity"])
def test_a_strange_element_loses_no_neighbour(strange: str) -> None:
    found = split(f'{{"object":"page","entry":[{{"id":"1001","messaging":[{GOOD},{strange},{GOOD}]}}]}}')
    assert [json.loads(event) for *_, event in found][::2] == [json.loads(GOOD)] * 2
    assert len(found) == 3


@pytest.mark.parametrize(
    "entry",
    [
        "{}",
        "7",
        '{"id":"1001"}',
        '{"id":"1001","messaging":{"a":1}}',
        '{"id":"1001","messaging":null}',
        '{"id":["x"],"other":[1]}',
    ],
)
def test_an_entry_without_events_is_kept_whole_beside_the_others(entry: str) -> None:
    body = f'{{"object":"page","entry":[{entry},{{"id":"1001","messaging":[{GOOD}]}}]}}'
    (_, _, array, event), *others = split(body)
    assert (array, json.loads(event)) == ("", json.loads(entry))
    assert [event for *_, event in others] == [GOOD]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x00\xff\xfe",
        b"nonsense",
        b"[]",
        b"null",
        b"{}",
        b'{"object":"page"}',
        b'{"object":"page","entry":[]}',
        b'{"object":"page","entry":{}}',
        b'{"object":"user","entry":[{"id":"1","changes":[{}]}]}',
        b'{"object":7,"entry":[{}]}',
        b'{"object":"page","entry":[{"id":"1001","messaging":[{"message":',
        b'{"object":"page","entry":[{"id":"1001","messaging":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}]}",
    ],
    ids=range(13),
)
def test_what_is_no_request_of_meta_is_kept_as_text(body: bytes) -> None:
    ((_, account, array, event),) = split(body)
    assert (account, array) == ("", "")
    assert json.loads(event) == body.decode(errors="replace")[: 64 * 1024]


def test_bytes_that_are_no_utf8_are_replaced_and_nothing_else_is() -> None:
    found = split(b'{"object":"page","entry":[{"id":"1001","messaging":[{"a":"\xff"},{"b":"\\u00e9"}]}]}')
    assert [event for *_, event in found] == ['{"a":"\ufffd"}', '{"b":"\\u00e9"}']


def test_json_that_only_others_read_is_read() -> None:
    body = '\ufeff{"object":"page","entry":[{"id":"1001","messaging":[{"\\ud800":NaN},{"b":2}]}]}'
    events: list[Any] = [json.loads(event) for *_, event in split(body)]
    assert events == [{"\ufffd": None}, {"b": 2}]
