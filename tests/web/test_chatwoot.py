"""The connector to Chatwoot: nobody is lost, nothing is said twice, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.answers import Answers
from bot.errors import ConfigError
from bot.model import CHATWOOT, CLOSED, QUEUE, Account, Attachment, Button, Handoff, Message, TranscriptLine
from bot.settings import Settings
from bot.store import Store
from bot.store.chatwoot import LEASE_MS, READER
from bot.store.work import now_ms
from bot.web import leading
from bot.web.connectors.chatwoot import connector, words
from bot.web.connectors.chatwoot.config import load_config
from bot.web.connectors.chatwoot.connector import Chatwoot
from bot.web.handling import Handling
from bot.web.operations.metrics import Metrics
from bot.web.presence import Presence
from tests.conftest import eventually, project_templates
from tests.fakes.chatwoot import FakeAgent, FakeChatwoot
from tests.fakes.chatwoot.faults import Fault
from tests.fakes.chatwoot.records import Conversation
from tests.fakes.chatwoot.server import INBOX, SETTINGS
from tests.fakes.conversations import NOT_SURE, answer, handed_over, message, naming, write

SANNE = Account("sanne", "Sanne", ("agent",))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connector, "PAUSE_S", 0.05)
    monkeypatch.setattr(connector, "MAX_PAUSE_S", 0.1)
    monkeypatch.setattr(connector, "BUSY_S", 0.02)
    monkeypatch.setattr(leading, "PAUSE_S", 0.05)


@pytest.fixture
async def chatwoot() -> AsyncIterator[FakeChatwoot]:
    async with FakeChatwoot() as chatwoot:
        yield chatwoot


@pytest.fixture
async def settings(settings: Settings, chatwoot: FakeChatwoot) -> Settings:
    return replace(settings, public_url="https://chat.example.nl", **{**SETTINGS, "chatwoot_url": chatwoot.url})


@asynccontextmanager
async def connected(store: Store, settings: Settings, *, timeout_s: float = 2.0) -> AsyncIterator[Chatwoot]:
    config = load_config(settings)
    assert config
    await store.templates.seed(project_templates())
    handling = Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))
    running = Chatwoot(config, store, handling, Presence(store.agents), Metrics(), timeout_s=timeout_s)
    await running.open()
    task = asyncio.create_task(running.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await running.close()


@pytest.fixture
async def running(store: Store, settings: Settings) -> AsyncIterator[Chatwoot]:
    async with connected(store, settings) as running:
        yield running


@pytest.fixture
def noor(chatwoot: FakeChatwoot) -> FakeAgent:
    return FakeAgent(chatwoot)


async def owned(store: Store, conversation_id: str, owner: str) -> None:
    async def is_owned() -> bool:
        return (await store.conversations.get(conversation_id)).owner == owner

    await eventually(is_owned)


async def given(store: Store, chatwoot: FakeChatwoot, text: str = "mijn kat zit vast", **fields: str) -> Conversation:
    """A conversation that Chatwoot has."""
    conversation_id = await handed_over(store, text, **fields)
    await owned(store, conversation_id, CHATWOOT)
    await settled(store)
    return there(chatwoot, conversation_id)


def there(chatwoot: FakeChatwoot, conversation_id: str) -> Conversation:
    (found,) = [one for one in chatwoot.conversations.values() if one.source_id == conversation_id]
    return found


async def happened(store: Store, conversation: Conversation) -> None:
    """What a webhook does."""
    await store.chatwoot.look_at([conversation.source_id])


async def said(store: Store, conversation_id: str) -> list[tuple[str, str]]:
    """(speaker's name or kind, text) of what the customer read and wrote."""
    return [(one.agent_name or one.sender, one.text) for one in await store.conversations.messages(conversation_id)]


def contents(conversation: Conversation, *, private: bool = False) -> list[str]:
    shown = [one for one in conversation.messages if one.kind != "activity" and one.private == private]
    return [one.content or "" for one in shown]


async def test_a_handoff_goes_with_all_that_is_known(store: Store, running: Chatwoot, chatwoot: FakeChatwoot) -> None:
    first = await write(store, "hoi", customer_id="jo")
    await answer(store, first, "Hallo!", buttons=(Button("Ruilen", "/faq_ruilen"), Button("Kosten", "/faq_kosten")))
    written = await write(store, "order 12345 is stuk", first.conversation_id)
    nlu = naming(NOT_SURE, order_number="12345")
    handoff = Handoff("complaint", "high", 1_700_000_000_000, written.id, nlu=nlu)
    await answer(store, written, "Een collega helpt je zo.", nlu=nlu, handoff=handoff)
    await owned(store, first.conversation_id, CHATWOOT)
    conversation = there(chatwoot, first.conversation_id)
    assert conversation.contact.identifier == "widget jo" and conversation.contact.name == "Bezoeker JO"
    assert contents(conversation) == [
        "hoi",
        "Assistent: Hallo!\nKeuzes: Ruilen · Kosten",
        "order 12345 is stuk",
        "Assistent: Een collega helpt je zo.",
    ]
    assert [one.kind for one in conversation.messages[:4]] == ["incoming", "outgoing", "incoming", "outgoing"]
    (note,) = contents(conversation, private=True)
    for fact in (
        "Reden: Klacht",
        "Hoge prioriteit",
        "Kanaal: Website",
        "faq_openingstijden 52%",
        "Bestelnummer 12345",
        f"https://chat.example.nl/desk/{first.conversation_id}",
    ):
        assert fact in note
    assert (conversation.priority, conversation.labels, conversation.status) == ("high", ["complaint"], "open")
    assert conversation.custom_attributes["vraagbaak_id"] == first.conversation_id
    transcript = await store.conversations.transcript(first.conversation_id)
    assert f"Doorgezet naar Chatwoot, als gesprek {conversation.display_id}." in [
        one.message.text for one in transcript
    ]
    assert (await store.conversations.get(first.conversation_id)).agent_name == "Chatwoot"
    await store.queue.set_priority(first.conversation_id, "low", message(first.conversation_id, "note", "minder"))
    await eventually(lambda: _has_priority(conversation, "low"))
    # What agents there make of it stays, until ours changes again.
    conversation.priority = "urgent"
    await write(store, "en nog iets", first.conversation_id)
    await eventually(lambda: _has(conversation, "en nog iets"))
    await settled(store)
    assert conversation.priority == "urgent"
    # A version before did not note which of ours it was told.
    await store._client.hdel(store._keys.conversation(first.conversation_id), "chatwoot_priority")
    await write(store, "hallo?", first.conversation_id)
    await eventually(lambda: _has(conversation, "hallo?"))
    await settled(store)
    assert conversation.priority == "urgent"
    await store.queue.set_priority(first.conversation_id, "high", message(first.conversation_id, "note", "meer"))
    await eventually(lambda: _has_priority(conversation, "high"))


async def _has_priority(conversation: Conversation, priority: str) -> bool:
    return conversation.priority == priority


async def test_who_was_too_far_behind_looks_at_everything_that_waits(
    store: Store, settings: Settings, chatwoot: FakeChatwoot
) -> None:
    config = load_config(settings)
    assert config
    handling = Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))
    behind = Chatwoot(config, store, handling, Presence(store.agents), Metrics())
    await behind.open()
    await handed_over(store)
    await behind._turn()
    missed = await handed_over(store)
    await handed_over(store)
    # Neither what it read last nor the handoff is there any more.
    await store._client.xtrim(store._keys.happenings, maxlen=1, approximate=False)
    await behind._turn()
    await owned(store, missed, CHATWOOT)
    await behind.close()


