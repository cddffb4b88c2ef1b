"""One person over channels: joined by hand or by a verified identity, undone, and gone with the last conversation."""

from __future__ import annotations

import asyncio
import time

import pytest

from bot.errors import Conflict, InvalidMessage, NotFound
from bot.model import Account, Conversation, Handoff
from bot.store import Store
from bot.store.people import Person, customers_of
from bot.store.work import now_ms
from tests.fakes.conversations import NOT_SURE, answer, naming, write

SANNE = Account("sanne", "Sanne", ("agent",))
DAAN = Account("daan", "Daan", ("agent",))


async def talk(store: Store, conversation_id: str, channel: str = "rest", customer_id: str = "") -> Conversation:
    await write(store, "hallo", conversation_id, channel=channel, customer_id=customer_id or conversation_id)
    return await store.conversations.get(conversation_id)


async def ids(store: Store, person: Person) -> set[str]:
    return {one.id for one in await store.people.conversations(person)}


async def stored(store: Store) -> int:
    return len(await store.people.all())


async def test_nothing_is_stored_of_a_customer_until_something_is_noted(store: Store) -> None:
    one = await talk(store, "c1")
    person = await store.people.person_of(one)
    assert (person.version, person.customers, await ids(store, person)) == (0, ("rest c1",), {"c1"})
    await store.people.add_note(one, SANNE, "belt liever")
    found = await store.people.person_of(one)
    assert [note.text for note in found.notes] == ["belt liever"] and await stored(store) == 1
    with pytest.raises(NotFound):
        await store.people.remove_note(one, DAAN, found.notes[0].id)
    await store.people.remove_note(one, SANNE, found.notes[0].id)
    assert await stored(store) == 0


async def test_all_conversations_of_a_customer_are_found_whatever_their_id_holds(store: Store) -> None:
    for name in ("a|b", "a%7Cb", "a b\0c"):
        for number in range(2):
            await talk(store, f"{name} {number}", "comment", name)
    for name in ("a|b", "a%7Cb", "a b\0c"):
        person = await store.people.person_of(await store.conversations.get(f"{name} 0"))
        assert await ids(store, person) == {f"{name} 0", f"{name} 1"}


async def test_two_people_are_joined_and_the_undo_gives_each_its_own_back(store: Store) -> None:
    one, two = await talk(store, "c1"), await talk(store, "c2", "messenger")
    await store.people.add_note(one, SANNE, "van een")
    await store.people.add_note(two, DAAN, "van twee")
    await store.people.set_lists(two, ["pers"])
    await store.people.rename(two, "Anna")
    joined = await store.people.join(one, two, SANNE)
    assert await ids(store, joined) == {"c1", "c2"} and await stored(store) == 1
    assert ([note.text for note in joined.notes], joined.lists, joined.name) == (
        ["van een", "van twee"],
        ("pers",),
        "Anna",
    )
    with pytest.raises(InvalidMessage):
        await store.people.join(two, one, SANNE)
    await store.people.add_note(two, DAAN, "van later")
    parted = await store.people.part(two, joined.joins[0].id)
    assert ([note.text for note in parted.notes], parted.lists, parted.name) == (["van een", "van later"], (), "")
    again = await store.people.person_of(two)
    assert ([note.text for note in again.notes], again.lists, again.name) == (["van twee"], ("pers",), "Anna")
    assert await ids(store, parted) == {"c1"} and await ids(store, again) == {"c2"}
    with pytest.raises(NotFound):
        await store.people.part(one, joined.joins[0].id)


async def test_joining_two_of_whom_nothing_is_known_leaves_nothing_after_the_undo(store: Store) -> None:
    one, two = await talk(store, "c1"), await talk(store, "c2")
    joined = await store.people.join(one, two, SANNE)
    await store.people.part(two, joined.joins[0].id)
    assert await stored(store) == 0 and not await store._client.exists(store._keys.person_of)


async def test_what_was_joined_before_comes_back_joined(store: Store) -> None:
    one, two, three = await talk(store, "c1"), await talk(store, "c2"), await talk(store, "c3")
    await store.people.join(two, three, SANNE)
    joined = await store.people.join(one, two, SANNE)
    assert await ids(store, joined) == {"c1", "c2", "c3"}
    await store.people.part(one, joined.joins[0].id)
    again = await store.people.person_of(three)
    assert await ids(store, again) == {"c2", "c3"} and len(again.joins) == 1


async def test_agents_at_the_same_time_lose_nothing(store: Store) -> None:
    talks = [await talk(store, f"c{number}") for number in range(4)]
    notes = [store.people.add_note(one, SANNE, f"{one.id} {number}") for one in talks for number in range(3)]
    joins = [store.people.join(talks[0], other, DAAN) for other in talks[1:]]
    both = [store.people.join(talks[1], talks[2], SANNE)]
    done = await asyncio.gather(*notes, *joins, *both, return_exceptions=True)
    # Whoever comes second finds that they are the same person already.
    assert all(isinstance(one, Person | InvalidMessage) for one in done)
    person = await store.people.person_of(talks[3])
    assert len(person.notes) == 12 and await ids(store, person) == {"c0", "c1", "c2", "c3"}
    assert await stored(store) == 1 and set(await store._client.hvals(store._keys.person_of)) == {person.id}


