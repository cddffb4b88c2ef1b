"""What each event does, from a signed request to what agents, the assistant and the sender find."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.answers import Answers
from bot.model import (
    META_INBOX,
    META_INBOX_NAME,
    QUEUE,
    Account,
    Attachment,
    Conversation,
    Message,
    TranscriptLine,
)
from bot.settings import Settings
from bot.store import Store
from bot.store.sending import Claim
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.comments import Comments
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.effects import Effects
from bot.web.channels.messenger.elsewhere import Elsewhere
from bot.web.channels.messenger.events import Where, Wrote
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.odd_events import MAX_CHARS
from bot.web.operations.metrics import Metrics
from bot.web.rescue import Rescue
from tests.conftest import Site, eventually
from tests.fakes.platform import INSTAGRAM_ACCOUNT, PAGE
from tests.fakes.scripted_assistant import scripted_assistant
from tests.messenger.deliveries import (
    INBOX_APP,
    deliver,
    echo,
    event,
    new_customer,
    new_mid,
    now_ms,
    text_event,
)
from tests.messenger.test_redelivery import health
from tests.web.visitor import Visitor

SANNE = Account("sanne", "Sanne", ("agent",))
CDN = "https://cdn.example/"


class Customer:
    """Somebody on Messenger, and what we have of them."""

    def __init__(self, site: Site, store: Store, *, account: str = PAGE, channel: str = "messenger") -> None:
        self.site = site
        self.store = store
        self.psid = new_customer()
        self.account = account
        self.id = f"{channel}-{account}-{self.psid}"
        self.options = {"platform": "instagram", "account": account} if channel == "instagram" else {"account": account}

    async def does(self, *events: dict[str, Any], array: str = "messaging") -> None:
        """Deliver events, and wait until all that was delivered had its effect."""
        await deliver(self.site, *events, array=array, **self.options)
        await self.all_done()

    async def all_done(self) -> None:
        async def nothing_waits() -> bool:
            return await self.store.inbound.size() == 0

        await eventually(nothing_waits)

    def event(self, **parts: Any) -> dict[str, Any]:
        return event(self.psid, page=self.account, **parts)

    async def says(self, text: str, **more: Any) -> str:
        mid = new_mid()
        await self.does(text_event(self.psid, text, mid, page=self.account, **more))
        return mid

    async def sends(self, *parts: dict[str, Any], **message: Any) -> str:
        mid = new_mid()
        await self.does(self.event(message={"mid": mid, "attachments": list(parts), **message}))
        return mid

    async def conversation(self) -> Conversation:
        return await self.store.conversations.get(self.id)

    async def transcript(self) -> list[TranscriptLine]:
        return await self.store.conversations.transcript(self.id)

    async def said(self) -> list[tuple[str, str]]:
        return [(line.message.sender, line.message.text) for line in await self.transcript()]

    async def notes(self) -> list[str]:
        return [text for sender, text in await self.said() if sender == "note"]

    async def hears(self, text: str) -> str:
        """Sanne says something; returns the message's id."""
        conversation = await self.conversation()
        await self.store.queue.claim(conversation, SANNE)
        message = Message(uuid.uuid4().hex, self.id, "agent", text, now_ms(), agent_name="Sanne")
        await self.store.queue.reply(self.id, SANNE, message)
        return message.id

    async def next_attempt(self, *, parts: int = 1, part: int = 0) -> str:
        """As a sender does that has the conversation, just before it sends what is next in line."""

        async def attempted() -> str | None:
            claim = Claim(self.id, uuid.uuid4().hex)  # the site's own sender may take it back: it finds no Graph API
            wanted = await self.store.sending.begin(claim, claiming=True)
            assert wanted
            return await self.store.sending.attempt(claim, wanted.message.id, part=part, parts=parts)

        attempt = await eventually(attempted)
        assert attempt
        return attempt


@pytest.fixture
async def store(messenger: Site) -> AsyncIterator[Store]:
    async with messenger.store() as store:
        yield store


