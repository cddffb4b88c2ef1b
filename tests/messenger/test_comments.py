"""Public comments: one private message, one public reply, and nothing under a comment that is gone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.answers import Answers
from bot.model import Account, Conversation, Handoff, Message, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.comments import Comments, says_something
from bot.web.channels.messenger.config import Comments as CommentsOption
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.events import CommentChanged, Echoed, Where
from bot.web.channels.messenger.graph import Graph
from bot.web.operations.metrics import Metrics
from bot.web.rescue import Rescue
from tests.fakes.graph import FakeGraph
from tests.fakes.graph.comments import new_comment

NLU = Nlu("answer", "faq_voorraad", 0.99)
ON, QUIET, OFF = (
    CommentsOption(private_reply=True),
    CommentsOption(private_reply=True, public_reply=False),
    CommentsOption(),
)
PAGES = (
    Page("1001", "token-1001", comments=ON),
    Page("1002", "token-1002", comments=OFF),
    Page("1003", "t", comments=QUIET),
)
SANNE = Account("sanne", "Sanne", ("agent",))
DAY_MS = 24 * 3_600_000
PUBLIC = "We hebben je een privébericht gestuurd."


class Wall:
    """The posts of our pages, with customers who comment there, and a desk behind them."""

    def __init__(
        self, store: Store, settings: Settings, fake: FakeGraph, config: MessengerConfig, graph: Graph
    ) -> None:
        answers = Answers(store.templates, settings, store.departments, store.editing_rules)
        self.rescue = Rescue(store, answers, settings)
        intake = Intake(store, answers, settings, Metrics(), self.rescue)
        self.store, self.fake, self.config = store, fake, config
        self.comments = Comments(store, intake, answers, graph, config)

    def comment(self, text: str = "wat kost deze?", *, page: str = "1001", **fields: object) -> CommentChanged:
        """A comment that Meta knows too; fields: of CommentChanged, and customer_id, at_ms."""
        found = self.config.page(page)
        assert found
        author, at_ms = str(fields.pop("customer_id", "771")), fields.pop("at_ms", now_ms())
        public = new_comment(
            self.fake, self.fake.pages[page], f"{page}_5", text, from_id=author, from_name="Jo", psid="6001"
        )
        where = Where("messenger", found, page, author, at_ms)  # type: ignore[arg-type]
        changed = CommentChanged(where, "add", public.id, f"{page}_5", f"{page}_5", "Jo Klant", text)
        return replace(changed, **fields)  # type: ignore[arg-type]

    async def hears(self, changed: CommentChanged, **fields: object) -> str:
        """Give the event its effect; the conversation's id."""
        await self.comments.changed(replace(changed, **fields))  # type: ignore[arg-type]
        return f"comment-{changed.where.page.id}-{changed.comment_id}"

    async def answers_next(self, *texts: str, handoff: Handoff | None = None) -> bool:
        item = await self.store.work.take("one", block_ms=20)
        turn = item and await self.store.work.begin(item)
        if not turn:
            return False
        said = [Message(uuid.uuid4().hex, turn.conversation_id, "assistant", text, now_ms()) for text in texts]
        return await self.store.work.finish(turn, said, dialogue="[]", nlu=NLU, handoff=handoff) is not None

    async def sent(self, conversation_id: str, psid: str = "6001") -> None:
        """As the sender does when Meta took the private reply."""
        await self.store.conversations.set_field(conversation_id, "private_reply", "sent")
        await self.comments.private_reply_sent(await self.get(conversation_id), psid)

    async def get(self, conversation_id: str) -> Conversation:
        return await self.store.conversations.get(conversation_id)

    async def exists(self, conversation_id: str) -> bool:
        return bool(await self.store.conversations.get_many([conversation_id]))

    async def notes(self, conversation_id: str) -> list[str]:
        lines = await self.store.conversations.transcript(conversation_id)
        return [line.message.text for line in lines if line.message.sender == "note"]

    def public(self) -> list[str]:
        """What our pages said in public."""
        return [comment.text for comment in self.fake.comments.values() if not comment.psid]


