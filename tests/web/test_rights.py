"""The table of rights: every route, asked as nobody and as every role, answers as docs/reference/rights.md says."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass

import aiohttp
import pytest
from yarl import URL

from bot.store import Store
from bot.store.accounts import ROLES
from bot.web.access import SESSION_COOKIE
from tests.conftest import API_TOKEN, PASSWORD, REST_TOKEN, Site, running_site
from tests.fakes.chatwoot.server import SETTINGS as CHATWOOT
from tests.fakes.platform import SETTINGS
from tests.test_docs import all_routes, app, page, route_path

NOBODY = "everybody"
WHO = (NOBODY, *ROLES)
# What stands for a {part} of a path: nothing that exists, so that an admin's request changes nothing.
PARTS = {"path": "app.css", "name": "utter_niet_er", "place": "0"}
AT_ONCE = 24
# Whoever asks this is signed out everywhere: not while others ask with the same account.
ENDS_SESSIONS = "POST /account/sessions/end"
# Forms where an empty one is refused for another reason than rights.
FORMS = {"POST /sign-in": {"name": "gast", "password": PASSWORD}}
# As a person opens a page: a script would get 401 where a person is led to /sign-in.
HEADERS = {"sec-fetch-mode": "navigate", "accept": "text/html"}


@dataclass(frozen=True)
class Answer:
    """location: where it leads to, empty for nowhere."""

    status: int
    location: str

    @property
    def is_refused(self) -> bool:
        return self.status in (401, 403) or self.location.startswith("/sign-in?next=")


@dataclass(frozen=True)
class Row:
    """cells: who -> yes, no, or what counts instead."""

    route: str
    cells: dict[str, str]

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        path = self.route.partition(" ")[2]
        return re.sub(r"\{(\w+)\}", lambda part: PARTS.get(part[1], "niet-er"), path)


def rows() -> dict[str, Row]:
    found = re.findall(r"^\| `([A-Z]+ /\S*)` \| (.+) \|$", page("reference/rights.md"), re.MULTILINE)
    table = {route: Row(route, dict(zip(WHO, cells.split(" | "), strict=True))) for route, cells in found}
    assert len(table) == len(found), "a route has two rows"
    return table


ROWS = rows()


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With every channel on: a channel that is off answers 404 to all."""
    with running_site(redis_url, tmp_path_factory.mktemp("site"), **SETTINGS, **CHATWOOT) as site:
        site.account("gast", "agent")
        yield site


def test_every_route_has_a_row() -> None:
    """What fails says which line docs/reference/rights.md needs; write in it what the handler's `signed_in` says."""
    missing = [f"| `{route}` | no | yes or no | yes or no | yes or no | yes |" for route in all_routes() - set(ROWS)]
    assert not missing, "\n".join(missing)
    assert not set(ROWS) - all_routes(), "there is no such route"


def test_every_row_asks_the_route_that_it_is_about() -> None:
    """Not another one, and not none: then 404 would look as if somebody were let in."""
    app().finalize()
    for row in ROWS.values():
        route, _, _ = app().router.get(row.path, row.method, None)
        assert f"{row.method} {route_path(route.path)}" == row.route


def test_every_cell_is_known() -> None:
    for row in ROWS.values():
        assert set(row.cells.values()) <= {"yes", "no", "with a token"}, row.route


async def test_every_route_lets_in_who_the_table_says(site: Site) -> None:
    """One session a request: some routes end it."""
    wanted = [(row, who, row.cells[who] == "yes") for row in ROWS.values() for who in WHO]
    async with site.store() as store:
        await asyncio.gather(*(account(store, row, who) for row, who, _ in wanted if row.route == ENDS_SESSIONS))
        await asyncio.gather(*(account(store, None, who) for who in WHO))
        cookies = [await session(store, row, who) for row, who, _ in wanted]
    async with browser(site) as client:
        answers = await together(
            ask(client, row, cookies=cookie) for (row, _, _), cookie in zip(wanted, cookies, strict=True)
        )
    wrong = [
        f"{row.route} as {who}: {answer.status}, but the table says {row.cells[who]}"
        for (row, who, allowed), answer in zip(wanted, answers, strict=True)
        if answer.is_refused is allowed
    ]
    assert not wrong, "\n".join(wrong)


async def test_a_token_of_the_api_has_the_rights_of_its_role(site: Site) -> None:
    api = [row for row in ROWS.values() if row.path.startswith("/api/")]
    async with site.store() as store:
        tokens = {role: (await store.tokens.create(role, role, created_by="baas"))[1] for role in ROLES}
    tokens |= {"admin of the installation": API_TOKEN, NOBODY: "een-ander-token-dan-het-onze"}
    asked = [(row, who) for row in api for who in tokens]
    async with browser(site) as client:
        answers = await together(ask(client, row, bearer=tokens[who]) for row, who in asked)
    wrong = [
        f"{row.route} with a token of {who}: {answer.status}"
        for (row, who), answer in zip(asked, answers, strict=True)
        if answer.is_refused is (row.cells[who.partition(" ")[0]] == "yes")
    ]
    assert not wrong, "\n".join(wrong)


async def test_the_rest_channel_wants_its_token(site: Site) -> None:
    rest = [row for row in ROWS.values() if row.cells[NOBODY] == "with a token" and "/rest/" in row.path]
    async with browser(site) as client:
        answers = await together(ask(client, row, bearer=REST_TOKEN) for row in rest)
    assert rest and not any(answer.is_refused for answer in answers)


def browser(site: Site) -> aiohttp.ClientSession:
    """It keeps no cookies."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    return aiohttp.ClientSession(site.url, headers=HEADERS, connector=connector, cookie_jar=aiohttp.DummyCookieJar())


async def together(asked: Iterable[Awaitable[Answer]]) -> list[Answer]:
    return list(await asyncio.gather(*asked))


async def account(store: Store, row: Row | None, who: str) -> None:
    if who != NOBODY:
        account_id = account_id_for(row, who)
        await store.accounts.create(account_id, account_id, (who,))  # type: ignore[arg-type]


def account_id_for(row: Row | None, who: str) -> str:
    return f"{who}-out" if row and row.route == ENDS_SESSIONS else who


async def session(store: Store, row: Row, who: str) -> dict[str, str]:
    """The cookie of an account with that role; none for nobody."""
    if who == NOBODY:
        return {}
    return {SESSION_COOKIE: await store.sessions.start(account_id_for(row, who))}


async def ask(
    client: aiohttp.ClientSession, row: Row, *, cookies: dict[str, str] | None = None, bearer: str = ""
) -> Answer:
    """The answer; of a stream, which has no end, only the head."""
    headers = {"cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    if bearer:
        headers["authorization"] = f"Bearer {bearer}"
    data = FORMS.get(row.route) if row.method == "POST" else None
    url = URL(row.path, encoded=True)
    async with client.request(row.method, url, headers=headers, data=data, allow_redirects=False) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            await answer.read()  # so that the connection can be used again
        return Answer(answer.status, answer.headers.get("location", ""))