@pytest.fixture
async def jo(messenger: Site, store: Store) -> Customer:
    return Customer(messenger, store)


# Messages.


async def test_a_message_is_answered_and_the_answer_waits_to_be_sent(jo: Customer) -> None:
    async with scripted_assistant(jo.store):
        mid = await jo.says("Café open? 😀")

        async def is_answered() -> bool:
            return len(await jo.transcript()) == 2

        await eventually(is_answered)
    asked, answered = await jo.transcript()
    assert (asked.message.id, asked.message.text) == (mid, "Café open? 😀")
    assert (answered.message.in_reply_to, answered.state) == (mid, "waiting")
    conversation = await jo.conversation()
    assert (conversation.channel, conversation.customer_id, conversation.page_id) == ("messenger", jo.psid, PAGE)
    assert conversation.opened_at_ms == conversation.wrote_at_ms == asked.message.sent_at_ms > now_ms() - 10_000


async def test_a_repeat_changes_nothing(jo: Customer) -> None:
    async with scripted_assistant(jo.store):
        said = text_event(jo.psid, "hoi")
        await jo.does(said)
        await jo.does(said, said)

        async def is_answered() -> bool:
            return len(await jo.transcript()) == 2

        await eventually(is_answered)
        await jo.does(said)
    assert await jo.said() == [("customer", "hoi"), ("assistant", "antwoord op hoi")]


async def test_a_button_brings_its_payload_and_a_quoted_message_its_id(jo: Customer) -> None:
    await jo.does(
        jo.event(message={"mid": new_mid(), "text": "Ruilen", "quick_reply": {"payload": "/faq_ruilen"}}),
        jo.event(postback={"mid": new_mid(), "title": "Beginnen", "payload": "/groet", "referral": {"ref": "x"}}),
        jo.event(message={"mid": new_mid(), "text": "deze", "reply_to": {"mid": "m_0"}}),
    )
    first, second, about, third = [line.message for line in await jo.transcript()]
    assert (first.payload, second.payload, third.quoted_id) == ("/faq_ruilen", "/groet", "m_0")
    assert (about.sender, about.text) == ("note", "De klant kwam van elders met kenmerk x.")


@pytest.mark.parametrize(
    "kind", ["image", "audio", "video", "file", "hologram", "story_mention", "location", "ephemeral"]
)
async def test_what_the_assistant_can_not_read_goes_to_a_human(jo: Customer, kind: str) -> None:
    mid = await jo.sends({"type": kind, "payload": {"url": CDN + "a"}})
    conversation = await jo.conversation()
    assert conversation.owner == QUEUE and conversation.handoff
    assert (conversation.handoff.reason, conversation.handoff.message_id) == ("attachment", mid)
    sent, told = [line.message for line in await jo.transcript()]
    assert (sent.text, len(sent.attachments)) == ("", 1)
    assert told.text.startswith("Een collega bekijkt wat je stuurde.") and told.in_reply_to == mid
    await jo.sends({"type": "image", "payload": {"url": CDN + "b"}})
    assert len(await jo.transcript()) == 3  # who waits for a human is not told again


async def test_lists_show_what_a_message_without_words_is(jo: Customer) -> None:
    await jo.sends({"type": "image"}, {"type": "file"}, {"type": "image", "payload": {"url": CDN}})
    assert (await jo.conversation()).last_customer_text == "[foto, bestand]"


async def test_a_sticker_alone_is_kept_and_asks_for_nothing_and_a_thumb_is_a_word(jo: Customer) -> None:
    async with scripted_assistant(jo.store):
        await jo.sends({"type": "sticker", "payload": {"url": CDN + "s", "sticker_id": 5}})
        await jo.sends({"type": "sticker", "payload": {"url": CDN + "l", "sticker_id": 369239263222822}})

        async def is_answered() -> bool:
            return len(await jo.transcript()) == 3

        await eventually(is_answered)
    sticker, thumb, answer = [line.message for line in await jo.transcript()]
    assert sticker.attachments == (Attachment("sticker", CDN + "s"),) and sticker.text == ""
    assert (thumb.text, answer.in_reply_to) == ("👍", thumb.id)