@pytest.fixture
async def wall(store: Store, settings: Settings) -> AsyncIterator[Wall]:
    async with FakeGraph() as fake:
        for page in PAGES:
            fake.add_page(page.id, token=page.token, subscribed=False)
        config = MessengerConfig("7001", fake.app_secret, "verify", PAGES, fake.url, True)
        graph = Graph(config)
        await graph.open()
        await store.templates.seed([Template("utter_reactie_openbaar", "Openbaar", PUBLIC)])
        yield Wall(store, settings, fake, config, graph)
        await graph.close()


async def test_a_comment_becomes_a_conversation_that_the_assistant_answers(wall: Wall) -> None:
    comment = wall.comment("wat kost deze?")
    conversation_id = await wall.hears(comment)
    await wall.hears(comment)  # the same again
    conversation = await wall.get(conversation_id)
    assert (conversation.channel, conversation.customer_name, conversation.page_id) == ("comment", "Jo Klant", "1001")
    assert (conversation.comment_id, conversation.opened_at_ms) == (comment.comment_id, comment.where.at_ms)
    texts = [message.text for message in await wall.store.conversations.messages(conversation_id)]
    assert texts == ["wat kost deze?"]
    assert await wall.notes(conversation_id) == [
        "Openbare reactie onder een bericht van ons: https://www.facebook.com/1001_5"
    ]
    assert await wall.answers_next("10 euro")
    assert not await wall.answers_next()


@pytest.mark.parametrize(
    "fields",
    [
        {"page": "1002"},  # switched off there
        {"customer_id": "1001"},  # our own, as our public reply
        {"customer_id": "1003"},  # another page of ours
        {"customer_id": ""},  # perhaps ours
        {"text": ""},
        {"text": "😍😍"},
        {"text": "@Jan Jansen"},
        {"at_ms": now_ms() - 8 * DAY_MS},
        {"verb": "approve"},
        {"comment_id": "5_8:x"},
    ],
    ids=str,
)
async def test_what_is_not_a_customers_words_to_us_begins_nothing(wall: Wall, fields: dict[str, object]) -> None:
    assert not await wall.exists(await wall.hears(wall.comment(**fields)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prijs?", True),
        ("Prijs", True),
        ("Hebben jullie deze ook in het blauw", True),
        ("Jan Jansen kijk eens", True),
        ("@Jan hebben jullie deze nog?", True),
        ("WAT KOST DIT", True),
        ("Hoeveel? 😍", True),
        ("Jan Jansen", False),
        ("Jan Jansen 😂", False),
        ("Ann-Marie van den Berg, Piet de Vries", False),
        ("@jan @piet", False),
        ("#winactie", False),
        ("❤️", False),
        ("!!!", False),
        ("123", False),
        ("", False),
    ],
)
def test_tags_of_friends_and_emoji_say_nothing_to_us(text: str, says: bool) -> None:
    assert says_something(text) is says


async def test_a_reply_in_a_thread_is_a_comment_too(wall: Wall) -> None:
    conversation_id = await wall.hears(wall.comment(parent_id="5_1"))
    (note,) = await wall.notes(conversation_id)
    assert note.startswith("Antwoord op een reactie onder een bericht van ons")


async def test_danger_in_a_comment_is_for_a_human_at_once(wall: Wall) -> None:
    conversation_id = await wall.hears(wall.comment("ik wil dood"))
    conversation = await wall.get(conversation_id)
    assert conversation.owner == "queue" and conversation.handoff and conversation.handoff.priority == "urgent"
    assert "0800-0113" in (await wall.store.conversations.messages(conversation_id))[-1].text


