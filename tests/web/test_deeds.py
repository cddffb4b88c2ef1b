"""What agents do with conversations at the desk, over HTTP and without JavaScript."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.store import Store
from bot.store.departments import Department, Target
from bot.web.audit import words
from bot.web.desk.bulk import MAX_AT_ONCE
from bot.web.desk.words import page_url
from tests.conftest import Site, eventually
from tests.fakes.conversations import handed_over, write
from tests.web.test_desk import Agent

HR = Department("hr", "personeelszaken", Target(60, 600), members=("noor",), place=1)
JSON = {"accept": "application/json"}


@pytest.fixture
async def data(site: Site) -> AsyncIterator[Store]:
    async with site.store() as store:
        yield store


@pytest.fixture(scope="module")
def tokens(site: Site) -> dict[str, str]:
    """Three agents and a manager."""
    tokens = {name: site.session(name, "agent", name=name.title()) for name in ("sanne", "daan", "noor")}
    tokens["chef"] = site.session("chef", "manager", name="Chef")
    return tokens


@pytest.fixture
async def desks(site: Site, tokens: dict[str, str]) -> AsyncIterator[dict[str, Agent]]:
    """Signed in."""
    agents = {name: Agent(site, token) for name, token in tokens.items()}
    yield agents
    for agent in agents.values():
        await agent.close()


@pytest.fixture
def sanne(desks: dict[str, Agent]) -> Agent:
    return desks["sanne"]


def seen_in(page: str, deed: str) -> str:
    """The place of the customer's last message, as the form of that deed has it."""
    form = re.search(rf'action="[^"]*/{deed}" .*?</form>', page, re.DOTALL)
    assert form, deed
    place = re.search(r'name="seen_entry_id" value="([^"]+)"', form[0])
    assert place, form[0]
    return place[1]


async def mine(data: Store, agent: Agent) -> str:
    conversation_id = await handed_over(data)
    await agent.claim(conversation_id)
    return conversation_id


async def owner(data: Store, conversation_id: str) -> str:
    return (await data.conversations.get(conversation_id)).owner


async def bulk(site: Site, agent: Agent, deed: str, ids: list[str], **fields: str) -> tuple[int, Any]:
    form = [("deed", deed), *(("ids", one) for one in ids), *fields.items()]
    async with agent._http.post("/desk/bulk", data=form, headers=JSON) as response:
        return response.status, await response.json()


# Who gets it


async def test_two_ask_for_the_next_a_hundred_times_and_exactly_one_gets_it(
    data: Store, desks: dict[str, Agent]
) -> None:
    for conversation in await data.queue.waiting():
        await data.queue.close(conversation)
    for _ in range(100):
        conversation_id = await handed_over(data)
        answers = await asyncio.gather(*(place_after_next(desks[name]) for name in ("sanne", "daan")))
        assert sorted(answers) == sorted([f"{page_url(conversation_id)}#reply", "/desk?said=nobody"])
        winner = "sanne" if answers[0].startswith(page_url(conversation_id)) else "daan"
        assert await owner(data, conversation_id) == f"agent:{winner}"
    _, page = await desks["sanne"].get("/desk?said=nobody")
    assert "Voor jou wacht nu niemand." in page


async def place_after_next(agent: Agent) -> str:
    async with agent._http.post("/desk/next", allow_redirects=False) as response:
        assert response.status == 303
        return response.headers["location"]


async def test_a_colleague_is_chosen_in_the_menu(data: Store, desks: dict[str, Agent], sanne: Agent) -> None:
    conversation_id = await mine(data, sanne)
    _, page = await sanne.get(page_url(conversation_id))
    menu = page[page.index('id="transfer-menu"') : page.index('id="later-menu"')]
    assert sorted(re.findall(r'value="(agent:\w+)"', menu)) == ["agent:chef", "agent:daan", "agent:noor"]
    status, _ = await sanne.post(f"{page_url(conversation_id)}/transfer", to="agent:daan", note="weet jij dit?")
    assert (status, await owner(data, conversation_id)) == (303, "agent:daan")
    _, page = await desks["daan"].get(page_url(conversation_id))
    assert "Sanne heeft dit gesprek doorgestuurd naar Daan.\nweet jij dit?" in page
    status, page = await sanne.post(f"{page_url(conversation_id)}/transfer", to="agent:noor")
    assert status == 409 and "Daan was je voor." in page
    # A manager sees the menu too, and may.
    _, page = await desks["chef"].get(page_url(conversation_id))
    assert 'id="transfer-menu"' in page and 'id="close-menu"' not in page
    status, _ = await desks["chef"].post(f"{page_url(conversation_id)}/transfer", to="agent:noor")
    assert (status, await owner(data, conversation_id)) == (303, "agent:noor")


