"""The lists of the desk: which there are, in pages, and kept up to date over the event stream."""

from __future__ import annotations

import asyncio
import html
import json
import re
import uuid
from collections.abc import AsyncIterator

import pytest

from bot.model import Handoff
from bot.store import Store
from bot.store.departments import CACHE_S, Department, Target
from bot.store.drafts import Draft
from bot.store.work import now_ms
from bot.web.desk import listing
from bot.web.desk.promise import promise_of
from tests.conftest import Site
from tests.fakes.conversations import handed_over, write
from tests.web.test_desk import Agent

MINUTE_MS = 60_000


@pytest.fixture
async def data(site: Site) -> AsyncIterator[Store]:
    async with site.store() as store:
        yield store


@pytest.fixture
async def sanne(site: Site) -> AsyncIterator[Agent]:
    agent = Agent(site, site.session("sanne", "agent", name="Sanne"))
    yield agent
    await agent.close()


@pytest.fixture
async def daan(site: Site) -> AsyncIterator[Agent]:
    agent = Agent(site, site.session("daan", "agent", name="Daan"))
    yield agent
    await agent.close()


def rows(page: str) -> list[str]:
    return re.findall(r'id="row-([^"]+)"', page)


def counts(page: str) -> dict[str, int]:
    found = re.search(r'data-counts="([^"]*)"', page)
    assert found
    known: dict[str, int] = json.loads(html.unescape(found[1]))
    return known


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


# Which list


async def test_a_list_is_read_page_by_page_with_and_without_a_script(data: Store, sanne: Agent) -> None:
    made = [await handed_over(data, f"vraag {number}", waits_s=1000 - number) for number in range(listing.PAGE + 3)]
    _, page = await sanne.get("/desk?view=waiting")
    assert rows(page) == made[: listing.PAGE] and counts(page)["waiting"] == len(made)
    found = re.search(r'href="([^"]+)" data-after="([^"]+)">Meer', page)
    assert found
    more, after = map(html.unescape, found.groups())
    assert rows((await sanne.get(more))[1]) == made[listing.PAGE :]
    fragment = (await sanne.get(f"/desk/list?view=waiting&after={after}"))[1]
    assert rows(fragment) == made[listing.PAGE :] and "<nav" not in fragment
    for one in made:
        await data.queue.close(await data.conversations.get(one))


async def test_the_list_stays_when_a_conversation_opens_and_something_is_done(data: Store, sanne: Agent) -> None:
    conversation_id = await handed_over(data)
    _, page = await sanne.get("/desk?view=open")
    path = f"/desk/{conversation_id}?view=open"
    assert f'href="{path}"' in page
    _, page = await sanne.get(path)
    assert 'id="tab-open"><a href="/desk?view=open" data-count="open" data-less="" aria-current="true"' in page
    assert 'id="back-link" href="/desk?view=open"' in page
    async with sanne._http.post(
        f"/desk/{conversation_id}/claim",
        data={"seen_owner": "queue"},
        headers={"referer": f"http://desk{path}"},
        allow_redirects=False,
    ) as response:
        assert response.headers["location"] == path


async def test_without_a_choice_the_list_fits_the_conversation(data: Store, sanne: Agent, daan: Agent) -> None:
    conversation_id = await handed_over(data)
    await sanne.claim(conversation_id)
    for agent, title in ((sanne, "Van mij"), (daan, "Wacht")):
        _, page = await agent.get(f"/desk/{conversation_id}")
        assert f'id="list-title">{title}<' in page


@pytest.mark.parametrize(
    "query", ["view=nergens", "department=../x", "view=open&department=bestaat-niet", "after=%00|"]
)
async def test_an_address_that_makes_no_sense_is_no_error(sanne: Agent, query: str) -> None:
    assert (await sanne.get(f"/desk?{query}"))[0] == 200