async def test_danger_that_comes_into_a_comment_by_an_edit_is_for_a_human_at_once(wall: Wall) -> None:
    comment = wall.comment("mooi")
    conversation_id = await wall.hears(comment)
    for _ in range(2):
        await wall.hears(comment, verb="edited", text="ik wil niet meer leven")
    conversation = await wall.get(conversation_id)
    assert conversation.owner == "queue" and conversation.handoff and conversation.handoff.priority == "urgent"
    await wall.hears(comment, verb="remove", text="")
    lines = await wall.store.conversations.transcript(conversation_id)
    assert [line.message.sender for line in lines if line.message.sender != "note"] == ["assistant"]


async def test_an_assistant_that_is_late_wastes_no_private_message(wall: Wall) -> None:
    conversation_id = await wall.hears(wall.comment())
    (overdue,) = await wall.store.work.overdue(-1_000)
    await wall.rescue._ask_for_patience(overdue)
    await wall.rescue.hand_over(conversation_id, "assistant_slow", overdue.since_ms)
    said = (await wall.store.conversations.messages(conversation_id))[1:]
    assert len(said) == 1 and "Stuur eerst een antwoord op dit bericht" in said[0].text


async def test_once_sent_it_is_a_messenger_conversation_and_the_public_reads_one_line(wall: Wall) -> None:
    comment = wall.comment()
    conversation_id = await wall.hears(comment)
    await wall.answers_next("10 euro")
    for _ in range(2):
        await wall.sent(conversation_id)
    conversation = await wall.get(conversation_id)
    assert (conversation.channel, conversation.customer_id) == ("messenger", "6001")
    assert await wall.store.conversations.alias("messenger-1001-6001") == conversation_id
    assert wall.public() == [PUBLIC]
    (public,) = (comment for comment in wall.fake.comments.values() if not comment.psid)
    assert public.parent_id == comment.comment_id
    assert (await wall.notes(conversation_id))[-1] == f"Openbaar geantwoord: {PUBLIC}"
    await wall.hears(comment)  # the same event once more makes it no comment again
    assert (await wall.get(conversation_id)).channel == "messenger"


async def test_an_echo_tells_who_the_customer_is_when_metas_answer_was_lost(wall: Wall) -> None:
    conversation_id = await wall.hears(wall.comment())
    await wall.answers_next("10 euro")
    claim = await wall.store.sending.claim()
    wanted = claim and await wall.store.sending.begin(claim, claiming=True)
    assert claim and wanted
    attempt = await wall.store.sending.attempt(claim, wanted.message.id, part=0, parts=1) or ""
    where = Where("messenger", PAGES[0], "1001", "6001", now_ms())
    echoed = Echoed(where, "m_e", "10 euro", "7001", f"vb:{attempt}")
    assert not await wall.comments.private_reply_echoed(echoed, attempt)  # as one of any other message
    await wall.comments.private_reply_begins(conversation_id, attempt)
    for _ in range(2):
        assert await wall.comments.private_reply_echoed(echoed, attempt)
    conversation = await wall.get(conversation_id)
    assert (conversation.channel, conversation.customer_id, conversation.private_reply) == ("messenger", "6001", "sent")
    assert (await wall.store.conversations.transcript(conversation_id))[-2].state == "sent"
    assert wall.public() == [PUBLIC]


@pytest.mark.parametrize("trouble", ["refused", "unknown", "no text", "switched off"])
async def test_without_a_public_reply_all_the_rest_goes_on(wall: Wall, trouble: str) -> None:
    comment = wall.comment(page="1003" if trouble == "switched off" else "1001")
    conversation_id = await wall.hears(comment)
    if trouble == "refused":
        wall.fake.fail_next(code=200, on="comments")
    elif trouble == "unknown":
        wall.fake.html_next(on="comments")
    elif trouble == "no text":
        await wall.store.templates.save(Template("utter_reactie_openbaar", "Openbaar", ""), expected_version=1)
    for _ in range(2):  # and it is not tried again
        await wall.sent(conversation_id)
    assert wall.public() == []
    assert (await wall.get(conversation_id)).channel == "messenger"


