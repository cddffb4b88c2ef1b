"""What agents typed and did not send, who else is looking, labels, and sending again what failed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.errors import AlreadyClaimed, Conflict, InvalidMessage, NotFound
from bot.model import Account
from bot.store import Store, drafts, labels
from bot.store.drafts import Draft
from bot.store.labels import MAX_LABELS, Label, LabelChange
from bot.store.viewers import Viewer
from tests.conftest import HANG_S
from tests.fakes.conversations import handed_over, message
from tests.store.test_sending import customer, says, send, states

SANNE, DAAN = Account("sanne", "Sanne", ("agent",)), Account("daan", "Daan", ("agent",))
DRAFT = Draft("ik zoek het", "a1", "1-0", 5)


# Drafts


async def test_each_agent_has_a_draft_of_an_answer_and_one_of_a_note(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = await handed_over(store)
    note = Draft("boze klant", "a2")
    assert await store.drafts.save(conversation_id, "sanne", DRAFT)
    assert await store.drafts.save(conversation_id, "sanne", note, "note")
    assert await store.drafts.get(conversation_id, "sanne") == {"reply": DRAFT, "note": note}
    assert await store.drafts.get(conversation_id, "daan") == {}
    await store.drafts.remove(conversation_id, "sanne")
    assert await store.drafts.get(conversation_id, "sanne") == {"note": note}
    other = await handed_over(store)
    await store.drafts.save(other, "sanne", replace(DRAFT, message_id="a3"))
    assert set(await store.drafts.conversations("sanne")) == {conversation_id, other}
    assert await store.drafts.conversations("daan") == []
    third = await handed_over(store)
    monkeypatch.setattr(drafts, "MAX_SHOWN", 2)
    await store.drafts.save(third, "sanne", replace(DRAFT, message_id="a4"))
    assert len(await store.drafts.conversations("sanne")) == 2
    monkeypatch.undo()
    await store.drafts.save(third, "sanne", replace(DRAFT, text="", message_id="a4"))
    await store.drafts.save(conversation_id, "sanne", note, "note")
    await store._client.delete(store._keys.drafts(other))  # it went with its conversation
    assert await store.drafts.conversations("sanne") == [conversation_id]
    # Without a text there is nothing to keep.
    assert not await store.drafts.save(conversation_id, "sanne", replace(note, text=""), "note")
    assert await store.drafts.get(conversation_id, "sanne") == {}
    assert await store.drafts.conversations("sanne") == []


async def test_a_save_that_comes_after_sending_brings_nothing_back(store: Store) -> None:
    conversation_id = await handed_over(store)
    await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
    await store.drafts.save(conversation_id, "sanne", DRAFT)
    await store.queue.reply(conversation_id, SANNE, message(conversation_id, "agent", "hoi", id=DRAFT.message_id))
    assert await store.drafts.get(conversation_id, "sanne") == {}
    assert not await store.drafts.save(conversation_id, "sanne", DRAFT)
    assert await store.drafts.get(conversation_id, "sanne") == {}
    # What comes late takes nothing of what was typed since.
    newer = replace(DRAFT, text="en nog iets", message_id="newer")
    assert await store.drafts.save(conversation_id, "sanne", newer)
    assert not await store.drafts.save(conversation_id, "sanne", DRAFT)
    assert await store.drafts.get(conversation_id, "sanne") == {"reply": newer}
    assert not await store.drafts.save(conversation_id, "sanne", replace(newer, text=""))
    assert await store.drafts.get(conversation_id, "sanne") == {}


async def test_a_draft_lives_as_long_as_its_conversation(store: Store) -> None:
    assert not await store.drafts.save("nowhere", "sanne", DRAFT)
    conversation_id = await handed_over(store)
    await store.drafts.save(conversation_id, "sanne", DRAFT)
    assert await store._client.ttl(store._keys.drafts(conversation_id)) > 86_400


# Who else is here


async def test_viewers_hear_of_each_other_and_of_what_is_new_only(store: Store) -> None:
    told: list[tuple[str, bool, bool]] = []

    async def listen() -> None:
        async for event in store.events.listen():
            if event["type"] == "resync":
                ready.set()
            elif event["type"] == "viewing":
                told.append((event["account_id"], event["typing"], event["gone"]))

    ready = asyncio.Event()
    listener = asyncio.create_task(listen())
    await ready.wait()
    viewers = store.viewers
    assert await viewers.here("c1", SANNE) == []
    assert await viewers.here("c1", DAAN) == [Viewer("sanne", "Sanne")]
    for _ in range(2):
        assert await viewers.here("c1", SANNE, types=True) == [Viewer("daan", "Daan")]
    assert await viewers.here("c1", DAAN) == [Viewer("sanne", "Sanne", types=True)]
    assert await viewers.others("c1", Account("x", "X", ())) == [Viewer("daan", "Daan"), Viewer("sanne", "Sanne", True)]
    assert await viewers.here("c2", DAAN) == []
    for _ in range(2):
        await viewers.gone("c1", SANNE)
    assert await viewers.others("c1", DAAN) == []
    async with asyncio.timeout(HANG_S):
        while len(told) < 5:
            await asyncio.sleep(0.01)
    listener.cancel()
    assert told == [
        ("sanne", False, False),
        ("daan", False, False),
        ("sanne", True, False),
        ("daan", False, False),
        ("sanne", False, True),
    ]


async def test_who_is_silent_has_gone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.viewers.here("c1", SANNE)
    assert 0 < await store._client.pttl(store._keys.viewers("c1")) <= 25_000
    monkeypatch.setattr("bot.store.viewers.HERE_MS", 0)
    assert await store.viewers.others("c1", DAAN) == []


# Labels


async def test_labels_are_one_list_whatever_the_capitals(store: Store) -> None:
    first, second = await handed_over(store), await handed_over(store)
    assert await store.labels.set(first, ["Retour", " spoed  zaak "]) == ("Retour", "spoed zaak")
    assert await store.labels.add(second, "RETOUR") == ("Retour",)
    assert await store.labels.add(second, "retour") == ("Retour",)
    assert [one.name for one in await store.labels.known()] == ["Retour", "spoed zaak"]
    assert (await store.conversations.get(first)).labels == ("Retour", "spoed zaak")
    assert await store.labels.take_off(first, "SPOED zaak") == ("Retour",)
    assert await store.labels.set(first, []) == ()
    assert (await store.conversations.get(first)).labels == ()
    assert await store.labels.counts() == {"Retour": 1, "spoed zaak": 0}


async def test_labels_added_at_the_same_moment_are_all_there(store: Store) -> None:
    conversation_id = await handed_over(store)
    names = [f"label {number}" for number in range(MAX_LABELS)]
    await asyncio.gather(*(store.labels.add(conversation_id, name) for name in names))
    assert sorted((await store.conversations.get(conversation_id)).labels) == sorted(names)
    with pytest.raises(InvalidMessage):
        await store.labels.add(conversation_id, "een te veel")
    assert len((await store.conversations.get(conversation_id)).labels) == MAX_LABELS


async def test_a_change_of_the_list_reaches_every_conversation(store: Store) -> None:
    first, second = await handed_over(store), await handed_over(store)
    await store.labels.set(first, ["vip", "oud"])
    await store.labels.set(second, ["vip"])
    await store.labels.set(second, ["vip", "VIP klant"])
    assert await store.labels.change("vip", "VIP", "red") == Label("VIP", "red")
    assert (await store.conversations.get(first)).labels == ("VIP", "oud")
    with pytest.raises(Conflict):
        await store.labels.change("vip", "vip klant", "red")
    assert await store.labels.remove("Vip") == 2
    assert (await store.conversations.get(second)).labels == ("VIP klant",)
    assert [one.name for one in await store.labels.known()] == ["oud", "VIP klant"]
    with pytest.raises(NotFound):
        await store.labels.change("vip", "x", "red")


async def test_many_conversations_follow_a_change_step_by_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "STEP", 1)
    first, second, third = [await handed_over(store) for _ in range(3)]
    for one in (first, second, third):
        await store.labels.add(one, "a|b%")
    await store.labels.change("a|b%", "tussen", "red")
    # Before they have followed it changes once more, and agents go on.
    await store.labels.change("tussen", "nu", "red")
    assert await store.labels.changes() == [LabelChange("a|b%", "nu", 1)]
    found = await store.conversations.get_many([first, second, third])
    behind = next(one.id for one in found if "a|b%" in one.labels)
    assert await store.labels.names_now(["a|b%", "nu"]) == ("nu",)
    await store.labels.take_off(behind, "nu")
    await store.labels.add(behind, "a|b%")
    with pytest.raises(Conflict):
        await store.labels.create("a|b%")
    while await store.labels.carry_on():
        pass
    assert [one.labels for one in await store.conversations.get_many([first, second, third])] == [("nu",)] * 3
    assert await store.labels.remove("nu") == 3 and [one.count for one in await store.labels.changes()] == [2]
    with pytest.raises(Conflict):
        await store.labels.add(first, "nu")
    while await store.labels.carry_on():
        pass
    assert [one.labels for one in await store.conversations.get_many([first, second, third])] == [()] * 3
    assert (await store.labels.create("nu")).name == "nu"
    # A process that stood still since before the change was done goes on with the new label of that name.
    await store.labels.add(first, "nu")
    assert await store.labels._run(first, "change", "nu") == ("nu",)


@pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\x00b", "a\u202eb"])
async def test_a_label_is_a_short_line_that_can_be_read(store: Store, name: str) -> None:
    conversation_id = await handed_over(store)
    with pytest.raises(InvalidMessage):
        await store.labels.add(conversation_id, name)
    with pytest.raises(InvalidMessage):
        await store.labels.create("goed", "roze")  # type: ignore[arg-type]
    assert await store.labels.known() == []


async def test_only_a_conversation_that_is_there_has_labels(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.labels.add("nowhere", "vip")
    assert await store.labels.known() == []


# Sending again


async def failed(store: Store) -> tuple[str, str]:
    """A conversation of Sanne's with a message that its platform refused, and its id."""
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "eerste")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    assert await store.sending.fail(claim, message_id, "gave_up")
    assert await store.sending.begin(claim, claiming=False) is None
    return conversation_id, message_id