async def test_a_verified_customer_is_one_person_in_every_conversation(store: Store) -> None:
    one, two = await talk(store, "c1", "widget"), await talk(store, "c2", "widget")
    await store.people.add_note(one, SANNE, "van voor het inloggen")
    for conversation_id in ("c1", "c2"):
        assert await store.people.identify(conversation_id, "4711", name="Anna", email="anna@voorbeeld.nl")
    one, two = await store.conversations.get("c1"), await store.conversations.get("c2")
    assert (two.identity, two.customer_name, two.customer_email) == ("4711", "Anna", "anna@voorbeeld.nl")
    assert customers_of(two) == ("identity 4711", "widget c2")
    person = await store.people.person_of(two)
    assert [note.text for note in person.notes] == ["van voor het inloggen"]
    assert await ids(store, person) == {"c1", "c2"} == await ids(store, await store.people.person_of(one))
    with pytest.raises(NotFound):
        await store.people.part(two, person.joins[0].id)


async def test_who_is_verified_in_more_conversations_than_a_person_has_is_known_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.people.MAX_CUSTOMERS", 2)
    for conversation_id in ("c1", "c2", "c3"):
        one = await talk(store, conversation_id, "widget")
        await store.people.add_note(one, SANNE, f"over {conversation_id}")
        assert await store.people.identify(conversation_id, "4711")
    last = await store.conversations.get("c3")
    assert last.identity == "4711" and len((await store.people.person_of(last)).customers) <= 2


async def test_a_conversation_stays_of_who_was_verified_first(store: Store) -> None:
    await talk(store, "c1", "widget")
    assert await store.people.identify("c1", "4711", name="Anna")
    assert not await store.people.identify("c1", "4712", name="Bram")
    found = await store.conversations.get("c1")
    assert (found.identity, found.customer_name) == ("4711", "Anna")
    assert await store.people.identify("unknown", "4711")
    assert not await store._client.exists(store._keys.conversation("unknown"))


async def test_what_was_named_in_all_conversations_comes_together(store: Store) -> None:
    for conversation_id, number in (("c1", "WS-1048221"), ("c2", "ws 1048221"), ("c3", "WS-1048222")):
        asked = await write(store, "waar blijft mijn pakket", conversation_id)
        await answer(store, asked, nlu=naming(NOT_SURE, order_number=number))
    found = await store.people.entities(["c1", "c2", "c3"])
    assert [one.value for one in found] == ["WS-1048221", "WS-1048222"]


async def test_what_is_noted_about_a_person_goes_with_the_last_conversation(store: Store) -> None:
    one, two = await talk(store, "c1"), await talk(store, "c2")
    await store.people.rename(two, "Anna")
    await store.people.join(one, two, SANNE)
    await store.people.add_note(one, SANNE, "belt liever")
    for conversation_id, people, joins in (("c2", 1, 0), ("c1", 0, 0)):
        assert await store.people.remove_expired() == 0
        long_ago_ms = (time.time() - 366 * 86_400) * 1000
        await store._client.zadd(store._keys.active, {conversation_id: long_ago_ms})
        await store._client.delete(*store._keys.of_conversation(conversation_id))
        await store.conversations.remove_expired()
        assert await store.people.remove_expired() == 1
        assert [len(person.joins) for person in await store.people.all()] == [joins] * people
    assert not await store._client.exists(store._keys.person_of)


async def test_every_change_of_a_conversation_counts(store: Store) -> None:
    async def changes() -> int:
        return int(await store._client.hget(store._keys.conversation("c1"), "changes") or 0)

    one = await talk(store, "c1")
    seen = [await changes()]
    for change in (
        store.queue.put(one, Handoff("complaint", "normal", now_ms())),
        store.people.identify("c1", "4711"),
        write(store, "nog iets", "c1"),
    ):
        await change
        seen.append(await changes())
    assert seen == sorted(set(seen)) and seen[0] > 0


async def test_lists_are_made_renamed_and_removed(store: Store) -> None:
    assert [one.name for one in await store.stakeholders.all()] == ["Influencer", "Pers"]
    added = await store.stakeholders.add("Vaste klant")
    assert added.id == "vaste-klant"
    with pytest.raises(Conflict):
        await store.stakeholders.add("vaste Klant")
    await store.stakeholders.rename("pers", "Journalist")
    await store.stakeholders.remove("influencer")
    assert [(one.id, one.name) for one in await store.stakeholders.all()] == [
        ("pers", "Journalist"),
        ("vaste-klant", "Vaste klant"),
    ]
    done = await asyncio.gather(*(store.stakeholders.add(f"Lijst {number}") for number in range(5)))
    assert len(await store.stakeholders.all()) == 7 and len({one.id for one in done}) == 5
    for name in ("", "x" * 41):
        with pytest.raises(InvalidMessage):
            await store.stakeholders.add(name)
