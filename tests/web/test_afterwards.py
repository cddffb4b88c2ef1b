"""Whether an answer helped, and how an agent did: when customers are asked, and what comes of what they press."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from bot.answers import Answers
from bot.model import Account, Conversation, Handoff, Message, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.ratings import Answered, Rating
from bot.store.work import now_ms
from bot.web.afterwards import AGAIN_MS, TOO_LATE_MS, Afterwards
from bot.web.channels.intake import Intake
from bot.web.clicks import HELPED_BUTTONS, RATING_BUTTONS, Clicks
from bot.web.handling import Handling
from bot.web.links import page_url
from bot.web.mail import Mailer
from bot.web.operations.metrics import Metrics
from bot.web.rescue import Rescue
from bot.web.team.ratings import PER_PAGE
from bot.web.telling import Telling
from tests.conftest import HANG_S, Site, eventually, project_templates, running_site
from tests.fakes.conversations import answer, handed_over, message, write
from tests.web.test_rest import send
from tests.web.visitor import Visitor

SANNE = Account("sanne", "Sanne", ("agent",))
QUESTION = "Ben je zo geholpen?"
THANKS = "Dank je wel voor je beoordeling!"
TEMPLATES = [
    *project_templates(),
    Template("utter_geholpen_vraag", "Geholpen?", QUESTION),
    Template("utter_geholpen", "Geholpen: ja", "Fijn!"),
    Template("utter_beoordeling_vraag", "Beoordeling", "Hoe hielp {medewerker} je?"),
    Template("utter_beoordeling_dank", "Dank", THANKS),
]
TEMPLATE = "utter_faq_openingstijden"
DAY_MS = 86_400_000


class Desk:
    """The parts that have to do with it, over the real store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        answers = Answers(store.templates, settings, store.departments, store.editing_rules)
        self.afterwards = Afterwards(store, answers, None, after_s=60)
        telling = Telling(store, Mailer(settings))
        rescue = Rescue(store, answers, settings)
        self.intake = Intake(store, answers, settings, Metrics(), rescue, Clicks(store, answers, telling))
        self.handling = Handling(store, answers, asks_rating=True)

    async def answered(self, text: str = "hoe laat open", conversation_id: str | None = None, **fields: str) -> str:
        """A customer with an answer of the assistant."""
        written = await write(self.store, text, conversation_id, **fields)
        await answer(self.store, written, template=TEMPLATE)
        return written.conversation_id

    async def asked(self, **fields: str) -> str:
        conversation_id = await self.answered(**fields)
        await self.look()
        return conversation_id

    async def look(self, after_ms: int = 61_000) -> None:
        await self.afterwards.look(now_ms() + after_ms)

    async def press(self, conversation_id: str, payload: str, message_id: str = "") -> Message:
        """Through the way in of all channels."""
        titles = {button.payload: button.title for button in (*HELPED_BUTTONS, *RATING_BUTTONS)}
        pressed = message(conversation_id, "customer", titles[payload], payload=payload)
        pressed = replace(pressed, id=message_id or pressed.id)
        await self.intake.store(pressed, channel="widget", customer_id="k")
        return pressed

    async def solved(self, reason: str = "solved") -> str:
        """A customer whom Sanne answered, and whose conversation she closed."""
        conversation_id = await handed_over(self.store, "help")
        await self.store.queue.claim(await self.store.conversations.get(conversation_id), SANNE)
        await self.handling.reply(conversation_id, SANNE, "Komt goed.", f"reply-{conversation_id}")
        await self.handling.close(conversation_id, SANNE, reason)
        return conversation_id

    async def heard(self, conversation_id: str) -> list[str]:
        """What was said to the customer, from the first word on."""
        return [m.text for m in await self.store.conversations.messages(conversation_id) if m.to_customer]

    async def get(self, conversation_id: str) -> Conversation:
        return await self.store.conversations.get(conversation_id)

    async def ratings(self) -> list[Rating]:
        return list(await self.store.ratings.between(0, now_ms() + 1000))

    async def count(self, figure: str) -> int:
        return (await self.store.figures.read()).counts.get(figure, 0)


@pytest.fixture
async def desk(store: Store, settings: Settings) -> Desk:
    await store.templates.seed(TEMPLATES)
    return Desk(store, settings)


