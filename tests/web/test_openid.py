"""Signing in at an OpenID Connect provider, over HTTP with the real server and a real provider."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import pytest

from bot.errors import NotFound
from bot.model import Account
from bot.store import Store
from bot.web.sign_in.openid import BEGUN_PER_ADDRESS
from bot.web.sign_in.openid_accounts import account_id_of
from bot.web.sign_in.openid_provider import Person
from tests.conftest import PASSWORD, Site, free_port, running_site
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, running_provider

PORT = free_port()
ROLES = "agents=agent,editors=editor,bazen=admin"


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site"), **settings()) as site:
        yield site


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "oidc_issuer": OpenIdProvider(PORT).issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
        "oidc_name": "je Winkelaccount",
        **changes,
    }


@pytest.fixture
async def provider(site: Site) -> AsyncIterator[OpenIdProvider]:
    """With somebody new at its form."""
    async with running_provider(PORT, redirect_uri=f"{site.url}/sign-in/openid/callback") as provider:
        provider.person = somebody()
        yield provider


def somebody(*groups: str, **claims: Any) -> dict[str, Any]:
    name = f"wie{uuid.uuid4().hex[:8]}"
    known = {"sub": f"s-{name}", "preferred_username": name, "name": f"Wie {name}", "groups": [*groups] or ["agents"]}
    return {**known, **claims}


class Browser:
    """Keeps cookies, follows nothing by itself."""

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self._client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Browser:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def get(self, address: str, **headers: str) -> tuple[int, str, str]:
        """Status, where it leads, and what a person reads."""
        url = address if address.startswith("http") else self.url + address
        async with self._client.get(url, allow_redirects=False, headers=headers) as response:
            text = " ".join(re.sub(r"<[^>]*>", " ", await response.text()).split())
            return response.status, response.headers.get("location", ""), text

    async def post(self, path: str, **fields: str) -> tuple[int, str, str]:
        async with self._client.post(self.url + path, data=fields, allow_redirects=False) as response:
            text = " ".join(re.sub(r"<[^>]*>", " ", await response.text()).split())
            return response.status, response.headers.get("location", ""), text

    async def to_provider_and_back(self, query: str = "") -> str:
        """The address that the provider leads back to."""
        status, there, text = await self.get(f"/sign-in/openid{query}")
        assert status == 303, text
        status, back, text = await self.get(there)
        assert status == 302, text
        return back

    async def sign_in(self, query: str = "") -> tuple[int, str, str]:
        return await self.get(await self.to_provider_and_back(query))


async def account_of(site: Site, provider: OpenIdProvider) -> Account:
    """Of who sits at the provider's form."""
    async with site.store() as store:
        identity = await store.identities.find(provider.issuer, provider.person["sub"])
        assert identity
        return await store.accounts.get(identity.account_id)


async def test_somebody_new_gets_an_account_and_goes_on_to_the_page_that_was_asked_for(
    site: Site, provider: OpenIdProvider
) -> None:
    async with Browser(site) as browser:
        _, sign_in, _ = await browser.get("/editor?q=retour")
        _, _, page = await browser.get(sign_in)
        assert "Inloggen met je Winkelaccount" in page
        provider.person = somebody("editors", "kantine")
        status, location, _ = await browser.sign_in(f"?{urlsplit(sign_in).query}")
        assert (status, location) == (303, "/editor?q=retour")
        assert (await browser.get("/editor"))[0] == 200
    account = await account_of(site, provider)
    assert (account.id, account.name) == (provider.person["preferred_username"], provider.person["name"])
    assert account.roles == ("editor",) and account.password_hash == ""
    async with site.store() as store:
        entries = (await store.audit.search(account_id=account.id)).entries
        assert [(entry.what, entry.details) for entry in entries] == [
            ("sign_in.succeeded", "OpenID Connect"),
            ("account.created", "OpenID Connect"),
        ]


