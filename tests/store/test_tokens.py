"""Tokens of the API in a real Redis."""

from __future__ import annotations

import re

import pytest

from bot.errors import InvalidMessage, NotFound, NotSignedIn
from bot.store import Store
from bot.store.tokens import USED_EVERY_MS


async def test_token_is_known_by_its_text_and_redis_has_only_the_hash(store: Store) -> None:
    token, text = await store.tokens.create("Rapport", "agent", created_by="baas")
    assert re.fullmatch(r"vb_[0-9a-f]{12}_[0-9A-Za-z]{40}", text)
    assert (await store.tokens.verify(text)).id == token.id
    stored = str(await store._client.hgetall(store._keys.api_tokens))
    assert token.name in stored and text.rpartition("_")[2] not in stored


@pytest.mark.parametrize("change", ["secret", "id", "half", "nothing of ours", "empty", "no UTF-8"])
async def test_anything_else_is_nobody(store: Store, change: str) -> None:
    _, text = await store.tokens.create("Rapport", "agent", created_by="baas")
    wrong = {
        "secret": text[:-1] + ("a" if text[-1] != "a" else "b"),
        "id": text.replace(text[3:15], "0" * 12),
        "half": text[:20],
        "nothing of ours": "Bearer",
        "empty": "",
        "no UTF-8": "vb_\udcff",
    }[change]
    with pytest.raises(NotSignedIn):
        await store.tokens.verify(wrong)


async def test_token_ends_on_its_date_and_when_it_is_revoked(store: Store) -> None:
    token, text = await store.tokens.create("Rapport", "agent", created_by="baas", days=1)
    assert not token.is_over(token.expires_at_ms - 1) and token.is_over(token.expires_at_ms)
    await store.tokens.revoke(token.id)
    with pytest.raises(NotSignedIn):
        await store.tokens.verify(text)
    with pytest.raises(NotFound):
        await store.tokens.revoke(token.id)
    for_ever, _ = await store.tokens.create("Altijd", "agent", created_by="baas")
    assert not for_ever.is_over(2**53)


async def test_last_use_is_known_to_the_minute(store: Store) -> None:
    token, text = await store.tokens.create("Rapport", "agent", created_by="baas")
    assert (await store.tokens.get(token.id)).used_at_ms == 0
    await store.tokens.verify(text)
    first = (await store.tokens.get(token.id)).used_at_ms
    await store.tokens.verify(text)
    assert (await store.tokens.get(token.id)).used_at_ms == first > 0
    earlier = first - USED_EVERY_MS
    await store._client.hset(store._keys.api_tokens_used, token.id, earlier)
    await store.tokens.verify(text)
    assert (await store.tokens.get(token.id)).used_at_ms > earlier


async def test_each_account_has_its_own(store: Store) -> None:
    await store.tokens.create("Van ons allemaal", "admin", created_by="baas")
    of_sanne, _ = await store.tokens.create("Van Sanne", "agent", created_by="sanne", account_id="sanne")
    assert [token.id for token in await store.tokens.of("sanne")] == [of_sanne.id]
    assert [token.name for token in await store.tokens.of("")] == ["Van ons allemaal"]
    assert len(await store.tokens.all()) == 2


@pytest.mark.parametrize(
    ("name", "role", "days"), [(" ", "agent", 0), ("x" * 61, "agent", 0), ("x", "koning", 0), ("x", "agent", -1)]
)
async def test_odd_token_is_refused(store: Store, name: str, role: str, days: int) -> None:
    with pytest.raises(InvalidMessage):
        await store.tokens.create(name, role, created_by="baas", days=days)  # type: ignore[arg-type]