async def test_a_typed_link_is_read_and_a_shared_post_alone_goes_to_a_human(jo: Customer) -> None:
    link = {"type": "fallback", "payload": {"url": "https://site.example", "title": "Site"}}
    await jo.sends(link, text="is dit er nog? https://site.example")
    assert (await jo.conversation()).owner == "assistant"
    await jo.sends({"type": "post", "payload": {"url": "https://www.facebook.com/1", "title": "P"}})
    assert (await jo.conversation()).owner == QUEUE


async def test_an_emergency_gets_the_numbers_as_in_every_channel(jo: Customer) -> None:
    await jo.says("ik wil niet meer leven")
    conversation = await jo.conversation()
    assert conversation.handoff and conversation.handoff.priority == "urgent"
    assert "113" in (await jo.said())[-1][1]


async def test_text_beyond_the_limit_is_cut_and_agents_are_told(jo: Customer) -> None:
    await jo.says("a" * 5_000)
    (message, note) = [line.message for line in await jo.transcript()]
    assert len(message.text) == 4_000 and message.text.endswith("…")
    assert note.text == "De klant schreef 5000 tekens. Alleen het begin is bewaard."


# What happens to messages.


async def test_an_edit_counts_once_and_an_older_one_comes_too_late(jo: Customer) -> None:
    mid = await jo.says("open?")
    for number, text in ((2, "zondag open?"), ("1", "maandag open?"), (2, "x")):
        await jo.does(jo.event(message_edit={"mid": mid, "text": text, "num_edit": number}))
    (line,) = await jo.transcript()
    assert (line.message.text, line.marks.edited_text, line.marks.edits) == ("open?", "zondag open?", 2)


async def test_an_edit_that_overtakes_its_message_is_not_lost(jo: Customer) -> None:
    late = text_event(jo.psid, "open?")
    mid = late["message"]["mid"]
    await jo.does(jo.event(message_edit={"mid": mid, "text": "zondag open?", "num_edit": 1}))
    await jo.does(late)
    (line,) = await jo.transcript()
    assert (line.message.text, line.marks.edited_text) == ("open?", "zondag open?")


async def test_an_emergency_that_comes_in_by_an_edit_is_seen(jo: Customer) -> None:
    mid = await jo.says("hallo")
    edit = jo.event(message_edit={"mid": mid, "text": "ik wil niet meer leven", "num_edit": 1})
    await jo.does(edit, edit)
    conversation = await jo.conversation()
    assert conversation.owner == QUEUE and conversation.handoff and conversation.handoff.priority == "urgent"
    assert [sender for sender, _ in await jo.said()] == ["customer", "customer", "assistant"]


async def test_an_unsent_message_is_gone_also_when_it_comes_after_that(jo: Customer) -> None:
    mid, late = await jo.says("geheim"), text_event(jo.psid, "ook geheim")
    await jo.does(jo.event(message={"mid": mid, "is_deleted": True}))
    await jo.does(jo.event(message={"mid": late["message"]["mid"], "is_deleted": True}), late)
    assert await jo.said() == [("note", "De klant heeft een bericht verwijderd.")]
    assert (await jo.conversation()).last_customer_text == ""


async def test_an_unsent_message_takes_its_edits_and_what_was_understood_along(jo: Customer) -> None:
    words = "ik wil niet meer leven"
    mid = await jo.says("hallo")
    await jo.does(jo.event(message_edit={"mid": mid, "text": words, "num_edit": 1}))
    await jo.does(jo.event(message={"mid": mid, "is_deleted": True}))
    await jo.does(jo.event(message_edit={"mid": mid, "text": words + ".", "num_edit": 2}))  # late
    assert [sender for sender, _ in await jo.said()] == ["assistant", "note"]
    conversation = await jo.conversation()
    assert words not in f"{conversation} {await jo.transcript()}"
    assert conversation.handoff and conversation.handoff.priority == "urgent"