# Whether an answer helped


async def test_who_got_an_answer_and_says_nothing_is_asked_once(desk: Desk) -> None:
    conversation_id = await desk.answered()
    await desk.look(after_ms=59_000)
    assert QUESTION not in await desk.heard(conversation_id)
    await asyncio.gather(*(desk.look() for _ in range(5)))
    await desk.look()
    assert (await desk.heard(conversation_id)).count(QUESTION) == 1
    answered, asked = (await desk.store.conversations.messages(conversation_id))[-2:]
    assert (asked.text, asked.buttons) == (QUESTION, HELPED_BUTTONS)
    # Who never fetches the question leaves nothing to see to.
    assert [one.message_id for one in await desk.store.outbox.oldest()] == [answered.id]
    assert await desk.store.conversations.mark(conversation_id, [asked.id], "delivered") == 1


async def test_small_talk_and_what_goes_to_a_human_is_not_asked_about(desk: Desk) -> None:
    hello = await write(desk.store, "hoi")
    await answer(desk.store, hello, "Hallo!", template="utter_groet")
    waiting = await handed_over(desk.store)
    await desk.look()
    assert await desk.heard(hello.conversation_id) == ["Hallo!"]
    assert QUESTION not in await desk.heard(waiting)


@pytest.mark.parametrize("who", ["customer", "agent", "late", "comment"])
async def test_nobody_is_asked_when_somebody_spoke_or_it_is_too_late(desk: Desk, who: str) -> None:
    conversation_id = await desk.answered(channel="comment" if who == "comment" else "widget")
    if who == "customer":
        await write(desk.store, "en op zondag?", conversation_id)
    if who == "agent":
        await desk.handling.claim(conversation_id, SANNE, "assistant")
    await desk.look(61_000 + TOO_LATE_MS if who == "late" else 61_000)
    await desk.look()
    assert QUESTION not in await desk.heard(conversation_id)


async def test_who_says_thanks_is_not_asked_about_the_answer_before(desk: Desk) -> None:
    conversation_id = await desk.answered()
    written = await write(desk.store, "bedankt", conversation_id)
    await answer(desk.store, written, "Graag gedaan!", template="utter_bedankt")
    await desk.look()
    assert QUESTION not in await desk.heard(conversation_id)


async def test_a_question_that_was_made_before_the_customer_wrote_is_not_said(desk: Desk) -> None:
    conversation_id = await desk.answered()
    (answered,) = await desk.store.ratings.answered(now_ms())
    question = message(conversation_id, "assistant", QUESTION)
    written = await write(desk.store, "en op zondag?", conversation_id)
    assert not await desk.store.ratings.ask(answered, question, again_ms=0)
    await answer(desk.store, written, template=TEMPLATE)
    assert not await desk.store.ratings.ask(Answered(conversation_id, 1), question, again_ms=0)
    assert QUESTION not in await desk.heard(conversation_id)


async def test_who_asks_more_is_not_asked_after_each_answer(desk: Desk) -> None:
    conversation_id = await desk.asked()
    await desk.answered("en op zondag?", conversation_id)
    await desk.look()
    assert (await desk.heard(conversation_id)).count(QUESTION) == 1
    assert AGAIN_MS == 600_000


async def test_yes_is_counted_and_thanked_and_calls_nobody(desk: Desk) -> None:
    conversation_id = await desk.asked()
    pressed = await desk.press(conversation_id, "/geholpen_ja")
    await desk.press(conversation_id, "/geholpen_ja", pressed.id)  # comes again
    await desk.press(conversation_id, "/geholpen_ja")  # pressed again
    assert (await desk.heard(conversation_id))[-2:] == [QUESTION, "Fijn!"]
    assert (await desk.get(conversation_id)).owner == "assistant"
    assert await desk.store.work.take("test", block_ms=1) is None
    assert [(one.template, one.helped) for one in await desk.ratings()] == [(TEMPLATE, True)]
    assert await desk.count(f"answers_rated:{TEMPLATE}:yes") == 1


