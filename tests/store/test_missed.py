"""The learning inbox in the store: what is in it, what leaves it, and whose words stay where."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from bot.model import IntentScore, Message
from bot.settings import Settings
from bot.store import Store, lessons
from bot.store.lessons import Lesson, Taught
from bot.store.missed import Group, Grouping, Missed, Verdict
from bot.store.work import now_ms

VERDICT = Verdict("model-1", "human", "faq_ruilen", 0.3, 0.8, (IntentScore("faq_ruilen", 0.3),))


async def asked(store: Store, text: str, conversation_id: str = "c1", message_id: str = "m1") -> Missed:
    """A message that a customer wrote, as the worker would note it."""
    message = Message(message_id, conversation_id, "customer", text, 1)
    await store.conversations.receive(message, channel="widget", customer_id="k")
    return Missed(conversation_id, message_id, text, "widget", now_ms(), ("unsure",), VERDICT)


async def test_a_message_is_in_it_once_with_all_its_reasons(store: Store) -> None:
    missed = await asked(store, "kan ik ruilen zonder bon?")
    assert await store.missed.note(missed)
    assert await store.missed.note(replace(missed, reasons=("agent_answered",), verdict=None, reply="Ja, dat kan."))
    [one] = await store.missed.open()
    assert one.reasons == ("agent_answered", "unsure") and one.reply == "Ja, dat kan." and one.verdict == VERDICT


async def test_of_several_replies_the_first_stays(store: Store) -> None:
    missed = replace(await asked(store, "kan ik ruilen?"), reply="Ja.")
    await store.missed.note(missed)
    await store.missed.note(replace(missed, reply="En nog iets."))
    assert (await store.missed.open())[0].reply == "Ja."


async def test_what_was_never_written_is_not_in_it(store: Store) -> None:
    assert not await store.missed.note(Missed("c1", "m1", "hoi", "widget", 1, ("unsure",)))
    assert await store.missed.open() == []


async def test_what_is_no_place_is_not_found(store: Store) -> None:
    await store.missed.note(await asked(store, "kan ik ruilen?"))
    for nonsense in ("", " ", "c1", "c1 ", " m1", "c1 m1 m1", "c1 m2", "c1\nm1"):
        assert await store.missed.get_many([nonsense]) == []
    assert len(await store.missed.get_many(["", "c1 m1", "c1 m2 m3"])) == 1


async def test_the_words_lie_with_the_conversation(store: Store, settings: Settings) -> None:
    await store.missed.note(await asked(store, "kan ik ruilen?"))
    key = store._keys.missed("c1")
    assert 0 < await store._client.ttl(key) <= settings.retention_days * 86_400
    everything = [name async for name in store._client.scan_iter(f"{{{settings.redis_prefix}}}:missed*")]
    for name in everything:
        kind = await store._client.type(name)
        said = await (store._client.zrange(name, 0, -1) if kind == "zset" else store._client.get(name))
        assert "ruilen" not in str(said)


async def test_a_conversation_that_is_removed_takes_its_messages_along(store: Store, settings: Settings) -> None:
    await store.missed.note(await asked(store, "kan ik ruilen?"))
    long_ago = now_ms() - settings.retention_days * 86_400_000 - 1
    await store._client.zadd(store._keys.active, {"c1": long_ago})
    assert await store.conversations.remove_expired() == 1
    assert await store.missed.open() == []
    assert await store.missed.count() == 0  # and the list forgets where it was


async def test_a_message_that_the_customer_takes_back_leaves_it(store: Store) -> None:
    await store.missed.note(await asked(store, "mijn wachtwoord is geheim"))
    note = Message("n1", "c1", "note", "De klant heeft een bericht verwijderd.", 1)
    assert await store.conversations.delete("c1", "m1", note)
    assert await store.missed.open() == []
    assert not await store.missed.note(Missed("c1", "m1", "mijn wachtwoord is geheim", "widget", 1, ("unsure",)))


async def test_an_edited_message_leaves_it(store: Store) -> None:
    await store.missed.note(await asked(store, "kan ik ruilen?"))
    assert await store.conversations.edit("c1", "m1", "laat maar", number=1)
    assert await store.missed.open() == []


async def test_of_what_is_personal_only_a_count_stays(store: Store) -> None:
    missed = replace(await asked(store, "mijn man is overleden"), reply="Wat naar.")
    await store.missed.note(missed)
    await store.missed.settle([missed.place], "personal")
    stored = str(await store._client.hgetall(store._keys.missed("c1")))
    assert "overleden" not in stored and "Wat naar" not in stored and "faq_ruilen" not in stored
    assert await store.missed.open() == [] and await store.missed.personal() == 1
    # A later reason brings it back no more, nor does taking back what was made of it before.
    await store.missed.settle([missed.place], "open")
    assert await store.missed.open() == []
    assert not await store.missed.note(replace(missed, reasons=("not_helped",)))


async def test_what_was_dealt_with_can_be_taken_back(store: Store) -> None:
    missed = await asked(store, "kan ik ruilen?")
    await store.missed.note(missed)
    await store.missed.settle([missed.place], "ignored", "lesson")
    assert await store.missed.open() == []
    assert [one.lesson_id for one in await store.missed.get_many([missed.place])] == ["lesson"]
    await store.missed.settle([missed.place], "open")
    assert [one.text for one in await store.missed.open()] == ["kan ik ruilen?"]


async def test_the_oldest_go_when_there_are_too_many(store: Store, monkeypatch: object) -> None:
    from bot.store import missed as module

    before = module.MAX_OPEN, module._TRIM
    module.MAX_OPEN, module._TRIM = 3, 2
    try:
        for number in range(4):
            missed = await asked(store, f"vraag {number}", f"c{number}")
            await store.missed.note(replace(missed, at_ms=number + 1))
    finally:
        module.MAX_OPEN, module._TRIM = before
    assert [one.text for one in await store.missed.open()] == ["vraag 3", "vraag 2"]


async def test_a_new_model_reads_each_open_message_once(store: Store) -> None:
    for number in range(2):
        await store.missed.note(await asked(store, f"vraag {number}", f"c{number}"))
    assert await store.missed.next_again("model-1") is None  # it is the one that read them
    first, second = await store.missed.next_again("model-2"), await store.missed.next_again("model-2")
    assert first and second and {first.text, second.text} == {"vraag 0", "vraag 1"}
    assert await store.missed.next_again("model-2") is None
    now = replace(VERDICT, model="model-2", outcome="answer", confidence=0.95)
    assert await store.missed.understood(first.place, now)
    [told] = await store.missed.get_many([first.place])
    assert told.verdict == VERDICT and told.now == told.latest == now


async def test_a_grouping_is_old_once_something_comes(store: Store) -> None:
    assert await store.missed.has_news()
    changes = await store.missed.changes()
    await store.missed.save_grouping(Grouping((Group("c1 m1", ("c1 m1",)),), 1, changes))
    assert not await store.missed.has_news()
    missed = await asked(store, "kan ik ruilen?")
    await store.missed.note(missed)
    assert await store.missed.has_news()
    # Groups have words of customers: they are made again, or gone, also when nothing new comes.
    assert 0 < await store._client.ttl(store._keys.missed_groups) <= 86_400
    await store.missed.save_grouping(Grouping(changes=await store.missed.changes()))
    await store.missed.settle([missed.place], "ignored")  # what leaves needs no new groups
    assert not await store.missed.has_news()


async def test_lessons_go_with_their_retention(store: Store, settings: Settings) -> None:
    long_ago = now_ms() - settings.retention_days * 86_400_000 - 1
    old = Lesson("old", "assign", "applied", "robin", long_ago, (Taught("c1 m1", "kan ik ruilen?"),), "faq_ruilen")
    await store.lessons.save(old)
    await store.lessons.save(replace(old, id="new", at_ms=now_ms()))
    await store.lessons.remove_expired(now_ms())
    assert [one.id for one in await store.lessons.all()] == ["new"]


async def test_a_proposal_waits_however_many_lessons_come_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lessons, "KEPT", 2)
    for number in range(4):
        state: Literal["proposed", "applied"] = "applied" if number else "proposed"
        lesson = Lesson(f"l{number}", "assign", state, "robin", now_ms() + number, (Taught("c1 m1", "kan ik ruilen?"),))
        await store.lessons.save(lesson)
    await store.lessons.remove_expired(now_ms())
    assert [one.id for one in await store.lessons.all()] == ["l3", "l2", "l0"]