async def test_a_reaction_to_our_message_is_shown_and_opens_the_window(jo: Customer) -> None:
    day_ago = now_ms() - 86_400_000
    mid = await jo.says("hoi", at_ms=day_ago)
    message_id = await jo.hears("Hallo!")
    attempt = await jo.next_attempt()
    await jo.does(echo(jo.psid, mid="m-ours-" + jo.psid, app_id=7001, metadata=f"vb:{attempt}", text="Hallo!"))
    react = {"mid": "m-ours-" + jo.psid, "action": "react", "reaction": "love", "emoji": "❤️"}
    await jo.does(jo.event(reaction={**react, "mid": mid}))
    assert (await jo.conversation()).opened_at_ms == day_ago  # to one of their own: shows nothing
    await jo.does(jo.event(reaction=react))
    conversation = await jo.conversation()
    assert conversation.opened_at_ms > day_ago == conversation.wrote_at_ms
    reactions = {line.message.id: line.marks.reaction for line in await jo.transcript()}
    assert reactions == {mid: "❤️", message_id: "❤️"}
    await jo.does(jo.event(reaction={**react, "action": "unreact", "emoji": None}))
    assert {line.message.id: line.marks.reaction for line in await jo.transcript()}[message_id] == ""


# What becomes of what we send.


async def test_our_echo_settles_a_send_and_deliveries_and_reads_follow(jo: Customer) -> None:
    await jo.says("hoi")
    await jo.hears("een")
    attempt, at_ms = await jo.next_attempt(), now_ms()
    await jo.does(echo(jo.psid, mid="m1-" + jo.psid, app_id="7001", metadata=f"vb:{attempt}", at_ms=at_ms))

    async def state() -> str | None:
        return (await jo.transcript())[-1].state

    assert await state() == "sent"
    await jo.does({**jo.event(delivery={"mids": ["m1-" + jo.psid], "watermark": at_ms - 5}), "timestamp": None})
    assert await state() == "delivered"
    await jo.does(jo.event(read={"watermark": at_ms - 1}))
    assert await state() == "delivered"
    await jo.does(jo.event(read={"watermark": at_ms}), jo.event(delivery={"watermark": at_ms}))
    assert await state() == "read"
    assert (await jo.conversation()).owner == "agent:sanne"


async def test_a_message_of_which_a_part_arrived_has_not_arrived(jo: Customer) -> None:
    await jo.says("hoi")
    await jo.hears("lang")
    attempt = await jo.next_attempt(parts=2)
    await jo.does(
        echo(jo.psid, mid="p1-" + jo.psid, app_id=7001, metadata=f"vb:{attempt}"),
        jo.event(delivery={"mids": ["p1-" + jo.psid], "watermark": now_ms()}),
    )
    assert (await jo.transcript())[-1].state == "waiting"


async def test_an_echo_of_our_app_that_nobody_knows_is_a_note_and_silences_nobody(jo: Customer) -> None:
    await jo.says("hoi")
    said = echo(jo.psid, app_id=7001, metadata="other-42", text="Actie!")
    await jo.does(said, said)
    assert await jo.notes() == ["Onze app stuurde de klant ook: Actie!"]
    assert (await jo.conversation()).owner == "assistant"


async def test_an_echo_of_somebody_else_is_shown_and_silences_the_assistant(jo: Customer) -> None:
    async with scripted_assistant(jo.store):
        await jo.does(echo(jo.psid, app_id=int(INBOX_APP), text="Ann hier"))
        await jo.says("dank je, Ann")
        await asyncio.sleep(0.3)
    assert await jo.said() == [("agent", "Ann hier"), ("customer", "dank je, Ann")]
    conversation = await jo.conversation()
    assert (conversation.owner, conversation.agent_name) == (META_INBOX, META_INBOX_NAME)


async def test_another_installation_on_the_same_page_is_somebody_else(jo: Customer) -> None:
    await jo.says("hoi")
    await jo.does(echo(jo.psid, app_id=8888, metadata="vb:" + "0" * 32, text="Van een ander"))
    assert (await jo.conversation()).owner == META_INBOX and await jo.notes() == []