async def test_who_has_a_conversation_already_is_helped_there(wall: Wall) -> None:
    there = "messenger-1001-6001"
    await wall.store.conversations.note_contact(there, Contact("messenger", "6001", "1001"))
    conversation_id = await wall.hears(wall.comment())
    await wall.answers_next("een collega helpt je", handoff=Handoff("complaint", "high", 5))
    await wall.sent(conversation_id)
    assert conversation_id in (await wall.notes(there))[0]
    assert there in (await wall.notes(conversation_id))[1]
    assert ((await wall.get(there)).owner, (await wall.get(conversation_id)).owner) == ("queue", "closed")
    handoff = (await wall.get(there)).handoff
    assert handoff and (handoff.reason, handoff.priority) == ("complaint", "high")


async def test_a_second_comment_of_the_same_customer_leads_to_the_first(wall: Wall) -> None:
    first, second = [await wall.hears(wall.comment()) for _ in range(2)]
    for one in (first, second):
        await wall.sent(one)
    assert await wall.store.conversations.alias("messenger-1001-6001") == first
    assert ((await wall.get(first)).owner, (await wall.get(second)).owner) == ("assistant", "closed")


async def test_under_a_removed_comment_nothing_is_said_and_its_words_are_gone(wall: Wall) -> None:
    comment = wall.comment("wat een rommel, ik wil mijn geld terug")
    conversation_id = await wall.hears(comment)
    await wall.answers_next("een collega helpt je", handoff=Handoff("complaint", "high", 5))
    for _ in range(2):
        await wall.hears(comment, verb="remove", text="")
    conversation = await wall.get(conversation_id)
    assert (conversation.owner, conversation.private_reply) == ("closed", "gone")
    lines = await wall.store.conversations.transcript(conversation_id)
    assert [line.message.sender for line in lines] == ["note", "assistant", "note"]
    assert (lines[1].state, lines[1].marks.problem) == ("failed", "comment_gone")
    assert await wall.store.queue.size() == 0


async def test_a_comment_whose_removal_was_faster_begins_nothing(wall: Wall) -> None:
    comment = wall.comment()
    conversation_id = await wall.hears(comment, verb="remove", text="")
    await wall.hears(comment)
    assert await wall.store.conversations.transcript(conversation_id) == []
    assert not await wall.answers_next()
    assert not await wall.exists(await wall.hears(wall.comment(page="1002"), verb="remove"))
    assert not await wall.exists(await wall.hears(wall.comment(customer_id="1001"), verb="remove"))


async def test_a_comment_removed_after_the_customer_got_our_message_loses_its_words_alone(wall: Wall) -> None:
    comment = wall.comment("wat kost deze?", customer_id="771")
    conversation_id = await wall.hears(comment)
    await wall.answers_next("10 euro")
    await wall.sent(conversation_id)
    await wall.hears(replace(comment, where=replace(comment.where, customer_id="")), verb="remove", text="")
    assert (await wall.get(conversation_id)).owner == "assistant"
    assert (await wall.get(conversation_id)).private_reply == "sent"
    assert "De openbare reactie is verwijderd." in await wall.notes(conversation_id)


async def test_changes_and_hiding_are_shown(wall: Wall) -> None:
    comment = wall.comment("wat kost deez?")
    conversation_id = await wall.hears(comment)
    for text in ("wat kost deze?", "wat kost deze?", "wat kost deze kast?"):
        await wall.hears(comment, verb="edited", text=text)
    for verb in ("hide", "hide", "unhide"):
        await wall.hears(comment, verb=verb)
    line = (await wall.store.conversations.transcript(conversation_id))[1]
    assert (line.marks.edited_text, line.marks.edits) == ("wat kost deze kast?", 2)
    notes = (await wall.notes(conversation_id))[1:]
    assert notes == ["De reactie is op de pagina verborgen.", "De reactie is weer zichtbaar."]
    unknown = wall.comment()
    for verb in ("edited", "hide"):
        assert not await wall.exists(await wall.hears(unknown, verb=verb))