async def test_no_brings_a_human_at_once_who_sees_which_answer_did_not_help(desk: Desk) -> None:
    conversation_id = await desk.asked()
    pressed = await desk.press(conversation_id, "/geholpen_nee")
    await desk.press(conversation_id, "/geholpen_nee", pressed.id)
    conversation = await desk.get(conversation_id)
    assert conversation.owner == "queue" and conversation.handoff
    assert conversation.handoff.reason == "not_helped"
    assert conversation.last_customer_text == "hoe laat open"
    assert (await desk.heard(conversation_id))[-1].startswith("Sorry. Een collega neemt het over.")
    notes = [line.message.text for line in await desk.store.conversations.transcript(conversation_id)]
    assert notes.count("Dit antwoord hielp de klant niet: faq_openingstijden") == 1
    assert [(one.template, one.helped) for one in await desk.ratings()] == [(TEMPLATE, False)]
    assert await desk.count(f"answers_rated:{TEMPLATE}:no") == 1


async def test_no_goes_to_the_department_of_the_question(desk: Desk) -> None:
    hr = Department("hr", "personeelszaken", Target(60, 600), intents=("faq_openingstijden",), place=1)
    for one in (Department("klantenservice", "de klantenservice", Target(10, 60)), hr):
        await desk.store.departments.save(one)
    conversation_id = await desk.asked()
    await desk.press(conversation_id, "/geholpen_nee")
    handoff = (await desk.get(conversation_id)).handoff
    assert handoff and handoff.department == "hr"


async def test_of_a_changed_mind_the_last_counts(desk: Desk) -> None:
    conversation_id = await desk.asked()
    await desk.press(conversation_id, "/geholpen_ja")
    await desk.press(conversation_id, "/geholpen_nee")
    assert (await desk.get(conversation_id)).owner == "queue"
    assert [one.helped for one in await desk.ratings()] == [False]


@pytest.mark.parametrize("helped", [True, False])
async def test_an_answer_in_words_counts_too(desk: Desk, helped: bool) -> None:
    conversation_id = await desk.asked()
    written = await write(desk.store, "ja" if helped else "nee dat helpt niet", conversation_id)
    handoff = None if helped else Handoff("not_helped", "normal", now_ms(), written.id)
    await answer(desk.store, written, template="utter_geholpen" if helped else "", handoff=handoff)
    assert [(one.template, one.helped) for one in await desk.ratings()] == [(TEMPLATE, helped)]


@pytest.mark.parametrize("payload", ["/geholpen_ja", "/geholpen_nee"])
async def test_a_click_that_comes_when_a_human_has_it_is_kept_and_changes_nothing(desk: Desk, payload: str) -> None:
    conversation_id = await desk.asked()
    await desk.handling.claim(conversation_id, SANNE, "assistant")
    before = await desk.get(conversation_id)
    await desk.press(conversation_id, payload)
    assert await desk.get(conversation_id) == before
    assert (await desk.store.conversations.messages(conversation_id))[-1].payload == payload
    assert not await desk.ratings()


async def test_a_click_in_a_conversation_that_is_none_goes_the_way_of_every_message(desk: Desk) -> None:
    await desk.press("widget-nieuw", "/geholpen_nee")
    assert (await desk.get("widget-nieuw")).owner == "assistant"
    assert await desk.store.work.take("test", block_ms=500)


async def test_an_emergency_is_no_click(desk: Desk) -> None:
    conversation_id = await desk.asked()
    pressed = message(conversation_id, "customer", "ik wil dood", payload="/geholpen_ja")
    await desk.intake.store(pressed, channel="widget", customer_id="k")
    handoff = (await desk.get(conversation_id)).handoff
    assert handoff and handoff.reason == "self_harm"


# How an agent did


async def test_who_was_helped_by_an_agent_rates_it_and_the_conversation_stays_closed(desk: Desk) -> None:
    conversation_id = await desk.solved()
    asked = (await desk.store.conversations.messages(conversation_id))[-1]
    assert (asked.text, asked.buttons) == ("Hoe hielp Sanne je?", RATING_BUTTONS)
    pressed = await desk.press(conversation_id, "/beoordeling_4")
    await desk.press(conversation_id, "/beoordeling_4", pressed.id)
    conversation = await desk.get(conversation_id)
    assert (conversation.owner, conversation.rating) == ("closed", 4)
    assert [one.rating for one in await desk.store.conversations.episodes(conversation_id)] == [4]
    assert await desk.store.work.take("test", block_ms=1) is None
    assert (await desk.heard(conversation_id)).count(THANKS) == 1
    (rating,) = await desk.ratings()
    assert (rating.rating, rating.agent_id, rating.agent_name) == (4, "sanne", "Sanne")
    happened = [one for one in (await desk.store.happenings.after("0-0")).happenings if one.type == "rating"]
    assert [one.about["rating"] for one in happened] == [4]
    assert await desk.count("agents_rated:4") == 1


