"""What agents can count on at the desk, over real HTTP and without JavaScript."""

from __future__ import annotations

import asyncio
import html
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from yarl import URL

from bot.model import Button
from bot.store import Store
from bot.store.connection import encode
from bot.web.desk.conversation import LINES
from bot.web.desk.words import page_url
from tests.conftest import HANG_S, Site
from tests.fakes import platform
from tests.fakes.conversations import NOT_SURE, SURE, answer, handed_over, message, naming, write

TOO_LONG = "x" * 4001


class Agent:
    """Somebody's browser; redirects are not followed."""

    def __init__(self, site: Site, token: str = "") -> None:
        cookies = {"bot_session": token} if token else {}
        self._http = aiohttp.ClientSession(site.url, cookies=cookies, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        async with self._http.get(_raw(path), headers=headers, allow_redirects=False) as response:
            return response.status, await response.text()

    async def get_bytes(self, path: str) -> bytes:
        async with self._http.get(_raw(path), allow_redirects=False) as response:
            return await response.read()

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        async with self._http.post(_raw(path), data=form, allow_redirects=False) as response:
            return response.status, await response.text()

    async def claim(self, conversation_id: str, seen_owner: str = "queue") -> tuple[int, str]:
        return await self.post(f"{page_url(conversation_id)}/claim", seen_owner=seen_owner)

    async def reply(self, conversation_id: str, text: str, message_id: str | None = None) -> tuple[int, str]:
        form = {"text": text, "message_id": message_id or str(uuid.uuid4())}
        return await self.post(f"{page_url(conversation_id)}/reply", **form)

    def stream(self) -> Any:
        return self._http.get("/desk/events")

    async def close(self) -> None:
        await self._http.close()


def _raw(path: str) -> Any:
    # Otherwise aiohttp decodes and encodes it again, and %2F is lost.
    return URL(path, encoded=True)


@pytest.fixture
def tokens(site: Site) -> dict[str, str]:
    return {
        "sanne": site.session("sanne", "agent", name="Sanne"),
        "daan": site.session("daan", "agent", name="Daan"),
        "chef": site.session("chef", "admin"),
        "redactie": site.session("redactie", "editor"),
        "nobody": "",
    }


@pytest.fixture
async def sign_in(site: Site, tokens: dict[str, str]) -> AsyncIterator[Callable[[str], Agent]]:
    agents: list[Agent] = []

    def open_browser(name: str) -> Agent:
        agents.append(Agent(site, tokens[name]))
        return agents[-1]

    yield open_browser
    for agent in agents:
        await agent.close()


@pytest.fixture
async def sanne(sign_in: Callable[[str], Agent]) -> Agent:
    return sign_in("sanne")


@pytest.fixture
async def daan(sign_in: Callable[[str], Agent]) -> Agent:
    return sign_in("daan")


@pytest.fixture
async def data(site: Site) -> AsyncIterator[Store]:
    """The site's own store."""
    async with site.store() as store:
        yield store


def draft_in(page: str) -> str:
    found = re.search(r'<textarea id="reply"[^>]*>(.*?)</textarea>', page, re.S)
    assert found
    return html.unescape(found[1])


# Queue and list


async def test_list_shows_high_priority_first_and_then_who_waits_longest(data: Store, sanne: Agent) -> None:
    short = await handed_over(data, "net binnen", waits_s=5)
    long = await handed_over(data, "wacht al lang", waits_s=900)
    complaint = await handed_over(data, "dit is een klacht", reason="complaint", priority="high", waits_s=1)
    status, page = await sanne.get("/desk/list")
    assert status == 200
    places = [page.index(f'id="row-{conversation_id}"') for conversation_id in (complaint, long, short)]
    assert places == sorted(places)
    assert "Klacht" in page and "15 min" in page and "dit is een klacht" in page


async def test_list_has_each_conversation_under_its_owner(data: Store, sanne: Agent, daan: Agent) -> None:
    with_assistant = await write(data, "hoe laat open")
    await answer(data, with_assistant)
    mine, other, closed = [await handed_over(data, "hallo") for _ in range(3)]
    await sanne.claim(mine)
    await daan.claim(other)
    await sanne.claim(closed)
    await sanne.post(f"{page_url(closed)}/close")
    expected = {"mine": mine, "colleagues": other, "assistant": with_assistant.conversation_id, "closed": closed}
    for view in expected:
        _, page = await sanne.get(f"/desk?view={view}")
        shown = [one for one in expected.values() if f'id="row-{one}"' in page]
        assert shown == [expected[view]], view


async def test_mine_is_marked_until_i_answered(data: Store, sanne: Agent) -> None:
    conversation_id = await handed_over(data, "mijn vraag")
    await sanne.claim(conversation_id)

    async def row() -> str:
        _, page = await sanne.get("/desk/list?view=mine")
        found = re.search(rf'<li class="([^"]*)" id="row-{conversation_id}"', page)
        assert found and "conversation-row-mine" in found[1]
        return found[1]

    assert "waits" in await row()
    await sanne.reply(conversation_id, "Ik zoek het uit.")
    assert "waits" not in await row()
    await write(data, "en?", conversation_id)
    assert "waits" in await row()


async def test_title_has_the_number_waiting(data: Store, sanne: Agent) -> None:
    await handed_over(data)
    waiting = await data.queue.size()
    _, page = await sanne.get("/desk")
    assert f"<title>({waiting}) Desk" in page


# The conversation


async def test_page_shows_the_whole_conversation_and_why_it_is_here(data: Store, sanne: Agent) -> None:
    first = await write(data, "hoe laat zijn jullie open")
    await answer(data, first, "Van 9.30 tot 18.00 uur.", buttons=(Button("Dat helpt niet", "/niet_geholpen"),))
    conversation_id = await handed_over(
        data, "ik wil een klacht indienen", first.conversation_id, reason="complaint", priority="high"
    )
    failed, read = message(conversation_id, "agent", "a"), message(conversation_id, "agent", "b")
    await sanne.claim(conversation_id)
    for sent, state in ((failed, "failed"), (read, "read")):
        message_id = uuid.UUID(sent.id).hex
        await sanne.reply(conversation_id, f"antwoord {state}", message_id)
        await data.conversations.mark(conversation_id, [message_id], state)
    _, page = await sanne.get(page_url(conversation_id))
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
    for expected in (
        "hoe laat zijn jullie open",
        "Van 9.30 tot 18.00 uur.",
        "Dat helpt niet",
        "ik wil een klacht indienen",
        "Klacht Hoge prioriteit",
        "52%",
        "<1%",
        "naar een medewerker",
        "Hierna heeft de assistent een medewerker gevraagd.",
        "Je klacht gaat naar Sanne van de klantenservice",
        "Mislukt: de klant heeft dit niet ontvangen.",
        "Gelezen",
        "bij jou",
        "Vandaag",
    ):
        assert expected in words, expected


async def test_of_a_long_conversation_the_last_messages_are_shown_with_a_way_to_those_before(
    data: Store, sanne: Agent
) -> None:
    conversation_id = await handed_over(data)
    await sanne.claim(conversation_id)
    first = '<p class="bubble">mijn kat'
    pipeline = data._client.pipeline()
    for number in range(LINES):
        said = message(conversation_id, "customer", f"regel {number}.")
        pipeline.xadd(data._keys.log(conversation_id), {"message": encode(said)})
    await pipeline.execute()
    last = (await sanne.get(f"{page_url(conversation_id)}?view=mine"))[1]
    assert f"regel {LINES - 1}." in last and "regel 0." in last and first not in last
    assert 'id="reply"' in last and "Naar de laatste berichten" not in last
    older = html.unescape(re.search(r'href="([^"]+)">Eerdere berichten<', last)[1])  # type: ignore[index]
    assert "view=mine&before=" in older
    for path in (older, older.replace("?", "/transcript?")):
        page = (await sanne.get(path))[1]
        assert first in page and "regel 0." not in page and "Eerdere berichten</a>" not in page
        assert f'href="{page_url(conversation_id)}?view=mine">Naar de laatste berichten' in page
        assert 'id="reply"' in page
    assert (await sanne.get(f"{page_url(conversation_id)}?before=x"))[0] == 200


async def test_page_shows_what_the_customer_named_order_numbers_first(data: Store, sanne: Agent) -> None:
    first = await write(data, "bel 0612345678 over de <jas>")
    await answer(data, first, nlu=naming(SURE, product="<jas>", phone="0612345678", winkel_naam="Sinkel"))
    second = await write(data, "bestelling WS-1048221", first.conversation_id)
    await answer(data, second, nlu=naming(SURE, order_number="WS-1048221", phone="06 12345678"))
    _, page = await sanne.get(f"{page_url(first.conversation_id)}/customer")
    # In which of two spellings is not said.
    shown = re.findall(r"<dt>(.*?)</dt> <dd>(.*?)</dd>", page.replace("06 12345678", "0612345678"))
    assert shown == [
        ("Bestelnummer", "WS-1048221"),
        ("Telefoon", "0612345678"),
        ("Product", "&lt;jas&gt;"),
        ("Winkel naam", "Sinkel"),
    ]


async def test_text_from_outside_is_never_markup(data: Store, sanne: Agent) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}"
    conversation_id = await handed_over(data, evil, f"rest-{evil}", channel="rest", customer_id=evil)
    for path in ("/desk", "/desk/list", page_url(conversation_id), f"{page_url(conversation_id)}/transcript"):
        status, page = await sanne.get(path)
        assert status == 200
        assert "<script>alert" not in page and "<img" not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("customer", ["jan", "a/b", "a b?c#d", "100%", "%2F", "é€😬", "..", "list", "x" * 200])