async def test_what_failed_is_sent_again_once_behind_what_waits(store: Store) -> None:
    conversation_id, message_id = await failed(store)
    await says(store, conversation_id, "tweede")
    results = await asyncio.gather(*(store.sending.again(conversation_id, SANNE, message_id) for _ in range(5)))
    assert sorted(results) == ["in_line", *["not_failed"] * 4]
    assert await states(store, conversation_id) == ["waiting", "waiting"]
    claim = await store.sending.claim()
    assert claim
    assert [await send(store, claim, claiming=True), await send(store, claim, mid="m2")] == ["tweede", "eerste"]
    assert await states(store, conversation_id) == ["sent", "sent"]
    assert (await store.conversations.transcript(conversation_id))[0].marks.problem == ""


async def test_only_its_own_agent_sends_again(store: Store) -> None:
    conversation_id, message_id = await failed(store)
    with pytest.raises(AlreadyClaimed):
        await store.sending.again(conversation_id, DAAN, message_id)
    with pytest.raises(NotFound):
        await store.sending.again("nowhere", SANNE, message_id)
    assert await states(store, conversation_id) == ["failed"]


async def test_what_arrived_in_part_is_not_sent_again(store: Store) -> None:
    conversation_id = await customer(store)
    message_id = await says(store, conversation_id, "lang")
    claim = await store.sending.claim()
    assert claim and await store.sending.begin(claim, claiming=True)
    attempt = await store.sending.attempt(claim, message_id, part=0, parts=2)
    assert attempt
    await store.sending.settle(conversation_id, attempt, mid="", at_ms=1)
    assert await store.sending.fail(claim, message_id, "rejected")
    assert await store.sending.again(conversation_id, SANNE, message_id) == "partly_arrived"
    assert await states(store, conversation_id) == ["failed"]


async def test_what_a_widget_fetches_is_never_sent_again(store: Store) -> None:
    conversation_id = await customer(store, page_id="")
    message_id = await says(store, conversation_id, "hoi")
    await store.conversations.mark(conversation_id, [message_id], "failed")
    assert await store.sending.again(conversation_id, SANNE, message_id) == "not_failed"