async def test_a_changed_rating_counts_for_a_day_and_is_thanked_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = await desk.solved()
    await desk.press(conversation_id, "/beoordeling_5")
    await desk.press(conversation_id, "/beoordeling_3")
    assert [one.rating for one in await desk.ratings()] == [3]
    monkeypatch.setattr("bot.store.ratings.CHANGE_MS", -1)
    await desk.press(conversation_id, "/beoordeling_1")
    assert [one.rating for one in await desk.ratings()] == [3]
    assert (await desk.get(conversation_id)).rating == 3
    assert (await desk.heard(conversation_id)).count(THANKS) == 1


@pytest.mark.parametrize("reason", ["spam", "duplicate", "no_reply", "elsewhere"])
async def test_only_who_was_helped_is_asked(desk: Desk, reason: str) -> None:
    conversation_id = await desk.solved(reason)
    assert not [one for one in await desk.heard(conversation_id) if one.startswith("Hoe hielp")]
    await desk.press(conversation_id, "/beoordeling_1")
    conversation = await desk.get(conversation_id)
    assert (conversation.owner, conversation.rating) == ("closed", 0)


async def test_what_was_closed_without_an_answer_is_not_asked_about(desk: Desk) -> None:
    conversation_id = await handed_over(desk.store)
    await desk.handling.close(conversation_id, SANNE)
    assert (await desk.heard(conversation_id))[-1] == "Dit gesprek is afgesloten."


async def test_everything_else_reopens_and_the_old_time_can_still_be_rated(desk: Desk) -> None:
    conversation_id = await desk.solved()
    written = await write(desk.store, "nog iets", conversation_id)
    await desk.press(conversation_id, "/beoordeling_2")
    conversation = await desk.get(conversation_id)
    assert (conversation.owner, conversation.last_customer_text) == ("assistant", "nog iets")
    # The customer waits for an answer, and gets that first.
    assert THANKS not in await desk.heard(conversation_id)
    await answer(desk.store, written)
    assert [one.rating for one in await desk.store.conversations.episodes(conversation_id)] == [2]


@pytest.mark.parametrize(("rating", "told"), [(1, True), (2, True), (3, False)])
async def test_of_a_low_rating_the_managers_of_the_department_hear(desk: Desk, rating: int, told: bool) -> None:
    for account_id in ("chef", "ander"):
        await desk.store.accounts.create(account_id, account_id.title(), ("manager",))
    service = Department("klantenservice", "de klantenservice", Target(10, 60), managers=("chef",))
    await desk.store.departments.save(service)
    conversation_id = await desk.solved()
    await desk.press(conversation_id, f"/beoordeling_{rating}")
    await desk.press(conversation_id, f"/beoordeling_{rating}")
    heard = await desk.store.notifications.latest("chef")
    expected = [f"Een klant gaf een {rating} van 5 (de klantenservice)."] if told else []
    assert [(one.kind, one.text) for one in heard] == [("rating", text) for text in expected]
    assert not await desk.store.notifications.latest("ander")


# Over HTTP