async def test_any_conversation_id_works_in_an_address(data: Store, sanne: Agent, customer: str) -> None:
    conversation_id = await handed_over(data, "hallo", f"rest-{customer}{uuid.uuid4()}", channel="rest")
    assert (await sanne.get(page_url(conversation_id)))[0] == 200
    assert (await sanne.claim(conversation_id))[0] == 303
    assert (await sanne.reply(conversation_id, "dag"))[0] == 303
    assert (await data.conversations.get(conversation_id)).last_text == "dag"


@pytest.mark.parametrize("action", ["", "/transcript"])
async def test_unknown_conversation_is_not_found(sanne: Agent, action: str) -> None:
    status, page = await sanne.get(f"/desk/widget-nergens{action}")
    assert status == 404 and "Niet gevonden" in page


@pytest.mark.parametrize("action", ["claim", "reply", "hand-back", "put-back", "close", "typing"])
async def test_action_on_an_unknown_conversation_is_not_found(sanne: Agent, action: str) -> None:
    status, _ = await sanne.post(
        f"/desk/widget-nergens/{action}", seen_owner="queue", text="hallo", message_id=str(uuid.uuid4())
    )
    assert status == 404


# Whose conversation it is


async def test_two_agents_claim_at_once_and_exactly_one_wins(data: Store, sanne: Agent, daan: Agent) -> None:
    for _ in range(100):
        conversation_id = await handed_over(data)
        answers = await asyncio.gather(sanne.claim(conversation_id), daan.claim(conversation_id))
        assert sorted(status for status, _ in answers) == [303, 409]
        conversation = await data.conversations.get(conversation_id)
        winner = "sanne" if answers[0][0] == 303 else "daan"
        assert conversation.agent_id == winner
        loser_page = answers[1][1] if winner == "sanne" else answers[0][1]
        assert f"{winner.title()} was je voor." in loser_page
        notices = [one for one in await data.conversations.messages(conversation_id) if one.notice == "claimed"]
        assert [notice.agent_name for notice in notices] == [winner.title()]
        await data.queue.close(conversation)