async def test_another_department_is_chosen_in_the_menu(data: Store, sanne: Agent) -> None:
    default = (await data.departments.all())[0]
    for department in (default, HR):
        await data.departments.save(department)
    try:
        conversation_id = await mine(data, sanne)

        async def offered() -> bool:  # the web process knows departments as they were a second ago
            _, page = await sanne.get(page_url(conversation_id))
            return re.findall(r'value="department:(\w+)"', page) == ["hr"]

        assert await eventually(offered)
        status, _ = await sanne.post(f"{page_url(conversation_id)}/transfer", to="department:hr")
        conversation = await data.conversations.get(conversation_id)
        assert conversation.handoff
        assert (status, conversation.owner, conversation.handoff.department) == (303, "queue", "hr")
    finally:
        for department in (default, HR):
            await data.departments.remove(department.id)


@pytest.mark.parametrize(
    ("deed", "form"),
    [
        ("transfer", {"to": ""}),
        ("transfer", {"to": "agent:niemand"}),
        ("transfer", {"to": "department:niets"}),
        ("transfer", {"to": "agent:daan", "note": "x" * 501}),
        ("snooze", {"until": "ooit"}),
        ("snooze", {"until": "2020-01-01T09:00"}),
        ("priority", {"priority": "hoogst"}),
        ("close", {"reason": "geen zin"}),
    ],
)
async def test_what_was_filled_in_wrong_changes_nothing_and_the_page_says_so(
    data: Store, sanne: Agent, deed: str, form: dict[str, str]
) -> None:
    conversation_id = await mine(data, sanne)
    status, page = await sanne.post(f"{page_url(conversation_id)}/{deed}", **form)
    assert status == 400 and 'class="notice notice-bad"' in page
    assert await owner(data, conversation_id) == "agent:sanne"


# Later, priority, end


async def test_put_aside_and_fetched_back(data: Store, sanne: Agent) -> None:
    conversation_id = await mine(data, sanne)
    assert (await sanne.post(f"{page_url(conversation_id)}/snooze", until="tomorrow"))[0] == 303
    assert (await data.conversations.get(conversation_id)).snoozed_until_ms
    _, page = await sanne.get(page_url(conversation_id))
    assert "Weggelegd tot" in page and "Haal terug" in page
    assert (await sanne.post(f"{page_url(conversation_id)}/wake"))[0] == 303
    assert not (await data.conversations.get(conversation_id)).snoozed_until_ms


async def test_priority_and_end_of_one_that_waits(data: Store, sanne: Agent) -> None:
    conversation_id = await handed_over(data)
    _, page = await sanne.get(page_url(conversation_id))
    assert 'id="more-menu"' in page and 'id="close-menu"' in page and 'id="later-menu"' not in page
    assert (await sanne.post(f"{page_url(conversation_id)}/priority", priority="high"))[0] == 303
    conversation = await data.conversations.get(conversation_id)
    assert conversation.handoff and conversation.handoff.priority == "high"
    assert (await sanne.post(f"{page_url(conversation_id)}/close", reason="spam"))[0] == 303
    assert (await data.conversations.get(conversation_id)).close_reason == "spam"


async def test_an_agent_says_that_they_are_not_there_for_a_while(data: Store, sanne: Agent) -> None:
    async with sanne._http.post("/desk/away", data={"away": "1", "back": "//evil.nl"}, allow_redirects=False) as answer:
        assert answer.headers["location"] == "/desk"
    assert await data.agents.away() == {"sanne"}
    _, page = await sanne.get("/desk")
    assert "Even weg" in page and "Ik ben er weer" in page
    await sanne.post("/desk/away", away="0", back="/desk")
    assert await data.agents.away() == set()


# Many at once


