"""The registry of models: history, rollback, and which files the store keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import ModelError, NotFound
from bot.model import ModelRecord
from bot.store import Store, models
from bot.store.models import HISTORY, KEPT_FILES


async def register(store: Store, *names: str) -> None:
    for number, name in enumerate(names):
        await store.models.register(ModelRecord(name, "/nowhere", "0", number))
        await store.models.put_file(name, [b"file of ", name.encode()])


async def content(store: Store, name: str) -> bytes:
    return b"".join([chunk async for chunk in store.models.file(name)])


async def activated(store: Store) -> list[str]:
    return [record.name for record in await store.models.activated()]


async def test_what_was_active_is_known_latest_first_and_once(store: Store) -> None:
    await register(store, "a", "b", "c")
    assert await activated(store) == []
    for name in ("a", "b", "c", "a"):
        await store.models.activate(name)
    assert await activated(store) == ["a", "c", "b"]
    active = await store.models.active()
    assert active is not None and active.name == "a"


async def test_records_of_models_that_nobody_ever_made_active_do_not_pile_up(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "KEPT_RECORDS", 2)
    await store.models.register(ModelRecord("used", "/nowhere", "0", 0))
    await store.models.activate("used")
    for number in range(1, 6):
        await store.models.register(ModelRecord(f"m{number}", "/nowhere", "0", number))
    # The one that is just registered stays whatever its time.
    assert [one.name for one in await store.models.all()] == ["m5", "m4", "m3", "used"]


async def test_a_model_that_is_not_registered_can_not_be_active(store: Store) -> None:
    await register(store, "a")
    await store.models.activate("a")
    with pytest.raises(NotFound):
        await store.models.activate("b")
    assert await activated(store) == ["a"]


async def test_files_of_the_last_models_in_the_history_are_kept(store: Store) -> None:
    names = [f"m{number}" for number in range(HISTORY + 2)]
    await register(store, *names)
    for name in names:
        await store.models.activate(name)
        assert await content(store, name) == f"file of {name}".encode()
    assert len(await activated(store)) == HISTORY
    assert [name for name in names if await store.models.stores_file(name)] == names[-KEPT_FILES:]


async def test_a_file_of_which_the_model_was_never_activated_goes_away_by_itself(store: Store) -> None:
    def killed() -> Iterator[bytes]:
        yield b"half"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await store.models.put_file("killed", killed())
    await register(store, "a")
    for name in ("killed", "a"):
        assert not await store.models.stores_file(name)
        assert 0 < await store._client.ttl(store._keys.model_file(name)) <= models.NOT_ACTIVATED_S
    await store.models.activate("a")
    assert await store.models.stores_file("a")


async def test_a_file_can_be_put_again_over_a_half_one(store: Store) -> None:
    await store.models.put_file("a", [b"half of a longer one"])
    await store.models.put_file("a", [b"wh", b"ole"])
    assert await content(store, "a") == b"whole"


async def test_a_file_that_redis_can_not_hold_is_refused_and_leaves_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MAX_FILE_BYTES", 4)
    await store.models.put_file("a", [b"1234"])
    with pytest.raises(ModelError, match="BOT_MODEL_URL"):
        await store.models.put_file("b", [b"1234", b"5"])
    assert await content(store, "a") == b"1234"
    assert await content(store, "b") == b""