async def test_claiming_twice_in_two_tabs_is_no_conflict(data: Store, sanne: Agent) -> None:
    conversation_id = await handed_over(data)
    assert [(await sanne.claim(conversation_id))[0] for _ in range(2)] == [303, 303]


@pytest.mark.parametrize("seen_owner, status, owner", [("agent:daan", 303, "sanne"), ("queue", 409, "daan")])
async def test_taking_over_from_a_colleague_is_only_done_knowingly(
    data: Store, sanne: Agent, daan: Agent, seen_owner: str, status: int, owner: str
) -> None:
    conversation_id = await handed_over(data)
    await daan.claim(conversation_id)
    assert "Overnemen van Daan" in (await sanne.get(page_url(conversation_id)))[1]
    assert (await sanne.claim(conversation_id, seen_owner))[0] == status
    assert (await data.conversations.get(conversation_id)).agent_id == owner


async def test_agent_takes_over_from_the_assistant(data: Store, sanne: Agent) -> None:
    written = await write(data, "hoe laat open")
    await answer(data, written)
    assert "Neem over van de assistent" in (await sanne.get(page_url(written.conversation_id)))[1]
    assert (await sanne.claim(written.conversation_id, "assistant"))[0] == 303
    assert "Medewerker nam het over" in (await sanne.get(page_url(written.conversation_id)))[1]


