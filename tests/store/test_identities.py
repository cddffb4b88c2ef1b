"""Identities at a provider, and sign-ins under way, in a real Redis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import Conflict
from bot.model import Account
from bot.store import Store
from bot.store.identities import FLOW_S, OpenIdFlow

SANNE = Account("sanne", "Sanne", ("agent",), created_at_ms=1)
FLOW = OpenIdFlow("browser", "nonce", "verifier", "https://chat.example/sign-in/openid/callback", "/desk")


async def test_a_sign_in_under_way_is_taken_once_and_forgotten_in_time(store: Store) -> None:
    state = await store.openid_flows.begin(FLOW)
    key = (await store._client.keys(store._keys.openid("*")))[0]
    assert state not in key and 0 < await store._client.ttl(key) <= FLOW_S
    assert await store.openid_flows.take("iets anders") is None
    assert await store.openid_flows.take(state) == FLOW
    assert await store.openid_flows.take(state) is None


async def test_an_identity_is_of_one_account_and_only_of_that_very_one(store: Store) -> None:
    await store.identities.link("https://login.example", "s 1", SANNE)
    found = await store.identities.find("https://login.example", "s 1")
    assert found and found.is_of(SANNE) and not found.is_of(replace(SANNE, created_at_ms=2))
    assert await store.identities.find("https://login.example", "s") is None
    assert await store.identities.of(SANNE) == [found]
    assert await store.identities.of(replace(SANNE, created_at_ms=2)) == []
    await store.identities.unlink(SANNE)
    assert await store.identities.find("https://login.example", "s 1") is None


async def test_of_two_that_link_at_once_the_second_hears_it(store: Store) -> None:
    await store.identities.link("https://login.example", "1", SANNE)
    first = await store.identities.find("https://login.example", "1")
    with pytest.raises(Conflict):
        await store.identities.link("https://login.example", "1", Account("noor", "Noor", ("agent",)))
    await store.identities.link("https://login.example", "1", replace(SANNE, created_at_ms=2), instead_of=first)
    with pytest.raises(Conflict):
        await store.identities.link("https://login.example", "1", SANNE, instead_of=first)
