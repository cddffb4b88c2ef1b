"""All topics are read again only when one changed, whoever changed it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import EditConflict
from bot.settings import Settings
from bot.store import Store
from bot.store.topics import Example, Topic

RUILEN = Topic("faq_ruilen", "Ruilen", examples=(Example("kan ik ruilen?"),), place=2)
RETOUR = Topic("faq_retour", "Retour", place=1)


async def titles(store: Store) -> list[str]:
    """Found in both ways."""
    found = [one.title for one in await store.topics.all(retired=True)]
    assert sorted(found) == sorted(one.title for one in await store.topics.standings())
    return found


@pytest.fixture
async def other(store: Store, redis_url: str) -> Store:
    """The store of another process."""
    return await Store(redis_url, Settings(redis_prefix=store._keys.prefix)).open()


async def test_a_save_of_ones_own_is_there_at_once_and_in_its_place(store: Store) -> None:
    ruilen = await store.topics.save(RUILEN)
    assert await titles(store) == ["Ruilen"]
    await store.topics.save(RETOUR)
    assert await titles(store) == ["Retour", "Ruilen"]
    await store.topics.save(replace(ruilen, title="Omruilen", place=0))
    assert await titles(store) == ["Omruilen", "Retour"]


async def test_a_save_of_another_process_is_there_at_once(store: Store, other: Store) -> None:
    ruilen = await store.topics.save(RUILEN)
    assert await titles(store) == await titles(other) == ["Ruilen"]
    await other.topics.save(replace(ruilen, title="Omruilen"))
    assert await titles(store) == ["Omruilen"]
    await other.topics.save(RETOUR)
    # A save of our own behind one that we have not read.
    await store.topics.save(Topic("faq_adres", "Adres"))
    assert await titles(store) == await titles(other) == ["Adres", "Retour", "Omruilen"]
    await other.close()


async def test_what_was_refused_changes_nothing_of_what_is_known(store: Store) -> None:
    ruilen = await store.topics.save(RUILEN)
    assert await titles(store) == ["Ruilen"]
    with pytest.raises(EditConflict, match="faq_ruilen"):
        await store.topics.save_all([RETOUR, replace(ruilen, title="Te laat", version=0)])
    assert await titles(store) == ["Ruilen"]


async def test_who_takes_the_list_may_change_it(store: Store) -> None:
    await store.topics.save(RUILEN)
    (await store.topics.all()).clear()
    (await store.topics.standings()).clear()
    assert await titles(store) == ["Ruilen"]


async def test_retired_topics_are_found_only_when_asked_for(store: Store) -> None:
    await store.topics.save_all([RUILEN, replace(RETOUR, is_retired=True)])
    assert [one.title for one in await store.topics.all()] == ["Ruilen"]
    assert await titles(store) == ["Retour", "Ruilen"]


async def test_what_its_examples_say_is_no_part_of_a_topic(store: Store) -> None:
    assert RUILEN.words == {"kan ik ruilen"}
    saved = await store.topics.save(RUILEN)
    assert await store.topics.get("faq_ruilen") == saved == replace(RUILEN, version=1)
    assert "words" not in await store._client.hget(store._keys.topics, "faq_ruilen")