@pytest.mark.parametrize("owner, status", [("sanne", 303), ("daan", 409), (None, 409)])
async def test_only_the_owner_replies_and_nobody_loses_text(
    data: Store, sign_in: Callable[[str], Agent], owner: str | None, status: int
) -> None:
    conversation_id = await handed_over(data)
    if owner:
        await sign_in(owner).claim(conversation_id)
    text = "regel 1\nregel <2> & meer"
    got, page = await sign_in("sanne").reply(conversation_id, text)
    assert got == status
    stored = [one.text for one in await data.conversations.messages(conversation_id) if one.sender == "agent"]
    assert stored == ([text] if status == 303 else [])
    if status != 303:
        assert draft_in(page) == text
        assert "Niet verzonden. " + ("Daan was je voor." if owner else "Er is intussen iets veranderd") in page


async def test_reply_posted_twice_is_stored_once(data: Store, sanne: Agent) -> None:
    conversation_id, message_id = await handed_over(data), str(uuid.uuid4())
    await sanne.claim(conversation_id)
    answers = await asyncio.gather(*(sanne.reply(conversation_id, "Ik help je.", message_id) for _ in range(5)))
    assert [status for status, _ in answers] == [303] * 5
    stored = [one for one in await data.conversations.messages(conversation_id) if one.sender == "agent"]
    assert len(stored) == 1


@pytest.mark.parametrize("text", ["", "  \n ", TOO_LONG])
async def test_reply_that_cannot_be_sent_comes_back(data: Store, sanne: Agent, text: str) -> None:
    conversation_id = await handed_over(data)
    await sanne.claim(conversation_id)
    status, page = await sanne.reply(conversation_id, text)
    assert status == 400 and "Niet verzonden. Een antwoord heeft 1 tot 4000 tekens." in page
    assert draft_in(page) == text.strip()
    assert (await data.conversations.get(conversation_id)).last_sender != "agent"


@pytest.mark.parametrize("message_id", ["", "1", "x" * 32])
async def test_reply_without_a_usable_id_is_refused(data: Store, sanne: Agent, message_id: str) -> None:
    conversation_id = await handed_over(data)
    await sanne.claim(conversation_id)
    status, _ = await sanne.post(f"{page_url(conversation_id)}/reply", text="hallo", message_id=message_id)
    assert status == 400
    assert (await data.conversations.get(conversation_id)).last_sender != "agent"


@pytest.mark.parametrize("action, owner", [("hand-back", "assistant"), ("put-back", "queue"), ("close", "closed")])
async def test_owner_gives_it_away_and_nobody_else_can(
    data: Store, sanne: Agent, daan: Agent, action: str, owner: str
) -> None:
    conversation_id = await handed_over(data, waits_s=300)
    await sanne.claim(conversation_id)
    status, page = await daan.post(f"{page_url(conversation_id)}/{action}")
    assert status == 409 and "Sanne was je voor." in page
    assert (await data.conversations.get(conversation_id)).owner == "agent:sanne"
    assert (await sanne.post(f"{page_url(conversation_id)}/{action}"))[0] == 303
    assert (await data.conversations.get(conversation_id)).owner == owner


# Who may


@pytest.mark.parametrize("name, status", [("sanne", 200), ("chef", 200), ("redactie", 403), ("nobody", 303)])
async def test_desk_is_for_agents_and_admins(
    data: Store, sign_in: Callable[[str], Agent], name: str, status: int
) -> None:
    conversation_id = await handed_over(data)
    for path in ("/desk", "/desk/list", page_url(conversation_id), f"{page_url(conversation_id)}/transcript"):
        assert (await sign_in(name).get(path))[0] == status, path