async def test_many_at_once_says_which_were_refused_and_why(site: Site, data: Store, desks: dict[str, Agent]) -> None:
    sanne, waiting, other = desks["sanne"], await handed_over(data), await mine(data, desks["daan"])
    own, closed = await mine(data, desks["sanne"]), await handed_over(data)
    await sanne.post(f"{page_url(closed)}/close")
    status, found = await bulk(site, sanne, "claim", [waiting, other, own, closed, "niet-er", waiting])
    assert (status, found["done"]) == (200, 1)
    assert {one["id"]: one["why"] for one in found["refused"]} == {
        other: "Dit gesprek is bij Daan.",
        own: "Dit gesprek heb je al.",
        closed: "Dit gesprek is al gesloten.",
        "niet-er": "Dit gesprek bestaat niet meer.",
    }
    unread = await mine(data, sanne)
    picks = [f"{one.customer_entry_id} {one.id}" for one in await data.conversations.get_many([own, unread])]
    await write(data, "o wacht, nog iets", unread)
    for deed in ("close:solved", "spam", "snooze:hour"):
        _, found = await bulk(site, sanne, deed, [picks[1], "niet-er"])
        assert [one["why"] for one in found["refused"]] == [
            "De klant schreef intussen nog iets. Lees dat eerst.",
            "Dit gesprek bestaat niet meer.",
        ]
    assert (await bulk(site, sanne, "close:solved", picks))[1]["done"] == 1
    assert await owner(data, unread) == "agent:sanne" and await owner(data, own) == "closed"
    form = {"deed": "claim", "ids": other}
    status, page = await sanne.post("/desk/bulk", **form)
    assert status == 409 and "Dit gesprek is bij Daan." in page


@pytest.mark.parametrize(
    ("deed", "fields", "expected"),
    [
        ("close:no_reply", {}, {"owner": "closed", "close_reason": "no_reply"}),
        ("spam", {}, {"owner": "closed", "close_reason": "spam"}),
        ("transfer", {"value": "agent:daan"}, {"owner": "agent:daan"}),
        ("label:retour", {}, {"owner": "agent:sanne", "labels": ("retour",)}),
    ],
)
async def test_each_deed_is_done_to_all(
    site: Site, data: Store, sanne: Agent, deed: str, fields: dict[str, str], expected: dict[str, Any]
) -> None:
    ids = [await mine(data, sanne) for _ in range(3)]
    assert await bulk(site, sanne, deed, ids, **fields) == (200, {"done": 3, "refused": []})
    for conversation in await data.conversations.get_many(ids):
        assert {name: getattr(conversation, name) for name in expected} == expected
    entry = (await data.audit.page(limit=1))[0]
    assert (entry.account_id, entry.what) == ("sanne", f"conversations.{deed.partition(':')[0]}")
    assert entry.details.startswith("3 gesprekken") and "no_reply" not in words.details(entry.details)


async def test_many_are_put_aside_at_once(site: Site, data: Store, sanne: Agent) -> None:
    ids = [await mine(data, sanne) for _ in range(2)]
    assert (await bulk(site, sanne, "snooze:hour", ids))[1]["done"] == 2
    assert all(one.snoozed_until_ms for one in await data.conversations.get_many(ids))


@pytest.mark.parametrize(
    ("deed", "ids"),
    [
        ("claim", []),
        ("claim", [str(number) for number in range(MAX_AT_ONCE + 1)]),
        ("opruimen", ["a"]),
        ("close:zomaar", ["a"]),
        ("snooze:gisteren", ["a"]),
        ("snooze:2020-01-01T09:00", ["a"]),
        ("transfer:agent:niemand", ["a"]),
        ("label:", ["a"]),
    ],
)
async def test_many_at_once_refuses_what_it_can_not_read(site: Site, sanne: Agent, deed: str, ids: list[str]) -> None:
    form = aiohttp.FormData([("deed", deed), *(("ids", one) for one in ids)])
    async with sanne._http.post("/desk/bulk", data=form) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("deed", "form"),
    [("close", {"reason": "solved"}), ("hand-back", {}), ("snooze", {"until": "tomorrow"})],
    ids=["close", "hand back", "snooze"],
)
async def test_what_the_customer_wrote_meanwhile_is_not_put_away_unread(
    data: Store, sanne: Agent, deed: str, form: dict[str, str]
) -> None:
    conversation_id = await mine(data, sanne)
    url = page_url(conversation_id)
    seen = seen_in((await sanne.get(url))[1], deed)
    await write(data, "o wacht, nog iets", conversation_id)
    status, page = await sanne.post(f"{url}/{deed}", seen_entry_id=seen, **form)
    after = await data.conversations.get(conversation_id)
    assert (status, after.owner, after.snoozed_until_ms) == (409, "agent:sanne", 0)
    assert "de klant schreef intussen iets" in page and "o wacht, nog iets" in page
    status, _ = await sanne.post(f"{url}/{deed}", seen_entry_id=seen_in(page, deed), **form)
    assert status == 303
