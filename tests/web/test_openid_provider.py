"""What an OpenID Connect provider says about somebody, against a real one over HTTP, with real keys."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.errors import ConfigError, NotSignedIn, UpstreamError
from bot.settings import Settings
from bot.store.identities import OpenIdFlow
from bot.web.sign_in.openid_provider import Person, Provider
from tests.conftest import free_port
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, KEYS, OpenIdProvider, running_provider

FLOW = OpenIdFlow("x", "een-nonce", "v" * 64, "http://127.0.0.1:1/sign-in/openid/callback")
SANNE = {
    "sub": "s-1",
    "name": "Sanne  Vis",
    "preferred_username": "sanne",
    "email": "sanne@winkel.example",
    "email_verified": True,
    "groups": ["agents", "kantine"],
}


def settings_for(issuer: str, **changes: Any) -> Settings:
    return Settings(
        oidc_issuer=issuer,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_roles=("agents=agent",),
        **changes,
    )


@asynccontextmanager
async def asking(fake: OpenIdProvider, **changes: Any) -> AsyncIterator[Provider]:
    provider = Provider(settings_for(fake.issuer, **changes))
    try:
        yield provider
    finally:
        await provider.close()


async def code_of(provider: Provider, flow: OpenIdFlow = FLOW) -> str:
    """What the browser brings back."""
    url = await provider.sign_in_url(flow, "een-state")
    async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as response:
        back = parse_qs(urlsplit(response.headers["location"]).query)
    assert back["state"] == ["een-state"]
    return back["code"][0]


async def sign_in(provider: Provider) -> Person:
    return await provider.person(FLOW, await code_of(provider))


async def test_who_signed_in_is_known_by_issuer_and_subject() -> None:
    async with running_provider(person=SANNE) as fake, asking(fake) as provider:
        assert await sign_in(provider) == Person(
            fake.issuer, "s-1", "Sanne Vis", "sanne", "sanne@winkel.example", ("agents", "kantine")
        )
        await sign_in(provider)
        assert fake.asked.count(".well-known/openid-configuration") == 1
        assert fake.asked.count("jwks") == 1
        assert "userinfo" not in fake.asked, "the ID token said it all"


def without(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


def with_claims(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda claims: {**claims, **changes}


@pytest.mark.parametrize(
    "changes",
    [
        with_claims(nonce="een-andere"),
        without("nonce"),
        with_claims(aud="een-ander-programma"),
        with_claims(aud=[CLIENT_ID, "nog-een"], azp="nog-een"),
        with_claims(aud="een-ander-programma", azp=CLIENT_ID),
        without("aud"),
        with_claims(iss="http://127.0.0.1:1/realms/winkel"),
        without("iss"),
        with_claims(exp=int(time.time()) - 3600),
        without("exp"),
        with_claims(nbf=int(time.time()) + 3600),
        without("sub"),
        with_claims(sub=5),
    ],
    ids=[
        "nonce",
        "no nonce",
        "audience",
        "for two, authorised for another",
        "audience, authorised for us",
        "no audience",
        "issuer",
        "no issuer",
        "expired",
        "never expires",
        "not yet",
        "no subject",
        "odd subject",
    ],
)
async def test_a_token_that_is_not_for_us_or_not_now_signs_nobody_in(changes: Any) -> None:
    async with running_provider(person=SANNE, changes=changes) as fake, asking(fake) as provider:
        with pytest.raises(NotSignedIn):
            await sign_in(provider)


@pytest.mark.parametrize("wrong", ["another key of that name", "unsigned", "signed with what everybody knows"])
async def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(wrong: str) -> None:
    async with running_provider(person=SANNE) as fake, asking(fake) as provider:
        if wrong == "another key of that name":
            fake.key, fake.header = KEYS[1], {"kid": KEYS[0].kid}
        else:
            real, alg = fake.id_token, "none" if wrong == "unsigned" else "HS256"

            def forged(person: dict[str, Any], nonce: str) -> str:
                claims = real(person, nonce).split(".")[1]
                header = base64.urlsafe_b64encode(json.dumps({"alg": alg, "kid": KEYS[0].kid}).encode())
                return f"{header.decode().rstrip('=')}.{claims}."

            fake.id_token = forged  # type: ignore[method-assign]
        with pytest.raises(NotSignedIn):
            await sign_in(provider)


async def test_new_keys_are_found_when_a_token_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.web.sign_in.openid_provider.KEYS_S", 0)
    async with running_provider(person=SANNE) as fake, asking(fake) as provider:
        await sign_in(provider)
        fake.key, fake.shown_keys = KEYS[1], [KEYS[1]]
        assert (await sign_in(provider)).subject == "s-1"


async def test_a_code_works_once_and_for_who_began() -> None:
    async with running_provider(person=SANNE) as fake, asking(fake) as provider:
        code = await code_of(provider)
        await provider.person(FLOW, code)
        with pytest.raises(NotSignedIn):
            await provider.person(FLOW, code)
        code = await code_of(provider)
        other = OpenIdFlow("x", FLOW.nonce, "w" * 64, FLOW.redirect_uri)
        with pytest.raises(NotSignedIn):
            await provider.person(other, code)


@pytest.mark.parametrize(
    ("claim", "claims", "groups"),
    [
        ("groups", {"groups": "agents"}, ("agents",)),
        ("groups", {"groups": ["agents", 5, None]}, ("agents",)),
        ("groups", {"groups": {"agents": 1}}, ()),
        ("groups", {}, ()),
        ("realm_access.roles", {"realm_access": {"roles": ["agents"]}}, ("agents",)),
        ("https://winkel.example/roles", {"https://winkel.example/roles": ["agents"]}, ("agents",)),
    ],
)
async def test_groups_are_found_where_the_setting_says(claim: str, claims: Any, groups: Any) -> None:
    person = {"sub": "s-1", **claims}
    async with running_provider(person=person) as fake, asking(fake, oidc_roles_claim=claim) as provider:
        assert (await sign_in(provider)).groups == groups


async def test_groups_may_be_said_at_the_providers_own_address() -> None:
    async with running_provider(person={"sub": "s-1"}) as fake, asking(fake) as provider:
        fake.user_info = {"groups": ["agents"], "name": "Sanne"}
        person = await sign_in(provider)
        assert (person.groups, person.name) == (("agents",), "Sanne")
        fake.user_info = {"groups": ["agents"], "sub": "s-2"}
        with pytest.raises(NotSignedIn):
            await sign_in(provider)


@pytest.mark.parametrize("verified", [False, None, "true"])
async def test_an_address_that_is_not_verified_is_none(verified: Any) -> None:
    async with running_provider(person={**SANNE, "email_verified": verified}) as fake, asking(fake) as provider:
        assert (await sign_in(provider)).email == ""


async def test_a_provider_that_is_down_or_another_one_is_not_believed() -> None:
    async with running_provider(person=SANNE, is_down=True) as fake, asking(fake) as provider:
        with pytest.raises(UpstreamError):
            await provider.sign_in_url(FLOW, "een-state")
        fake.is_down = False
        assert await provider.issuer_is(fake.issuer) and not await provider.issuer_is("https://evil.example")
    async with running_provider(fake.port) as other, asking(other) as provider:
        provider._settings = settings_for(other.issuer.replace("127.0.0.1", "localhost"))
        with pytest.raises(UpstreamError, match="calls itself"):
            await provider.sign_in_url(FLOW, "een-state")
    nobody = Provider(settings_for(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(UpstreamError):
        await nobody.sign_in_url(FLOW, "een-state")
    await nobody.close()


async def test_a_wrong_secret_is_our_mistake_and_not_the_persons() -> None:
    async with running_provider(person=SANNE) as fake, asking(fake) as provider:
        code = await code_of(provider)
        provider._settings = Settings(oidc_issuer=fake.issuer, oidc_client_id=CLIENT_ID, oidc_client_secret="x")
        with pytest.raises(UpstreamError):
            await provider.person(FLOW, code)


GOOD = {
    "BOT_OIDC_ISSUER": "https://login.example/realms/winkel",
    "BOT_OIDC_CLIENT_ID": "vraagbaak",
    "BOT_OIDC_ROLES": "CN=agents OU=winkel=agent, /groepen/bazen/=admin",
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({}, ""),
        ({"BOT_OIDC_ISSUER": "http://login.example"}, "BOT_OIDC_ISSUER"),
        ({"BOT_OIDC_ISSUER": "login.example"}, "BOT_OIDC_ISSUER"),
        ({"BOT_OIDC_CLIENT_ID": ""}, "BOT_OIDC_CLIENT_ID"),
        ({"BOT_OIDC_ROLES": ""}, "BOT_OIDC_ROLES"),
        ({"BOT_OIDC_ROLES": "agents=baas"}, "BOT_OIDC_ROLES"),
        ({"BOT_OIDC_ROLES": "=agent"}, "BOT_OIDC_ROLES"),
        ({"BOT_OIDC_SCOPES": "profile"}, "BOT_OIDC_SCOPES"),
        ({"BOT_OIDC_ISSUER": "", "BOT_OIDC_ONLY": "on"}, "BOT_OIDC_ONLY"),
    ],
)
def test_settings_that_could_let_nobody_in_end_the_start(tmp_path: Any, changes: dict[str, str], named: str) -> None:
    if not named:
        assert Settings.load(GOOD, tmp_path / "none").oidc_roles[1] == "/groepen/bazen/=admin"
        return
    with pytest.raises(ConfigError, match=named):
        Settings.load({**GOOD, **changes}, tmp_path / "none")