@pytest.fixture(scope="module")
def quick(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that asks soon."""
    with running_site(redis_url, tmp_path_factory.mktemp("quick"), helped_after_s=0.05, turn_timeout_s=60) as site:
        site.run(lambda store: store.templates.seed(TEMPLATES))
        yield site


async def rest_asked(quick: Site, store: Store, sender: str) -> str:
    conversation_id = f"rest-{sender}"
    written = await write(store, "hoe laat open", conversation_id, channel="rest", customer_id=sender)
    await answer(store, written, template=TEMPLATE)

    async def is_asked() -> bool:
        return (await store.conversations.messages(conversation_id))[-1].text == QUESTION

    await eventually(is_asked)
    return conversation_id


async def test_a_program_that_passes_messages_on_presses_the_buttons_too(quick: Site) -> None:
    async with quick.store() as store:
        await rest_asked(quick, store, "anna")
        replies = await send(quick, "anna", "/geholpen_ja", message_id="m1")
        assert [reply["text"] for reply in replies] == ["Fijn!"]
        assert await send(quick, "anna", "/geholpen_ja", message_id="m1") == replies
        # Nothing to say, and nobody to wait for.
        assert await asyncio.wait_for(send(quick, "anna", "/geholpen_ja"), HANG_S) == []
        replies = await send(quick, "anna", "/geholpen_nee")
        assert replies[0]["text"].startswith("Sorry. Een collega neemt het over.")
        assert (await store.conversations.get("rest-anna")).owner == "queue"


async def test_who_wants_to_ask_nobody_asks_nobody(store: Store, settings: Settings) -> None:
    answers = Answers(store.templates, settings, store.departments, store.editing_rules)
    await asyncio.wait_for(Afterwards(store, answers, None, after_s=0).run(), HANG_S)


# What managers see


@pytest.fixture
def chef(quick: Site) -> Visitor:
    return Visitor(quick.url, quick.session("chef", "manager"))


async def test_managers_see_what_did_not_help_first_and_where_it_went_wrong(quick: Site, chef: Visitor) -> None:
    async with quick.store() as store:
        await store.templates.seed([Template("utter_faq_xss", "<b>Kop</b>", "Tekst.")])
        desk = Desk(store, quick.settings)
        for number in range(6):
            await rated_answer(desk, f"rest-p{number}", "utter_faq_retourkosten", "nee" if number < 2 else "ja")
        await rated_answer(desk, "rest-x", "utter_faq_xss", "ja")
        marked = [await desk.solved() for _ in range(6)]
        for mark, conversation_id in zip((5, 5, 4, 4, 2), marked, strict=False):
            await desk.press(conversation_id, f"/beoordeling_{mark}")
    page = chef.get("/team/beoordelingen")
    assert "faq_retourkosten Ja: 4 Nee: 2 Hielp: 67%" in page.text
    assert page.body.index("faq_retourkosten") < page.body.index("&lt;b&gt;Kop&lt;/b&gt;")
    assert "Ja: 1 Nee: 0 Hielp: te weinig" in page.text
    assert "Sanne Aantal: 5 Gemiddeld: 4,0 1 of 2: 1" in page.text
    assert f'<a href="{page_url(marked[4])}">2 van 5 voor Sanne' in page.body
    assert f'<a href="{page_url("rest-p0")}">Antwoord hielp niet' in page.body


async def rated_answer(desk: Desk, conversation_id: str, template: str, said: str) -> None:
    written = await write(desk.store, "vraag", conversation_id, channel="rest", customer_id=conversation_id)
    await answer(desk.store, written, template=template)
    await desk.press(conversation_id, f"/geholpen_{said}")


def test_a_week_without_ratings_says_so(chef: Visitor) -> None:
    page = chef.get("/team/beoordelingen?week=2020-W10")
    assert page.status == 200
    assert "Beoordelingen, week 10" in page.text
    assert "Geen klant gaf deze week een cijfer." in page.text
    for odd in ("?week=2020-W99&page=x", "?page=99999", "?page=-1", "?week=%00"):
        assert chef.get(f"/team/beoordelingen{odd}").status == 200


def test_many_conversations_that_went_wrong_are_paged(quick: Site, chef: Visitor) -> None:
    async def many(store: Store) -> None:
        at_ms = int(datetime(2024, 3, 6, tzinfo=timezone.utc).timestamp() * 1000)
        for number in range(PER_PAGE + 1):
            said = {"conversation_id": f"oud-{number}", "at_ms": at_ms + number, "rating": 1, "agent_name": "Sanne"}
            await store._client.zadd(store._keys.ratings, {json.dumps(said): at_ms + number})

    quick.run(many)
    first = chef.get("/team/beoordelingen?week=2024-W10")
    second = chef.get("/team/beoordelingen?week=2024-W10&page=2")
    assert (first.body.count("/desk/oud-"), second.body.count("/desk/oud-")) == (PER_PAGE, 1)
    assert "1 van 2" in first.text and "2 van 2" in second.text