@pytest.mark.parametrize("name, status", [("sanne", 303), ("chef", 303), ("redactie", 403), ("nobody", 401)])
async def test_only_agents_and_admins_act(data: Store, sign_in: Callable[[str], Agent], name: str, status: int) -> None:
    conversation_id = await handed_over(data)
    assert (await sign_in(name).claim(conversation_id))[0] == status
    expected = "queue" if status != 303 else f"agent:{name}"
    assert (await data.conversations.get(conversation_id)).owner == expected


async def test_script_without_a_session_is_told_so(sign_in: Callable[[str], Agent]) -> None:
    nobody = sign_in("nobody")
    assert (await nobody.get("/desk/list", **{"x-fragment": "1"}))[0] == 401
    assert (await nobody.get("/desk/events", **{"sec-fetch-mode": "cors"}))[0] == 401


# Live


async def read_event(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event with data that is not a heartbeat."""
    async with asyncio.timeout(HANG_S):
        while True:
            line = (await response.content.readline()).decode()
            assert line, "the stream ended"
            if line.startswith("data: "):
                event: dict[str, Any] = json.loads(line.removeprefix("data: "))
                return event


async def test_signing_out_ends_the_stream_of_that_browser_at_once(
    data: Store, sign_in: Callable[[str], Agent], site: Site
) -> None:
    agent = sign_in("sanne")
    agent._http.cookie_jar.clear()
    agent._http.cookie_jar.update_cookies({"bot_session": await data.sessions.start("sanne")}, URL(site.url))
    async with agent.stream() as leaving, sign_in("sanne").stream() as staying:
        assert [await read_event(one) for one in (leaving, staying)] == [{"type": "resync"}] * 2
        assert (await agent.post("/sign-out"))[0] == 303
        async with asyncio.timeout(5):
            await leaving.content.read()
        assert (await agent.get("/desk/events", **{"sec-fetch-mode": "cors"}))[0] == 401
        await data.events.publish("typing", conversation_id="x", sender="agent")
        while (await read_event(staying))["type"] != "typing":
            pass


async def test_stream_says_which_conversation_changed_and_not_what_was_said(data: Store, sanne: Agent) -> None:
    async with sanne.stream() as response:
        assert response.content_type == "text/event-stream"
        assert await read_event(response) == {"type": "resync"}
        written = await write(data, "een geheim")
        while written.conversation_id not in (event := await read_event(response)).get("ids", ()):
            pass
        assert event["type"] == "changes"


@pytest.mark.parametrize("owner, told", [("sanne", True), ("daan", False)])
async def test_customer_sees_only_the_own_agent_typing(
    data: Store, sign_in: Callable[[str], Agent], owner: str, told: bool
) -> None:
    sanne, conversation_id = sign_in("sanne"), await handed_over(data)
    await sign_in(owner).claim(conversation_id)
    async with sanne.stream() as response:
        await read_event(response)
        assert (await sanne.post(f"{page_url(conversation_id)}/typing"))[0] == 204
        await write(data, "en nu?", conversation_id)
        kinds = set()
        is_written = False
        while not is_written:  # the claim may still be told, too
            event = await read_event(response)
            if event.get("conversation_id") == conversation_id:
                kinds.add(event["type"])
            is_written = any("en nu?" in row["row"] for row in event.get("rows", ()))
    assert ("typing" in kinds) is told


async def test_nlu_is_shown_with_the_words_of_the_editors(data: Store, sanne: Agent) -> None:
    template = (await data.templates.get("utter_faq_openingstijden")).title
    written = await write(data, "open?")
    await answer(data, written, nlu=NOT_SURE)
    _, page = await sanne.get(page_url(written.conversation_id))
    assert f'title="faq_openingstijden">{html.escape(template)}' in page
    assert "Ander onderwerp" in page


# A platform whose channel is off; what it is like when it is on is in test_desk_platform.py.


async def test_a_customer_of_a_platform_that_is_off_can_not_be_answered(data: Store, sanne: Agent) -> None:
    conversation_id = await platform.begun(data)
    await platform.asks(data, conversation_id)
    await sanne.claim(conversation_id)
    status, page = await sanne.reply(conversation_id, "hallo?")
    assert (status, draft_in(page)) == (409, "hallo?")
    assert "Niet verzonden. Messenger staat uit" in page
