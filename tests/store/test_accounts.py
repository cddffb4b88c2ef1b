"""Accounts, sessions, attempts, links and second factors on a real Redis."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pyotp
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from bot.errors import InvalidMessage, LastAdmin, NotFound, NotSignedIn
from bot.settings import Settings
from bot.store import Store
from bot.store.accounts import _NOBODY, hash_password
from bot.store.attempts import FIRST_WAIT_S, FREE_IN_A_ROW, LONGEST_WAIT_S, Counted, Limit, TooManyAttempts
from bot.store.second_factor import SETUP_S
from tests.conftest import PASSWORD, password_hash

FEW = Limit("few", 3, 60)


async def admin(store: Store, account_id: str) -> None:
    await store.accounts.create(account_id, account_id, ("admin",))
    await store.accounts.change(account_id, password_hash=password_hash())


# Accounts.


async def test_passwords_are_hashed_as_slowly_as_argon2_advises() -> None:
    assert not PasswordHasher().check_needs_rehash(await hash_password(PASSWORD))


async def test_an_unknown_name_costs_as_much_hashing_as_a_known_one() -> None:
    """Else the time of an answer would tell which accounts there are."""
    assert not PasswordHasher().check_needs_rehash(_NOBODY)
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(_NOBODY, PASSWORD)


async def test_changes_to_different_fields_at_once_are_both_kept(store: Store) -> None:
    await store.accounts.create("sanne", "Sanne", ("agent",), email="sanne@voorbeeld.nl")
    await asyncio.gather(
        store.accounts.change("sanne", name="Sanne de Vries"),
        store.accounts.change("sanne", roles=("editor", "agent"), capacity=3),
        store.accounts.change("sanne", has_totp=True),
    )
    account = await store.accounts.get("sanne")
    assert (account.name, account.roles, account.capacity, account.has_totp, account.email) == (
        "Sanne de Vries",
        ("editor", "agent"),
        3,
        True,
        "sanne@voorbeeld.nl",
    )
    assert account.created_at_ms > 1_700_000_000_000


@pytest.mark.parametrize("fields", [{"name": " "}, {"roles": ()}, {"roles": ("koning",)}])
async def test_a_change_that_makes_no_sense_is_refused(store: Store, fields: dict[str, object]) -> None:
    await store.accounts.create("sanne", "Sanne", ("agent",))
    with pytest.raises(InvalidMessage):
        await store.accounts.change("sanne", **fields)
    with pytest.raises(NotFound):
        await store.accounts.change("niemand", name="Niemand")


async def test_of_two_admins_who_shut_each_other_out_at_once_one_stays(store: Store) -> None:
    await admin(store, "een")
    await admin(store, "twee")
    done = await asyncio.gather(
        store.accounts.remove("een"), store.accounts.change("twee", roles=("agent",)), return_exceptions=True
    )
    assert [type(one) for one in done if isinstance(one, Exception)] == [LastAdmin]


@pytest.mark.parametrize("other", [{"is_disabled": True}, {"password_hash": ""}, {"roles": ("manager",)}])
async def test_an_admin_who_cannot_sign_in_is_no_admin_who_is_left(store: Store, other: dict[str, object]) -> None:
    await admin(store, "baas")
    await admin(store, "ander")
    await store.accounts.change("ander", **other)
    for deed in (store.accounts.remove("baas"), store.accounts.change("baas", is_disabled=True)):
        with pytest.raises(LastAdmin):
            await deed
    await store.accounts.change("baas", name="Baas")
    await store.accounts.remove("ander")


async def test_accounts_of_before_are_read(store: Store) -> None:
    """As an earlier version wrote them."""
    record = '{"id":"oud","name":"Oud","roles":["admin"],"password_hash":"x","created_at_ms":1764146000000}'
    await store._client.hset(store._keys.accounts, "oud", record)
    account = await store.accounts.get("oud")
    assert (account.email, account.capacity, account.has_totp) == ("", 10, False)
    assert await store.accounts.change("oud", capacity=0) == replace(account, capacity=0)


async def test_a_password_that_was_never_chosen_fits_nothing(store: Store) -> None:
    await store.accounts.create("sanne", "Sanne", ("agent",))
    for given in ("", PASSWORD):
        with pytest.raises(NotSignedIn):
            await store.accounts.verify("sanne", given)


@pytest.mark.parametrize(("password", "is_good"), [("é" * 12, True), ("e\u0301" * 11, False), ("🐟" * 200, True)])
async def test_length_is_counted_in_characters_that_people_see(password: str, is_good: bool) -> None:
    if is_good:
        assert (await hash_password(password)).startswith("$argon2id$")
    else:
        with pytest.raises(InvalidMessage):
            await hash_password(password)


async def test_a_later_account_of_the_same_name_starts_anew(store: Store) -> None:
    await store.accounts.create("sanne", "Sanne", ("agent",))
    app = pyotp.TOTP(await store.second_factor.begin("sanne"))
    await store.second_factor.confirm("sanne", app.now())
    await store.accounts.remove("sanne")
    await store.accounts.create("sanne", "Sanne", ("agent",))
    assert await store.second_factor.codes_left("sanne") == 0
    with pytest.raises(NotSignedIn):
        await store.second_factor.check("sanne", app.at(int(time.time()) + 30))


# Sessions.


async def test_a_session_that_nobody_uses_ends_sooner_than_one_in_use(store: Store, settings: Settings) -> None:
    token = await store.sessions.start("sanne")
    (key,) = [one async for one in store._client.scan_iter(store._keys.session("*"))]
    idle_ms = settings.session_idle_minutes * 60_000
    # As if it was a while ago.
    await store._client.hset(key, "seen_at_ms", int(time.time() * 1000) - 600_000)
    await store._client.pexpire(key, idle_ms - 600_000)
    assert await store.sessions.account_id(token, is_used=False) == "sanne"
    assert await store._client.pttl(key) <= idle_ms - 600_000, "a page that refreshes itself does not count"
    assert await store.sessions.account_id(token) == "sanne"
    assert idle_ms - 10_000 < await store._client.pttl(key) <= idle_ms
    # And however much it is used, it ends.
    near = int(time.time() * 1000) + 5_000
    await store._client.hset(key, mapping={"seen_at_ms": 0, "ends_at_ms": near})
    assert await store.sessions.account_id(token) == "sanne"
    assert await store._client.pttl(key) <= 5_000


async def test_sessions_that_are_over_are_not_listed(store: Store) -> None:
    tokens = [await store.sessions.start("sanne", browser=f"Browser {number}") for number in range(3)]
    await store.sessions.end(tokens[0])
    await store._client.delete(store._keys.session((await _hashes(store))[0]))
    assert len(await store.sessions.all("sanne")) == 1 == len(await _hashes(store))
    await store._client.delete(store._keys.session((await _hashes(store))[0]))
    await store.sessions.start("sanne")
    assert len(await _hashes(store)) == 1, "a sign-in keeps those that are over alive"
    await store.sessions.end_all("sanne")
    assert await store.sessions.all("sanne") == []


async def test_a_session_of_an_earlier_version_is_over_and_no_error(store: Store) -> None:
    token = await store.sessions.start("sanne")
    (token_hash,) = await _hashes(store)
    await store._client.delete(store._keys.session(token_hash))
    await store._client.set(store._keys.session(token_hash), "sanne")
    assert await store.sessions.account_id(token) is None
    assert await store.sessions.start("sanne")


async def _hashes(store: Store) -> list[str]:
    return sorted(await store._client.smembers(store._keys.account_sessions("sanne")))


# Attempts.


async def test_of_ten_attempts_at_once_in_two_processes_the_limit_gets_through(
    store: Store, redis_url: str, settings: Settings
) -> None:
    other = await Store(redis_url, settings).open()
    counted = Counted([(FEW, ("sanne",))], ("sanne",))
    done = await asyncio.gather(
        *(one.attempts.count(counted) for one in (store, other) for _ in range(5)), return_exceptions=True
    )
    await other.close()
    waits = [one.wait_s for one in done if isinstance(one, TooManyAttempts)]
    assert len(waits) == 10 - FEW.amount and all(0 < wait <= FEW.seconds for wait in waits)
    await store.attempts.count(Counted([(FEW, ("noor",))], ("noor",)))
    await store.attempts.forget(counted, FEW.name)
    await store.attempts.count(counted)


async def test_attempts_in_a_row_wait_twice_as_long_each_time(store: Store) -> None:
    counted = Counted([], ("sanne",))
    for _ in range(FREE_IN_A_ROW):
        await store.attempts.count(counted)
    (key,) = [one async for one in store._client.scan_iter(store._keys.attempts("row", "*"))]
    waits = []
    for _ in range(15):
        with pytest.raises(TooManyAttempts) as refused:
            await store.attempts.count(counted)
        waits.append(refused.value.wait_s)
        await store._client.hset(key, "next_at_ms", 0)  # as if it had waited
        await store.attempts.count(counted)
    assert waits == [min(FIRST_WAIT_S * 2**number, LONGEST_WAIT_S) for number in range(15)]
    await store.attempts.forget(counted)
    await store.attempts.count(counted)


# Links.


async def test_a_link_works_once_also_for_two_at_once(store: Store) -> None:
    token = await store.links.make("sanne", "invitation")
    assert (await store.links.get(token)).kind == "invitation"
    assert set(await store.links.of(["sanne", "noor"])) == {"sanne"}
    done = await asyncio.gather(*(store.links.use(token) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(one, NotFound) for one in done) == 4
    assert await store.links.of(["sanne"]) == {}


async def test_a_newer_link_replaces_the_one_before(store: Store) -> None:
    first, second = [await store.links.make("sanne", "reset") for _ in range(2)]
    with pytest.raises(NotFound):
        await store.links.use(first)
    assert (await store.links.use(second)).account_id == "sanne"


async def test_links_codes_and_secrets_are_in_redis_as_hashes_or_encrypted(store: Store) -> None:
    known = [await store.links.make("sanne", "reset"), await store.sessions.start("sanne")]
    known.append(secret := await store.second_factor.begin("sanne"))
    known += await store.second_factor.confirm("sanne", pyotp.TOTP(secret).now())
    keys = [key async for key in store._client.scan_iter(store._keys.session("*").replace("session:*", "*"))]
    dumped = b"".join([await _dump(store, key) for key in keys])
    assert len(keys) > 4 and not any(one.encode() in dumped or one.replace("-", "").encode() in dumped for one in known)


async def _dump(store: Store, key: str) -> bytes:
    kind = await store._client.type(key)
    read = {"string": "get", "hash": "hgetall", "set": "smembers"}.get(kind)
    if read is None:
        return b""
    return key.encode() + repr(await getattr(store._client, read)(key)).encode()


# The second factor.


@pytest.mark.parametrize(("drift_s", "is_good"), [(-60, False), (-30, True), (0, True), (30, True), (90, False)])
async def test_a_clock_may_be_a_step_off(
    store: Store, monkeypatch: pytest.MonkeyPatch, drift_s: int, is_good: bool
) -> None:
    now = 1_800_000_015
    monkeypatch.setattr("bot.store.second_factor.time.time", lambda: now - 3600)
    app = pyotp.TOTP(await store.second_factor.begin("sanne"))
    await store.second_factor.confirm("sanne", app.at(now - 3600))
    monkeypatch.setattr("bot.store.second_factor.time.time", lambda: now)
    if is_good:
        assert await store.second_factor.check("sanne", app.at(now + drift_s)) == "totp"
    else:
        with pytest.raises(NotSignedIn):
            await store.second_factor.check("sanne", app.at(now + drift_s))


async def test_a_code_works_once_also_for_two_at_once_and_none_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_800_000_015
    monkeypatch.setattr("bot.store.second_factor.time.time", lambda: now)
    app = pyotp.TOTP(await store.second_factor.begin("sanne"))
    await store.second_factor.confirm("sanne", app.at(now - 30))
    done = await asyncio.gather(
        *(store.second_factor.check("sanne", app.at(now)) for _ in range(5)), return_exceptions=True
    )
    assert done.count("totp") == 1 and sum(isinstance(one, NotSignedIn) for one in done) == 4
    with pytest.raises(NotSignedIn):
        await store.second_factor.check("sanne", app.at(now - 30))


async def test_a_recovery_code_works_once_and_for_its_account_only(store: Store) -> None:
    codes = {}
    for who in ("sanne", "noor"):
        app = pyotp.TOTP(await store.second_factor.begin(who))
        codes[who] = await store.second_factor.confirm(who, app.now())
    with pytest.raises(NotSignedIn):
        await store.second_factor.check("sanne", codes["noor"][0])
    assert await store.second_factor.check("sanne", codes["sanne"][0].lower()) == "recovery"
    with pytest.raises(NotSignedIn):
        await store.second_factor.check("sanne", codes["sanne"][0])
    assert await store.second_factor.codes_left("sanne") == 9
    new = await store.second_factor.renew_codes("sanne")
    assert not set(new) & set(codes["sanne"]) and await store.second_factor.codes_left("sanne") == 10


async def test_a_setup_that_takes_too_long_begins_anew(store: Store) -> None:
    secret = await store.second_factor.begin("sanne")
    key = store._keys.totp_setup("sanne")
    assert 0 < await store._client.ttl(key) <= SETUP_S
    await store._client.delete(key)
    with pytest.raises(NotFound):
        await store.second_factor.confirm("sanne", pyotp.TOTP(secret).now())