async def test_what_comes_in_standby_is_kept_and_never_answered(jo: Customer) -> None:
    async with scripted_assistant(jo.store):
        await jo.does(
            text_event(jo.psid, "aan de mens"), jo.event(postback={"mid": new_mid(), "title": "Menu"}), array="standby"
        )
        await asyncio.sleep(0.3)
    assert [one for one in await jo.said() if one[0] != "note"] == [("customer", "aan de mens"), ("customer", "Menu")]
    assert (await jo.conversation()).owner == META_INBOX


# The rest.


async def test_what_meta_tells_beside_messages_is_a_note_once(jo: Customer) -> None:
    before = now_ms() - 5_000
    await jo.says("hoi", at_ms=before)
    referral = jo.event(referral={"ref": "qr7", "source": "SHORTLINK", "type": "OPEN_THREAD"})
    feedback = jo.event(response_feedback={"feedback": "Bad response", "mid": "m_e1"})
    await jo.does(referral, feedback, referral)
    await jo.does(feedback)
    assert await jo.notes() == [
        "De klant kwam via een link met kenmerk qr7.",
        "De klant vond een antwoord niet goed (duim omlaag).",
    ]
    conversation = await jo.conversation()
    assert conversation.opened_at_ms > conversation.wrote_at_ms == before


async def test_instagram_is_a_channel_of_its_own(messenger: Site, store: Store) -> None:
    mo = Customer(messenger, store, account=INSTAGRAM_ACCOUNT, channel="instagram")
    mid = await mo.says("hoi")
    conversation = await mo.conversation()
    assert (conversation.channel, conversation.page_id, conversation.customer_id) == ("instagram", PAGE, mo.psid)
    await mo.hears("Hallo")
    attempt = await mo.next_attempt()
    ours = {"sender": {"id": INSTAGRAM_ACCOUNT}, "recipient": {"id": mo.psid}, "timestamp": now_ms()}
    await mo.does(
        {**ours, "message": {"mid": "ig1" + mo.psid, "is_echo": True, "metadata": f"vb:{attempt}", "text": "Hallo"}},
        mo.event(read={"mid": "ig1" + mo.psid}),
        mo.event(message={"mid": mid, "is_deleted": True}),
    )
    assert [(line.message.sender, line.state) for line in await mo.transcript()] == [("agent", "read"), ("note", None)]


@pytest.mark.parametrize("first", ["echo", "echo without words that are known", "answer"])
async def test_an_instagram_echo_that_does_not_say_whose_it_is_silences_nobody_when_it_is_ours(
    messenger: Site, store: Store, first: str
) -> None:
    mo = Customer(messenger, store, account=INSTAGRAM_ACCOUNT, channel="instagram")
    await mo.says("hoi")
    said = Message(uuid.uuid4().hex, mo.id, "assistant", "Hallo  \nallemaal", now_ms())
    await store.queue.ask_for_patience(mo.id, said, waiting_since_ms=now_ms() + 1000)
    attempt, mid = await mo.next_attempt(), "ig-bare-" + mo.psid
    words = "iets anders" if "without" in first else said.text
    ours = {"sender": {"id": INSTAGRAM_ACCOUNT}, "recipient": {"id": mo.psid}, "timestamp": now_ms()}
    bare = {**ours, "message": {"mid": mid, "is_echo": True, "text": words}}
    if first == "answer":
        await store.sending.settle(mo.id, attempt, mid=mid, at_ms=now_ms())
    await deliver(messenger, bare, **mo.options)
    if first != "echo":
        await asyncio.sleep(0.1)
        await store.sending.settle(mo.id, attempt, mid=mid, at_ms=now_ms())
    await mo.all_done()
    assert [(line.message.sender, line.state) for line in await mo.transcript()] == [
        ("customer", None),
        ("assistant", "sent"),
    ]
    assert (await mo.conversation()).owner == "assistant"
    # A human's does not say it either.
    await mo.does({**ours, "message": {"mid": mid + "-ann", "is_echo": True, "text": "Ann hier"}})
    assert (await mo.conversation()).owner == META_INBOX


