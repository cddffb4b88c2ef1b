"""Tokens of the API: made and revoked on the pages, used over HTTP."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
import uuid
from typing import Any

import pytest

from bot.errors import NotSignedIn, TooManyRequests
from bot.model import Account
from bot.settings import Settings
from bot.store import Store
from bot.store.tokens import MAX_TOKENS
from bot.web.bearer_tokens import WRONG_PER_ADDRESS, BearerTokens
from bot.web.rights import covered
from tests.conftest import API_TOKEN, HANG_S, Site
from tests.fakes.conversations import handed_over
from tests.web.visitor import Page, Visitor


@pytest.fixture
def name() -> str:
    return f"wie-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def admin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("baas", "admin"))


def shown(page: Page) -> str:
    match = re.search(r'class="one-time-password">([^<]+)<', page.body)
    assert match, page.text
    return match[1]


def ask(site: Site, token: str, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
    request = urllib.request.Request(
        site.url + path,
        method=method,
        headers={"authorization": f"Bearer {token}"},
        data=None if body is None else json.dumps(body).encode(),
    )
    try:
        with urllib.request.urlopen(request, timeout=HANG_S) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as exc:
        return exc.code, json.loads(exc.read())


def test_own_token_is_shown_once_works_with_its_role_and_ends_when_revoked(site: Site, name: str) -> None:
    visitor = Visitor(site.url, site.session(name, "agent"))
    assert "Je hebt nog geen tokens." in visitor.get("/account/tokens").text
    created = visitor.post("/account/tokens", name="Rapport <b>", role="agent", days="90")
    assert created.status == 201 and created.headers["cache-control"] == "no-store"
    token = shown(created)
    listed = visitor.get("/account/tokens")
    assert "Rapport &lt;b&gt;" in listed.body and token not in listed.body and "nog niet" in listed.text
    assert ask(site, token, "/api/v1/queue")[0] == 200
    assert ask(site, token, "/api/v1/models")[0] == 403, "an agent's token is no editor"
    assert "nog niet" not in visitor.get("/account/tokens").text
    token_id = token.split("_")[1]
    assert "ingetrokken" in visitor.get(visitor.post(f"/account/tokens/{token_id}/revoke").location).text
    assert ask(site, token, "/api/v1/queue")[0] == 401
    deeds = [(entry.account_id, entry.what, entry.about) for entry in site.run(lambda store: store.audit.page(limit=2))]
    assert deeds == [(name, "token.revoked", token_id), (name, "token.created", token_id)]


def test_a_token_may_no_more_than_its_owner_may(site: Site, name: str) -> None:
    visitor = Visitor(site.url, site.session(name, "agent"))
    page = visitor.get("/account/tokens")
    assert 'value="agent"' in page.body and 'value="editor"' not in page.body
    refused = visitor.post("/account/tokens", name="Meer", role="admin", days="30")
    assert refused.status == 400 and "Kies een rol uit de lijst." in refused.text
    assert refused.value("name") == "Meer"


@pytest.mark.parametrize(
    ("roles", "given"),
    [
        (("agent",), ("agent",)),
        (("agent", "editor"), ("agent", "editor")),
        (("manager",), ("agent", "editor", "manager")),
        (("admin",), ("agent", "editor", "manager", "admin")),
    ],
)
def test_roles_that_an_account_may_give(roles: Any, given: Any) -> None:
    assert covered(roles) == given


@pytest.mark.parametrize("change", ["removed", "made anew", "none"])
async def test_own_token_goes_with_its_account(store: Store, settings: Settings, change: str) -> None:
    await store.accounts.create("sanne", "Sanne", ("agent",), "een-lang-wachtwoord")
    _, text = await store.tokens.create("Rapport", "agent", created_by="sanne", account_id="sanne")
    if change != "none":
        await store.accounts.remove("sanne")
    if change == "made anew":
        await store.accounts.create("sanne", "Een andere Sanne", ("admin",), "een-lang-wachtwoord")
    tokens = BearerTokens(store, "")
    if change == "none":
        assert (await tokens.account(f"Bearer {text}", "192.0.2.1")).roles == ("agent",)
    else:
        with pytest.raises(NotSignedIn):
            await tokens.account(f"Bearer {text}", "192.0.2.1")


async def test_own_token_stops_when_the_account_loses_the_role(store: Store) -> None:
    await store.accounts.create("noor", "Noor", ("agent",), "een-lang-wachtwoord")
    _, text = await store.tokens.create("Beheer", "admin", created_by="noor", account_id="noor")
    with pytest.raises(NotSignedIn):
        await BearerTokens(store, "").account(f"Bearer {text}", "192.0.2.1")


def test_admin_makes_tokens_of_the_installation_and_revokes_anybodys(site: Site, admin: Visitor, name: str) -> None:
    visitor = Visitor(site.url, site.session(name, "agent"))
    theirs = shown(visitor.post("/account/tokens", name=f"Van {name}", role="agent", days="30"))
    ours = shown(admin.post("/accounts/tokens", name="Kassa", role="manager", days="0"))
    listed = admin.get("/accounts/tokens").text
    assert f"Van {name}" in listed and "Kassa" in listed and "geen einddatum" in listed
    assert ask(site, ours, "/api/v1/models")[0] == 200
    admin.post(f"/accounts/tokens/{theirs.split('_')[1]}/revoke")
    assert ask(site, theirs, "/api/v1/queue")[0] == 401
    assert ask(site, ours, "/api/v1/models")[0] == 200


def test_nobody_sees_or_ends_another_ones_token(site: Site, admin: Visitor, name: str) -> None:
    token = shown(admin.post("/account/tokens", name="Van de baas", role="admin", days="30"))
    visitor = Visitor(site.url, site.session(name, "manager"))
    assert "Van de baas" not in visitor.get("/account/tokens").text
    assert visitor.post(f"/account/tokens/{token.split('_')[1]}/revoke").status == 404
    assert visitor.get("/accounts/tokens").status == 403
    assert visitor.post("/accounts/tokens", name="x", role="agent", days="0").status == 403
    assert visitor.post(f"/accounts/tokens/{token.split('_')[1]}/revoke").status == 403
    assert ask(site, token, "/api/v1/queue")[0] == 200


async def test_there_is_an_end_to_how_many(site: Site, store: Store) -> None:
    for number in range(MAX_TOKENS):
        await store.tokens.create(str(number), "agent", created_by="x", account_id="x")
    with pytest.raises(Exception, match="already"):
        await store.tokens.create("nog een", "agent", created_by="x", account_id="x")


def test_a_token_opens_no_page(site: Site, admin: Visitor) -> None:
    token = shown(admin.post("/accounts/tokens", name="Pagina", role="admin", days="30"))
    request = urllib.request.Request(site.url + "/desk/list", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=HANG_S) as response:
        assert "/sign-in" in response.url


def test_what_a_program_writes_is_no_humans_and_goes_back_when_its_token_ends(site: Site, admin: Visitor) -> None:
    token = shown(admin.post("/accounts/tokens", name="Robot", role="agent", days="30"))
    conversation_id = site.run(lambda store: handed_over(store, "waar is mijn pakje"))
    path = f"/api/v1/conversations/{conversation_id}"
    status, claimed = ask(site, token, path + "/claim", "POST", {})
    token_id = token.split("_")[1]
    assert (status, claimed["conversation"]["owner"]) == (200, f"agent:token:{token_id}")
    assert ask(site, token, path + "/reply", "POST", {"text": "Onderweg."})[0] == 200
    assert ask(site, API_TOKEN, path + "/reply", "POST", {"text": "Nee."})[0] == 409, "another program's"

    async def said(store: Store) -> list[Any]:
        return [line.message for line in await store.conversations.transcript(conversation_id)]

    reply = next(message for message in site.run(said) if message.text == "Onderweg.")
    assert reply.sender == "agent" and not reply.is_by_human
    admin.post(f"/accounts/tokens/{token_id}/revoke")
    assert site.run(lambda store: store.conversations.get(conversation_id)).owner == "queue"


async def test_who_guesses_too_often_must_wait_and_who_was_right_before_need_not(store: Store) -> None:
    tokens = BearerTokens(store, "een-heel-geheim-token")
    _, text = await store.tokens.create("Rapport", "agent", created_by="baas")
    assert (await tokens.account(f"Bearer {text}", "192.0.2.1")).roles == ("agent",)
    for number in range(WRONG_PER_ADDRESS.amount):
        with pytest.raises(NotSignedIn):
            await tokens.account(f"Bearer geraden-{number}", "192.0.2.1")
    for process in (tokens, BearerTokens(store, "een-heel-geheim-token")):
        with pytest.raises(TooManyRequests):
            await process.account("Bearer een-heel-geheim-token", "192.0.2.1")
    assert (await tokens.account(f"Bearer {text}", "192.0.2.1")).roles == ("agent",)
    api: Account = await tokens.account("bearer een-heel-geheim-token", "192.0.2.2")
    assert api.id == "api" and api.roles == ("admin",)