async def test_who_comes_again_has_the_same_account_and_the_roles_of_now(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        await browser.sign_in()
        first = await account_of(site, provider)
        provider.person = {**provider.person, "groups": ["bazen", "editors"], "preferred_username": "heet-nu-anders"}
        assert (await browser.sign_in())[1] == "/desk"
    again = await account_of(site, provider)
    assert again.id == first.id and set(again.roles) == {"editor", "admin"}
    async with site.store() as store:
        entry = (await store.audit.search(account_id=again.id)).entries[1]
        assert (entry.what, entry.details) == ("account.changed", "editor, admin")


async def test_who_has_no_group_any_more_is_out_everywhere(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as here, Browser(site) as elsewhere:
        await here.sign_in()
        await elsewhere.sign_in()
        account_id = (await account_of(site, provider)).id
        async with site.store() as store:
            _, token = await store.tokens.create("script", "agent", created_by=account_id, account_id=account_id)
        assert (await elsewhere.get("/api/v1/queue", authorization=f"Bearer {token}"))[0] == 200
        provider.person = {**provider.person, "groups": ["kantine"]}
        status, _, text = await here.sign_in()
        assert status == 403 and "heb je hier geen toegang" in text
        assert (await elsewhere.get("/desk"))[1].startswith("/sign-in")
        assert (await elsewhere.get("/api/v1/queue", authorization=f"Bearer {token}"))[0] == 401


async def test_who_never_had_a_group_gets_no_account(site: Site, provider: OpenIdProvider) -> None:
    provider.person = somebody("kantine")
    async with Browser(site) as browser:
        assert (await browser.sign_in())[0] == 403
    async with site.store() as store:
        assert not await store.identities.find(provider.issuer, provider.person["sub"])
        with pytest.raises(NotFound):
            await store.accounts.get(provider.person["preferred_username"])


async def test_a_disabled_account_stays_out(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        await browser.sign_in()
        account = await account_of(site, provider)
        async with site.store() as store:
            await store.accounts.change(account.id, is_disabled=True)
        assert (await browser.sign_in())[0] == 403


async def test_two_people_of_one_name_have_two_accounts(site: Site, provider: OpenIdProvider) -> None:
    ids = []
    for subject in ("een", "twee"):
        provider.person = somebody(
            sub=f"{subject}-{uuid.uuid4().hex}", preferred_username="Noor.de.Vries@winkel.example"
        )
        async with Browser(site) as browser:
            await browser.sign_in()
        ids.append((await account_of(site, provider)).id)
    assert ids == ["noor.de.vries", "noor.de.vries-2"]


@pytest.mark.parametrize("wrong", ["nonce", "aud", "exp"])
async def test_a_wrong_token_signs_nobody_in(site: Site, provider: OpenIdProvider, wrong: str) -> None:
    value: Any = 1_000 if wrong == "exp" else "een-ander"
    provider.changes = lambda claims: {**claims, wrong: value}
    async with Browser(site) as browser:
        status, _, text = await browser.sign_in()
        assert status == 401 and "Deze inlogpoging is verlopen of niet gelukt." in text
        assert (await browser.get("/desk"))[1].startswith("/sign-in")


@pytest.mark.parametrize(
    "wrong", ["again", "another browser", "another state", "no state", "no code", "another issuer"]
)
async def test_what_comes_back_works_once_and_in_the_browser_that_began(
    site: Site, provider: OpenIdProvider, wrong: str
) -> None:
    async with Browser(site) as browser, Browser(site) as other:
        back = urlsplit(await browser.to_provider_and_back())
        values = {name: found[0] for name, found in parse_qs(back.query).items()}
        changes: dict[str, str | None] = {
            "another state": {"state": "x" * 43},
            "no state": {"state": None},
            "no code": {"code": None},
            "another issuer": {"iss": "https://evil.example"},
        }.get(wrong, {})
        query = {name: value for name, value in {**values, **changes}.items() if value is not None}
        if wrong == "again":
            assert (await browser.get(f"{back.path}?{urlencode(query)}"))[0] == 303
            await browser.post("/sign-out")
        asking = other if wrong == "another browser" else browser
        status, _, text = await asking.get(f"{back.path}?{urlencode(query)}")
        assert status == 401 and "Probeer het opnieuw" in text
        assert (await asking.get("/desk"))[1].startswith("/sign-in")


async def test_two_tabs_can_sign_in_side_by_side(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        first = await browser.to_provider_and_back()
        second = await browser.to_provider_and_back("?next=/account")
        assert (await browser.get(first))[1] == "/desk"
        assert (await browser.get(second))[1] == "/account"


async def test_who_thinks_better_of_it_reads_what_to_do(site: Site, provider: OpenIdProvider) -> None:
    provider.refuses = "access_denied"
    async with Browser(site) as browser:
        status, _, text = await browser.sign_in()
        assert status == 401 and "Je bent daar niet ingelogd." in text


async def test_a_provider_that_is_down_is_said_to_be(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        back = await browser.to_provider_and_back()
        provider.is_down = True
        status, _, text = await browser.get(back)
        assert status == 502 and "De inlogdienst antwoordt nu niet." in text
        assert "Inloggen met je Winkelaccount" in (await browser.get("/sign-in"))[2]


async def test_who_begins_too_often_waits_whichever_process_counted(site: Site, provider: OpenIdProvider) -> None:
    async with site.store() as store, Browser(site) as browser:
        while await store.attempts.add(BEGUN_PER_ADDRESS, "127.0.0.1"):
            pass
        assert "te vaak geprobeerd" in (await browser.get("/sign-in/openid"))[2]
        await store._client.delete(store.attempts._key(BEGUN_PER_ADDRESS.name, ("127.0.0.1",)))
        assert (await browser.get("/sign-in/openid"))[0] == 303


async def test_the_way_back_leads_to_no_other_site(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        assert (await browser.sign_in("?next=//evil.example"))[1] == "/desk"


@pytest.mark.parametrize("case", ["invited", "not verified", "used", "two of them"])
async def test_an_address_is_enough_only_for_an_account_that_an_admin_invited_and_nobody_used(
    site: Site, provider: OpenIdProvider, case: str
) -> None:
    name = uuid.uuid4().hex[:8]
    email = f"{name}@winkel.example"
    async with site.store() as store:
        await store.accounts.create(
            f"genodigd-{name}", "Genodigd", ("editor",), PASSWORD if case == "used" else "", email=email.upper()
        )
        if case == "two of them":
            await store.accounts.create(f"ook-{name}", "Ook", ("editor",), email=email)
    provider.person = somebody(email=email, email_verified=case != "not verified")
    async with Browser(site) as browser:
        await browser.sign_in()
    account = await account_of(site, provider)
    assert (account.id == f"genodigd-{name}") == (case == "invited")
    assert account.roles == ("agent",)
    if case == "invited":
        provider.person = somebody(email=email, email_verified=True)
        async with Browser(site) as browser:
            await browser.sign_in()
        assert (await account_of(site, provider)).id != account.id, "it is somebody's by now"


async def test_an_account_of_before_is_linked_by_its_owner_and_unlinked(site: Site, provider: OpenIdProvider) -> None:
    name = f"oud-{uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(site.account, name, "agent")
    async with Browser(site) as browser:
        assert (await browser.post("/sign-in", name=name, password=PASSWORD))[0] == 303
        assert "nog niet gekoppeld" in (await browser.get("/account/openid"))[2]
        assert (await browser.get("/sign-in/openid?link=1", **{"sec-fetch-site": "cross-site"}))[0] == 403
        status, location, _ = await browser.sign_in("?link=1")
        assert (status, location) == (303, "/account/openid?linked=1")
        assert "Dit account is gekoppeld" in (await browser.get(location))[2]
    async with Browser(site) as browser:
        await browser.sign_in()
        assert (await account_of(site, provider)).id == name
        assert (await browser.post("/account/openid/unlink"))[0] == 303
        await browser.post("/sign-out")
        await browser.sign_in()
        assert (await account_of(site, provider)).id == provider.person["preferred_username"]
        assert (await browser.post("/account/openid/unlink"))[0] == 403, "there would be no way in"


async def test_nobody_links_what_is_somebody_elses_nor_for_somebody_else(site: Site, provider: OpenIdProvider) -> None:
    name = f"oud-{uuid.uuid4().hex[:8]}"
    await asyncio.to_thread(site.account, name, "agent")
    async with Browser(site) as browser:
        await browser.sign_in()
        assert (await browser.get("/sign-in/openid?link=1"))[0] == 303, "one's own again is fine"
        await browser.post("/sign-out")
        assert (await browser.get("/sign-in/openid?link=1"))[0] == 401
        await browser.post("/sign-in", name=name, password=PASSWORD)
        status, _, text = await browser.sign_in("?link=1")
        assert status == 409 and "hoort hier al bij iemand anders" in text
        provider.person = somebody()
        back = await browser.to_provider_and_back("?link=1")
        await browser.post("/sign-out")
        assert (await browser.get(back))[0] == 401
        await browser.post("/sign-in", name=name, password=PASSWORD)
        back = await browser.to_provider_and_back("?link=1")
        await browser.post("/sign-out")
        await asyncio.to_thread(site.account, f"{name}-2", "agent")
        await browser.post("/sign-in", name=f"{name}-2", password=PASSWORD)
        assert (await browser.get(back))[0] == 401, "somebody else is signed in by now"


async def test_a_later_account_of_the_same_id_is_not_theirs(site: Site, provider: OpenIdProvider) -> None:
    async with Browser(site) as browser:
        await browser.sign_in()
        account = await account_of(site, provider)
        async with site.store() as store:
            await store.accounts.remove(account.id)
            await store.accounts.create(account.id, "Een ander", ("agent",), PASSWORD)
        await browser.sign_in()
    assert (await account_of(site, provider)).id == f"{account.id}-2"


async def test_without_passwords_only_the_first_admin_has_one(redis_url: str, tmp_path: Any) -> None:
    with running_site(redis_url, tmp_path, **settings(oidc_only="on")) as strict:
        await asyncio.to_thread(strict.account, "beheer", "admin")
        await asyncio.to_thread(strict.account, "sanne", "agent")
        async with Browser(strict) as browser:
            status, _, text = await browser.post("/sign-in", name="Sanne", password=PASSWORD)
            assert status == 403 and "Hier log je in met je Winkelaccount" in text
            assert (await browser.post("/sign-in", name="beheer", password=PASSWORD))[0] == 303


async def test_two_sign_ins_at_once_make_one_account(site: Site, provider: OpenIdProvider) -> None:
    async def once() -> None:
        async with Browser(site) as browser:
            assert (await browser.sign_in())[0] == 303

    await asyncio.gather(*(once() for _ in range(4)))
    wanted = provider.person["preferred_username"]

    async def named(store: Store) -> list[str]:
        return [one.id for one in await store.accounts.all() if one.id.startswith(wanted)]

    async with site.store() as store:
        assert len(await named(store)) == 1


@pytest.mark.parametrize(
    ("person", "account_id"),
    [
        (Person("i", "s", username="Sanne.Vis@winkel.example"), "sanne.vis"),
        (Person("i", "s", username="Zoë d'Été"), "zoe-d-ete"),
        (Person("i", "s", email="noor+werk@winkel.example"), "noor-werk"),
        (Person("i", "s", name="Bo Li"), "bo-li"),
        (Person("i", "s", name="李"), "medewerker"),
        (Person("i", "s", username="x" * 90), "x" * 36),
    ],
)
def test_an_id_is_made_of_what_there_is(person: Person, account_id: str) -> None:
    assert account_id_of(person) == account_id