async def test_a_blocked_page_is_told_to_whoever_runs_it_until_it_is_unblocked(messenger: Site, store: Store) -> None:
    jo = Customer(messenger, store, account="1002")

    async def warnings() -> list[str]:
        """Other tests' events are about the other page."""
        return [warning for warning in (await health(messenger))["warnings"] if "1002" in warning]

    policy = {"recipient": {"id": "1002"}, "timestamp": now_ms()}
    await jo.does({**policy, "policy_enforcement": {"action": "block", "reason": "spam"}})
    assert await warnings() == ["page 1002: blocked: spam"]
    assert (await health(messenger))["ok"]
    await jo.does({**policy, "policy_enforcement": {"action": "unblock"}})
    assert await warnings() == []
    await store.pages.set_trouble("1002", "reconnect", "", at_ms=1)
    await jo.does({**policy, "policy_enforcement": {"action": "unblock"}})
    assert await warnings() == ["page 1002: reconnect"]
    await store.pages.clear_trouble("1002")


async def test_what_is_not_understood_is_set_aside_and_stops_nothing(jo: Customer) -> None:
    await jo.does(jo.event(dance={"step": 1}), 7, jo.event(message={"mid": new_mid(), "text": "hoi"}))  # type: ignore[arg-type]
    assert await jo.said() == [("customer", "hoi")]
    (newest, why), (older, before) = await jo.store.inbound.odd(2)
    assert [why, before] == ["not an event", "unknown event: dance, recipient, sender, timestamp"]
    assert (await jo.store.inbound.odd(1, before=newest.entry_id))[0][0] == older


async def test_admins_see_what_was_not_understood(jo: Customer, messenger: Site) -> None:
    await jo.does(jo.event(jump={"step": "<b>x</b>" + "y" * MAX_CHARS}))
    admin = Visitor(messenger.url, messenger.session("baas", "admin"))
    page = await asyncio.to_thread(admin.get, "/koppelingen/messenger")
    assert "Winkel van Sinkel" in page.text and "Niet begrepen: unknown event: jump" in page.text
    assert "&lt;b&gt;x" in page.body and "<b>x" not in page.body and "het is te lang" in page.text
    assert 'href="/koppelingen/messenger"' in (await asyncio.to_thread(admin.get, "/koppelingen")).body
    (found, _), *_ = await jo.store.inbound.odd(1)
    older = await asyncio.to_thread(admin.get, f"/koppelingen/messenger?before={found.entry_id}")
    assert older.status == 200 and "jump" not in older.text


async def test_the_customer_sees_that_a_message_is_read_only_when_the_assistant_has_it(
    redis_url: str, settings: Settings
) -> None:
    class Signs:
        def __init__(self) -> None:
            self.seen_by: list[str] = []

        async def seen(self, page: Page, channel: str, customer_id: str) -> None:
            self.seen_by.append(f"{page.id} {channel} {customer_id}")

    store, signs, page = await Store(redis_url, settings).open(), Signs(), Page("1001", "token")
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    intake = Intake(store, answers, settings, Metrics(), Rescue(store, answers, settings))
    elsewhere = Elsewhere(store, answers, app_id="7001")
    config = MessengerConfig("7001", "secret", "verify", (), "http://127.0.0.1:9", human_agent=False)
    comments = Comments(store, intake, answers, Graph(config), config)
    effects = Effects(store, intake, answers, elsewhere, comments, app_id="7001", actions=signs)
    for customer, standby, parts in (
        ("1", False, {"text": "hoi"}),
        ("1", False, {"text": "hoi"}),
        ("2", True, {"text": "hoi"}),
        ("3", False, {"text": "", "attachments": (Attachment("image"),)}),
        ("4", False, {"text": "ik wil niet meer leven"}),
    ):
        where = Where("messenger", page, "1001", customer, now_ms(), standby)
        await effects.give(Wrote(where, f"m{customer}", **parts))
    await store.close()
    assert signs.seen_by == ["1001 messenger 1"]