async def test_answers_come_back_once_and_in_order(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    before = [("customer", "mijn kat zit vast"), ("assistant", "Een collega helpt je zo.")]
    noor.says(conversation, "Ik kijk even.")
    noor.notes(conversation, "lastig geval")
    noor.says(conversation, None, files=("https://files.example.nl/foto.png",))
    noor.says(conversation, "Gevonden!")
    for _ in range(3):
        await happened(store, conversation)

    async def all_there() -> bool:
        return len(await said(store, conversation.source_id)) >= len(before) + 3

    await eventually(all_there)
    await write(store, "dank je!", conversation.source_id)
    await eventually(lambda: _has(conversation, "dank je!"))
    await happened(store, conversation)
    await settled(store)
    assert await said(store, conversation.source_id) == [
        *before,
        ("Noor", "Ik kijk even."),
        ("Noor", "https://files.example.nl/foto.png"),
        ("Noor", "Gevonden!"),
        ("customer", "dank je!"),
    ]
    assert contents(conversation).count("dank je!") == 1
    assert not any("Noor:" in one for one in contents(conversation)), "their own words are not told to them"


async def _has(conversation: Conversation, content: str, *, private: bool = False) -> bool:
    return any(content in one for one in contents(conversation, private=private))


async def settled(store: Store) -> None:
    """Nothing is to be looked at, nor being looked at."""

    async def is_quiet() -> bool:
        happenings = store.happenings
        if await happenings.read_until(READER) != await happenings.newest():
            return False
        return await store._client.zcount(store._keys.chatwoot, "-inf", now_ms() + LEASE_MS) == 0

    await eventually(is_quiet)


async def test_resolved_closes_opened_takes_back_and_a_late_answer_is_heard(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    noor.takes(conversation)
    noor.says(conversation, "Opgelost.")
    noor.resolves(conversation)
    await happened(store, conversation)
    await owned(store, conversation.source_id, CLOSED)
    assert (await said(store, conversation.source_id))[-2:] == [
        ("Noor", "Opgelost."),
        ("Chatwoot", "Dit gesprek is afgesloten."),
    ]
    notes = [one.message.text for one in await store.conversations.transcript(conversation.source_id)]
    assert "In Chatwoot is dit van Noor." in notes
    await settled(store)
    assert conversation.status == "resolved"
    noor.opens(conversation)
    await happened(store, conversation)
    await owned(store, conversation.source_id, CHATWOOT)
    noor.resolves(conversation)
    await happened(store, conversation)
    await owned(store, conversation.source_id, CLOSED)
    noor.says(conversation, "O ja, nog dit.")
    await happened(store, conversation)
    await eventually(lambda: _said(store, conversation, "O ja, nog dit."))
    await owned(store, conversation.source_id, CLOSED)


async def _said(store: Store, conversation: Conversation, text: str) -> bool:
    return text in [one for _, one in await said(store, conversation.source_id)]


async def test_a_customer_who_writes_while_it_is_resolved_is_heard(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    noor.resolves(conversation)
    await write(store, "wacht, nog iets", conversation.source_id)
    await eventually(lambda: _has(conversation, "wacht, nog iets"))
    await settled(store)
    assert conversation.status == "open"
    assert (await store.conversations.get(conversation.source_id)).owner == CHATWOOT


async def test_the_next_handoff_opens_the_same_conversation(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot, customer_id="jo")
    noor.resolves(conversation)
    await happened(store, conversation)
    await owned(store, conversation.source_id, CLOSED)
    await settled(store)
    await answer(store, await write(store, "ben ik weer", conversation.source_id), "Hallo!")
    await handed_over(store, "ik wil een mens", conversation.source_id)
    await owned(store, conversation.source_id, CHATWOOT)
    assert conversation.status == "open" and len(chatwoot.conversations) == 1
    told = ["ben ik weer", "Assistent: Hallo!", "ik wil een mens", "Assistent: Een collega helpt je zo."]
    assert contents(conversation)[-4:] == told
    assert len(contents(conversation, private=True)) == 2
    other = await given(store, chatwoot, customer_id="jo")
    assert other.contact is conversation.contact and len(chatwoot.conversations) == 2


async def test_our_own_agent_may_take_it_and_chatwoots_hears_that(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    await store.queue.claim(await store.conversations.get(conversation.source_id), SANNE)
    await eventually(lambda: _is(conversation, "resolved"))
    assert await _has(conversation, "Sanne beantwoordt dit gesprek nu op onze eigen desk.", private=True)
    noor.says(conversation, "ik help wel")
    await happened(store, conversation)
    await eventually(lambda: _has(conversation, "Je bericht is niet naar de klant gestuurd. Sanne", private=True))
    await happened(store, conversation)
    await settled(store)
    assert not await _said(store, conversation, "ik help wel")
    assert sum("niet naar de klant gestuurd" in one for one in contents(conversation, private=True)) == 1


async def test_what_our_own_desk_gives_back_is_chatwoots_again(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot
) -> None:
    conversation = await given(store, chatwoot)
    await store.queue.claim(await store.conversations.get(conversation.source_id), SANNE)
    await eventually(lambda: _is(conversation, "resolved"))
    await settled(store)
    taken = await store.conversations.get(conversation.source_id)
    assert taken.handoff
    await store.queue.put_back(taken, taken.handoff)
    await owned(store, conversation.source_id, CHATWOOT)
    await settled(store)
    assert conversation.status == "open", "and not closed here because it was resolved there"
    assert (await store.conversations.get(conversation.source_id)).owner == CHATWOOT


async def _is(conversation: Conversation, status: str) -> bool:
    return conversation.status == status


async def test_an_answer_that_is_too_long_comes_back_with_the_reason(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    noor.says(conversation, "x" * 4_001)
    noor.says(conversation, "korter")
    await happened(store, conversation)
    await eventually(lambda: _said(store, conversation, "korter"))
    assert await _has(conversation, "Het is langer dan 4000 tekens.", private=True)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST .*/contacts$", lost=True),
        Fault("POST .*/conversations$", lost=True),
        Fault("POST .*/messages$", lost=True),
        Fault("POST .*/messages$", status=500),
        Fault("POST .*/messages$", late_s=1.0),
        Fault("POST .*/contacts/filter$", status=429),
        Fault("POST .*/toggle_priority$", lost=True),
        Fault("GET .*/messages$", proxy=404),
        Fault("GET .*/conversations/[0-9]+$", status=502),
    ],
    ids=lambda fault: f"{fault.where} {fault.status or fault.proxy or ('lost' if fault.lost else 'late')}",
)
async def test_whatever_fails_once_is_there_once(
    store: Store, settings: Settings, chatwoot: FakeChatwoot, fault: Fault
) -> None:
    chatwoot.faults = [fault]
    async with connected(store, settings, timeout_s=0.4):
        conversation = await given(store, chatwoot)
        await settled(store)
    assert chatwoot.faults == []
    assert len(chatwoot.contacts) == len(chatwoot.conversations) == 1
    assert contents(conversation) == ["mijn kat zit vast", "Assistent: Een collega helpt je zo."]
    assert len(contents(conversation, private=True)) == 1
    assert await store.chatwoot.trouble() is None


async def test_killed_in_the_middle_nothing_is_told_twice(
    store: Store, settings: Settings, chatwoot: FakeChatwoot
) -> None:
    chatwoot.faults = [Fault("POST .*/messages$"), Fault("POST .*/messages$", late_s=30.0)]
    async with connected(store, settings, timeout_s=60) as first:
        conversation_id = await handed_over(store)

        async def is_stored_there() -> bool:
            return any(len(one.messages) == 2 for one in chatwoot.conversations.values())

        await eventually(is_stored_there)
        await first._in_hand.end()  # as a kill: the answer never comes
    await store.chatwoot.look_at([conversation_id])
    async with connected(store, settings):
        await owned(store, conversation_id, CHATWOOT)
    conversation = there(chatwoot, conversation_id)
    assert contents(conversation) == ["mijn kat zit vast in jullie lift", "Assistent: Een collega helpt je zo."]


async def test_while_it_is_down_customers_wait_in_our_own_queue(
    store: Store, settings: Settings, chatwoot: FakeChatwoot
) -> None:
    chatwoot.down = 503
    conversation_id = await handed_over(store)
    async with connected(store, settings):

        async def is_known() -> bool:
            trouble = await store.chatwoot.trouble()
            return trouble is not None and (trouble.what, trouble.status) == ("unreachable", 503)

        await eventually(is_known)
        assert (await store.conversations.get(conversation_id)).owner == QUEUE
        taken = await handed_over(store)
        await store.queue.claim(await store.conversations.get(taken), SANNE)
        chatwoot.down = 0
        await owned(store, conversation_id, CHATWOOT)
        await settled(store)
    assert (await store.conversations.get(taken)).agent_id == "sanne", "an agent of ours was first"
    assert await store.chatwoot.trouble() is None and len(chatwoot.conversations) == 1


async def test_who_wrote_and_can_not_be_read_there_returns_to_our_queue(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "OUT_OF_REACH_MS", -1)
    conversation = await given(store, chatwoot)
    chatwoot.down = 500
    await write(store, "hallo?", conversation.source_id)
    await owned(store, conversation.source_id, QUEUE)
    notes = [one.message.text for one in await store.conversations.transcript(conversation.source_id)]
    assert "Chatwoot is niet bereikbaar. Dit gesprek staat weer in onze eigen wachtrij." in notes
    chatwoot.down = 0
    await owned(store, conversation.source_id, CHATWOOT)
    assert contents(conversation)[-1] == "hallo?"
    assert len(contents(conversation, private=True)) == 1, "the same handoff is explained once"


async def test_a_wrong_token_is_said_and_loses_nobody(store: Store, settings: Settings, chatwoot: FakeChatwoot) -> None:
    async with connected(store, replace(settings, chatwoot_token="wrong")):
        conversation_id = await handed_over(store)

        async def is_known() -> bool:
            trouble = await store.chatwoot.trouble()
            return trouble is not None and (trouble.what, trouble.status) == ("refused", 401)

        await eventually(is_known)
    assert (await store.conversations.get(conversation_id)).owner == QUEUE


async def test_a_conversation_that_was_removed_there_is_made_anew(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot, noor: FakeAgent
) -> None:
    conversation = await given(store, chatwoot)
    chatwoot.conversations.clear()
    await write(store, "hallo?", conversation.source_id)

    async def is_anew() -> bool:
        return len(chatwoot.conversations) == 1 and await _has(there(chatwoot, conversation.source_id), "hallo?")

    await eventually(is_anew)
    assert contents(there(chatwoot, conversation.source_id))[0] == "mijn kat zit vast"


async def test_a_message_that_chatwoot_does_not_take_leaves_a_trace(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot
) -> None:
    conversation = await given(store, chatwoot, "dit \ufffe kan niet")
    assert "Chatwoot nam een bericht niet aan" in contents(conversation)[0]


async def test_one_that_chatwoot_does_not_want_holds_up_no_other(
    store: Store, running: Chatwoot, chatwoot: FakeChatwoot
) -> None:
    chatwoot.contact_inboxes[(INBOX, "widget-odd")] = 999  # its source_id is somebody else's
    await handed_over(store, conversation_id="widget-odd")
    await given(store, chatwoot)
    assert (await store.conversations.get("widget-odd")).owner == QUEUE
    assert await store.chatwoot.trouble() is None


def test_how_lines_read_there() -> None:
    def shown(said: Message) -> words.Outgoing:
        return words.message_of(TranscriptLine(said), "https://chat.example.nl/desk/c")

    photo = message("c", "customer", "", attachments=(Attachment("image", "https://cdn.example/secret"),))
    assert shown(photo).content == "[foto] Te bekijken op de desk: https://chat.example.nl/desk/c"
    assert shown(message("c", "agent", "hoi", agent_name="Sanne")).content == "Sanne: hoi"
    assert shown(message("c", "note", "let op")).private


@pytest.mark.parametrize("missing", SETTINGS)
def test_half_of_the_settings_is_an_error_that_names_the_other(missing: str) -> None:
    values = {name: value for name, value in SETTINGS.items() if name != missing}
    with pytest.raises(ConfigError, match=f"BOT_{missing.upper()} is not set"):
        load_config(Settings(**values))
    assert load_config(Settings()) is None