async def test_a_list_of_one_department(data: Store, sanne: Agent) -> None:
    for place, (name, reasons) in enumerate({"klantenservice": (), "hr": ("attachment",)}.items()):
        await data.departments.save(Department(name, f"de {name}", Target(10, 60), reasons=reasons, place=place))
    try:
        await asyncio.sleep(CACHE_S)  # the server knows the departments of a moment ago
        service, hr = await handed_over(data), await handed_over(data, reason="attachment")
        _, page = await sanne.get("/desk?view=waiting&department=hr")
        assert hr in rows(page) and service not in rows(page)
        assert '<option value="hr" selected>Hr</option>' in page
        assert 'href="/desk?view=open&amp;department=hr"' in page  # it stays in the next list
        assert "· Hr" in words(page)
        await sanne.claim(service)
        await sanne.claim(hr)
        _, page = await sanne.get("/desk?view=mine&department=hr")
        assert rows(page) == [hr] and 'data-count="held/sanne/hr" data-less="" aria-current' in page
        assert 'data-count="held//hr" data-less="held/sanne/hr">Collega&#39;s <span class="tab-count">0<' in page
        assert 'id="filter-department"' not in (await sanne.get("/desk?view=assistant&department=hr"))[1]
        assert 'id="list-empty">Geen gesprekken bij Hr.<' in (await sanne.get("/desk?view=later&department=hr"))[1]
        await data.queue.close(await data.conversations.get(hr))
        assert rows((await sanne.get("/desk?view=closed&department=hr"))[1]) == [hr]
    finally:
        for name in ("klantenservice", "hr"):
            await data.departments.remove(name)


async def test_what_is_put_aside_is_under_later_and_nowhere_else(data: Store, sanne: Agent) -> None:
    conversation_id = await handed_over(data)
    await sanne.claim(conversation_id)
    await data.queue.snooze(await data.conversations.get(conversation_id), now_ms() + 86_400_000)
    for view, is_there in (("mine", False), ("later", True), ("open", True)):
        _, page = await sanne.get(f"/desk?view={view}")
        assert (conversation_id in rows(page)) is is_there
    assert "terug" in words((await sanne.get("/desk?view=later"))[1])


async def test_who_complains_often_lists_labels_and_drafts_stand_out(data: Store, sanne: Agent, daan: Agent) -> None:
    conversation_id = await handed_over(data, reason="complaint")
    known = {"complaints": 3, "labels": json.dumps(["bezorging", "<b>", "c", "d"])}
    await data._client.hset(data._keys.conversation(conversation_id), mapping=known)
    await data.people.set_lists(await data.conversations.get(conversation_id), ["pers", "weg"])
    await data.drafts.save(conversation_id, "sanne", Draft("ik zoek het", str(uuid.uuid4())))
    pages = [(await agent.get("/desk?view=waiting"))[1] for agent in (sanne, daan)]
    assert ["conversation-row-draft" in page for page in pages] == [True, False]
    page = pages[0]
    row = page[page.index(f'id="row-{conversation_id}"') :].partition("</li>")[0]
    seen = (await data.conversations.get(conversation_id)).customer_entry_id
    assert f'name="ids" value="{seen} {conversation_id}"' in row
    assert words("<" + row).endswith("Pers 3 klachten bezorging <b> c +1")


@pytest.mark.parametrize(
    ("left_min", "of_min", "level", "text"),
    [
        (9, 10, "good", "nog 9 min"),
        (25, 60, "good", "nog 25 min"),
        (19, 60, "warn", "nog maar 19 min"),
        (4, 8, "warn", "nog maar 4 min"),
        (-3, 10, "bad", "3 min te laat"),
    ],
)
async def test_the_promise_turns_orange_and_red_and_says_so(
    store: Store, left_min: int, of_min: int, level: str, text: str
) -> None:
    at_ms = now_ms()
    due_ms = at_ms + left_min * MINUTE_MS
    handoff = Handoff("complaint", "normal", due_ms - of_min * MINUTE_MS, first_due_ms=due_ms, department="x")
    await write(store, "hallo", "c1")
    await store.queue.put(await store.conversations.get("c1"), handoff)
    promise = promise_of(await store.conversations.get("c1"), at_ms)
    assert promise and (promise.level, promise.text, promise.what) == (level, text, "Antwoord")


async def test_all_that_can_be_done_at_once_is_in_the_bar(site: Site, sanne: Agent) -> None:
    site.account("daan", "agent", name="Daan")
    site.account("redactie", "editor")
    _, page = await sanne.get("/desk")
    values = re.findall(r'<option value="([^"]+)"', page)
    assert {"claim", "snooze:tomorrow", "transfer:agent:daan", "close:solved", "spam"} <= set(values)
    assert not {"transfer:agent:sanne", "transfer:agent:redactie"} & set(values)
