"""What programs do over the API as agents do on the desk, over real HTTP."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bot.store import Store
from bot.store.departments import Department, Target
from tests.conftest import Site
from tests.fakes.conversations import handed_over, write
from tests.web.test_api import call, waiting


async def claimed(site: Site, **fields: Any) -> str:
    """The path of a conversation that the program has."""
    path = f"/api/v1/conversations/{await waiting(site, **fields)}"
    assert (await call(site, "POST", path + "/claim", {}))[0] == 200
    return path


async def departments(store: Store) -> None:
    known = {one.id for one in await store.departments.all()}
    if "bezorging" not in known:
        await store.departments.save(Department("klantenservice", "de klantenservice", Target(10, 480)))
        await store.departments.save(Department("bezorging", "de bezorging", Target(5, 60), place=1))


async def test_the_queue_is_in_the_order_of_priority_and_promise_page_by_page(site: Site) -> None:
    async with site.store() as store:
        await departments(store)
        low = await handed_over(store, "eens kijken", priority="low")
        high = await handed_over(store, "klacht!", reason="complaint", priority="high")
    _, first = await call(site, "GET", "/api/v1/queue?limit=1")
    ids = [item["conversation"]["id"] for item in first["items"]]
    while first["after"]:
        _, first = await call(site, "GET", f"/api/v1/queue?limit=1&after={first['after']}")
        ids += [item["conversation"]["id"] for item in first["items"]]
    assert ids.index(high) < ids.index(low) and len(ids) == len(set(ids)) == first["size"]
    _, queue = await call(site, "GET", "/api/v1/queue")
    item = next(item for item in queue["items"] if item["conversation"]["id"] == high)
    assert item["handoff"]["department"] == "klantenservice"
    assert item["handoff"]["first_due_ms"] > time.time() * 1000
    assert item["transcript"][0]["message"]["text"] == "klacht!"


async def test_passing_on_to_a_department_promises_anew_and_the_note_is_for_colleagues(site: Site) -> None:
    async with site.store() as store:
        await departments(store)
    path = await claimed(site)
    body = {"department": "bezorging", "note": "pakje kwijt"}
    status, after = await call(site, "POST", path + "/transfer", body)
    assert (status, after["conversation"]["owner"]) == (200, "queue")
    assert after["conversation"]["handoff"]["department"] == "bezorging"
    notes = [line["message"]["text"] for line in after["transcript"] if line["message"]["sender"] == "note"]
    assert "pakje kwijt" in notes[-1]
    _, queue = await call(site, "GET", "/api/v1/queue?department=bezorging")
    assert [item["conversation"]["id"] for item in queue["items"]] == [after["conversation"]["id"]]
    _, page = await call(site, "GET", "/api/v1/conversations?view=waiting/bezorging")
    assert [one["id"] for one in page["items"]] == [after["conversation"]["id"]]
    _, known = await call(site, "GET", "/api/v1/departments")
    assert [(one["id"], one["target"]["first_minutes"]) for one in known["items"]] == [
        ("klantenservice", 10),
        ("bezorging", 5),
    ]


async def test_passing_on_to_a_colleague(site: Site) -> None:
    await asyncio.to_thread(site.account, "noor", "agent")
    path = await claimed(site)
    status, after = await call(site, "POST", path + "/transfer", {"account": "noor"})
    assert (status, after["conversation"]["owner"]) == (200, "agent:noor")
    _, page = await call(site, "GET", "/api/v1/conversations?view=held/noor")
    assert [one["id"] for one in page["items"]] == [after["conversation"]["id"]]


@pytest.mark.parametrize(
    ("deed", "body", "status"),
    [
        ("transfer", {}, 400),
        ("transfer", {"account": "noor", "department": "bezorging"}, 400),
        ("transfer", {"account": "niemand"}, 400),
        ("transfer", {"department": "niets"}, 404),
        ("transfer", {"department": "klantenservice", "note": "x" * 501}, 400),
        ("snooze", {"until_ms": 1}, 400),
        ("snooze", {}, 400),
        ("priority", {"priority": "gisteren"}, 400),
        ("labels", {"labels": ["\x00"]}, 400),
        ("note", {"text": "  "}, 400),
        ("close", {"reason": "zomaar"}, 400),
        ("reply", {"text": "Hoi", "seen_entry_id": "1-0"}, 409),
    ],
)
async def test_what_makes_no_sense_is_refused_and_changes_nothing(
    site: Site, deed: str, body: dict[str, Any], status: int
) -> None:
    path = await claimed(site)
    before = (await call(site, "GET", path))[1]
    assert (await call(site, "POST", f"{path}/{deed}", body))[0] == status
    assert (await call(site, "GET", path))[1] == before


async def test_a_note_tells_the_colleague_whom_it_names(site: Site) -> None:
    await asyncio.to_thread(site.account, "noor", "agent")
    path = f"/api/v1/conversations/{await waiting(site)}"
    assert (await call(site, "POST", path + "/note", {"text": "Weet jij dit, @noor?"}))[0] == 200
    async with site.store() as store:
        told = (await store.notifications.latest("noor"))[0]
    assert (told.kind, told.conversation_id) == ("mention", path.rpartition("/")[2])


async def test_snooze_priority_labels_note_and_close_with_a_reason(site: Site) -> None:
    path = await claimed(site)
    until_ms = int(time.time() * 1000) + 3_600_000
    _, after = await call(site, "POST", path + "/snooze", {"until_ms": until_ms})
    assert after["conversation"]["snoozed_until_ms"] == until_ms
    _, page = await call(site, "GET", "/api/v1/conversations?view=snoozed")
    assert after["conversation"]["id"] in [one["id"] for one in page["items"]]
    _, after = await call(site, "POST", path + "/snooze", {"until_ms": 0})
    assert after["conversation"]["snoozed_until_ms"] == 0
    _, after = await call(site, "POST", path + "/priority", {"priority": "high"})
    assert after["conversation"]["handoff"]["priority"] == "high"
    _, after = await call(site, "POST", path + "/labels", {"labels": ["Retour", "Spoed"]})
    assert after["conversation"]["labels"] == ["Retour", "Spoed"]
    _, known = await call(site, "GET", "/api/v1/labels")
    assert {"Retour", "Spoed"} <= {one["name"] for one in known["items"]}
    for _ in range(2):
        _, after = await call(site, "POST", path + "/note", {"text": "Belt morgen.", "message_id": f"n{path}"})
    notes = [line["message"] for line in after["transcript"] if line["message"]["text"] == "Belt morgen."]
    assert [note["sender"] for note in notes] == ["note"]
    _, after = await call(site, "POST", path + "/close", {"reason": "no_reply"})
    assert (after["conversation"]["owner"], after["conversation"]["close_reason"]) == ("closed", "no_reply")


async def test_who_has_seen_the_customers_last_message_may_answer(site: Site) -> None:
    path = await claimed(site)
    seen = (await call(site, "GET", path))[1]["conversation"]["customer_entry_id"]
    assert (await call(site, "POST", path + "/reply", {"text": "Hoi", "seen_entry_id": seen}))[0] == 200
    async with site.store() as store:
        await write(store, "nog iets", path.rpartition("/")[2])
    status, problem = await call(site, "POST", path + "/reply", {"text": "Hoi", "seen_entry_id": seen})
    assert (status, problem["code"]) == (409, "customer_wrote")


@pytest.mark.parametrize(
    "query", ["view=alles", "view=waiting/a b", "view=waiting&limit=0", "view=x" * 200, "limit=1e9"]
)
async def test_odd_questions_are_refused(site: Site, query: str) -> None:
    assert (await call(site, "GET", f"/api/v1/conversations?{query}"))[0] == 400


async def test_tokens_are_made_listed_without_their_secret_and_ended(site: Site) -> None:
    status, made = await call(site, "POST", "/api/v1/tokens", {"name": "Kassa", "role": "manager", "days": 7})
    assert status == 200 and made["text"].startswith(f"vb_{made['token']['id']}_")
    own = {"authorization": f"Bearer {made['text']}"}
    assert (await call(site, "GET", "/api/v1/audit", headers=own))[0] == 200
    assert (await call(site, "GET", "/api/v1/tokens", headers=own))[0] == 403
    _, listed = await call(site, "GET", "/api/v1/tokens")
    known = next(one for one in listed["items"] if one["id"] == made["token"]["id"])
    assert known["used_at_ms"] and not {"secret_hash", "text"} & set(known)
    assert (await call(site, "DELETE", f"/api/v1/tokens/{known['id']}"))[0] == 200
    assert (await call(site, "DELETE", f"/api/v1/tokens/{known['id']}"))[0] == 404
    assert (await call(site, "GET", "/api/v1/audit", headers=own))[0] == 401
    _, log = await call(site, "GET", "/api/v1/audit?kind=token&account=api&limit=1")
    assert [(one["what"], one["about"]) for one in log["items"]] == [("token.revoked", known["id"])]
    _, older = await call(site, "GET", f"/api/v1/audit?kind=token&limit=1&before={log['before']}")
    assert older["items"][0]["what"] == "token.created"
    assert (await call(site, "POST", "/api/v1/tokens", {"name": "x", "role": "koning"}))[0] == 400
