"""The worker between store and Rasa, with a Rasa that fails as the test wants."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.answers import HANDOVER_TEMPLATES, Answers
from bot.assistant.for_humans import withhold
from bot.assistant.live_model import LiveModel
from bot.assistant.live_rules import MAX_AGE_S, LiveRules
from bot.assistant.merged_topics import lead_on
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.worker import Worker
from bot.errors import StoreUnavailable
from bot.model import Account, Button, IntentScore, Message, ModelRecord, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.topics import Topic
from bot.store.work import now_ms
from tests.conftest import eventually
from tests.fakes.conversations import handed_over

# What the NLU finds in a message, and the patterns did not.
EMERGENCIES = {"morgen hoeft het niet meer": "self_harm", "hij ligt hier maar en zegt niets": "emergency"}


BOTH = tuple(Utterance(f"utter_{intent}", intent=intent) for intent in ("faq_uren", "faq_ruilen"))
BOTH_SCORES = (IntentScore("faq_uren", 0.9), IntentScore("faq_ruilen", 0.8))
# Message -> what Rasa says to it; to any other it says "utter_groet".
TURNS = {
    "twee vragen": TurnResult("[]", Nlu("answer", "faq_uren", 0.9, BOTH_SCORES), list(BOTH)),
    "ja": TurnResult("[]", Nlu("answer", "bevestigen", 1.0), [Utterance("utter_faq_uren", intent="bevestigen")]),
    "welke": TurnResult("[]", Nlu("ask", "faq_uren", 0.4), [Utterance("utter_welke_vraag")]),
    "weg": TurnResult("[]", Nlu("answer", "groet", 1.0), [Utterance("utter_weg")]),
    "niets": TurnResult("[]", Nlu("answer", "groet", 1.0), []),
    # What no answer is found for.
    "kan ik ruilen zonder bon": TurnResult(
        "[]", Nlu("human", "faq_ruilen", 0.4, (IntentScore("faq_ruilen", 0.4),), (), 0.8), []
    ),
}


class FailingAgent:
    """Stands where RasaAgent stands: answers, raises or hangs, as the message says."""

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        if text == "stuk":
            raise RuntimeError("Rasa is stuk")
        if text == "hangt":
            await asyncio.sleep(60)
        if text in EMERGENCIES:
            nlu = Nlu("answer", "groet", 1.0, emergency=EMERGENCIES[text])
            return TurnResult("[]", nlu, [Utterance("utter_weg"), Utterance("utter_groet")])
        if text == "knop":
            return TurnResult("[]", Nlu("answer", "faq_uren", 1.0), [Utterance(text=payload)])
        return TURNS.get(text) or TurnResult("[]", Nlu("answer", "groet", 1.0), [Utterance("utter_groet")])

    async def understand(self, text: str) -> Nlu:
        if text == "stuk":
            raise RuntimeError("Rasa is stuk")
        return Nlu("answer", "faq_retourneren", 0.9, emergency=EMERGENCIES.get(text, ""))


@pytest.fixture
def worker(store: Store, settings: Settings) -> Any:
    return new_worker(store, settings)


def new_worker(store: Store, settings: Settings, name: str = "worker") -> Worker:
    model = LiveModel(store, folder=settings.var)
    model._agent = FailingAgent()  # type: ignore[assignment]
    return Worker(
        store,
        Answers(store.templates, settings, store.departments, store.editing_rules),
        model,
        name,
        turn_timeout_s=0.2,
    )


async def ask(store: Store, worker: Worker, *texts: str) -> list[Message]:
    for number, text in enumerate(texts):
        message = Message(f"m{number}", "c1", "customer", text, 1)
        await store.conversations.receive(message, channel="rest", customer_id="k")
    serving = asyncio.create_task(worker._serve())

    async def is_done() -> bool:
        return await store.work.waiting() == 0

    await eventually(is_done)
    worker.stop()
    await serving
    return await store.conversations.messages("c1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("stuk", "assistant_failed"),
        ("hangt", "assistant_failed"),
        ("weg", "template_missing"),
        ("niets", "not_confident"),
    ],
)
async def test_whatever_goes_wrong_a_human_gets_it_and_the_customer_hears_so(
    store: Store, worker: Worker, text: str, reason: str
) -> None:
    messages = await ask(store, worker, text)
    conversation = await store.conversations.get("c1")
    assert conversation.owner == "queue"
    assert conversation.handoff is not None and conversation.handoff.reason == reason
    assert messages[-1].sender == "assistant"
    assert "antwoord" in messages[-1].text


async def test_the_assistant_calls_whose_name_is_known_by_it_and_is_silent_about_others(
    store: Store, worker: Worker, settings: Settings
) -> None:
    groet = Template("utter_groet", "Groet", "Hoi {klant}, welkom in {kanaal}.")
    await store.templates.save(groet, expected_version=0)
    assert (await ask(store, worker, "hoi"))[-1].text == "Hoi, welkom in de chat."
    await store.people.identify("c1", "k-1", name="Jo Bakker", email="")
    again = Message("later", "c1", "customer", "hoi", 1)
    await store.conversations.receive(again, channel="rest", customer_id="k")
    assert (await ask(store, new_worker(store, settings, "w2")))[-1].text == "Hoi Jo Bakker, welkom in de chat."


async def test_rasa_gets_no_personal_numbers_and_the_log_keeps_them(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    turn = FailingAgent.turn

    async def listen(self: FailingAgent, conversation_id: str, text: str, *args: str) -> TurnResult:
        heard.append(text)
        return await turn(self, conversation_id, text, *args)

    monkeypatch.setattr(FailingAgent, "turn", listen)
    messages = await ask(store, worker, "mijn bsn is 123456782, bestelnummer 10482215")
    assert heard == ["mijn bsn is [BSN], bestelnummer 10482215"]
    assert messages[0].text == "mijn bsn is 123456782, bestelnummer 10482215"


async def test_after_a_failure_the_worker_goes_on(store: Store, worker: Worker) -> None:
    await store.templates.seed([])
    await ask(store, worker, "stuk", "hallo")
    conversation = await store.conversations.get("c1")
    assert conversation.owner == "queue"  # what comes behind a hand-over waits for the human


async def test_work_in_hand_survives_a_redis_that_is_gone_for_a_moment(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, failures = store.work.begin, iter([True, False])

    async def begin_later(item: Any) -> Any:
        if next(failures, False):
            raise StoreUnavailable("gone for a moment")
        return await begin(item)

    monkeypatch.setattr(store.work, "begin", begin_later)
    messages = await ask(store, worker, "niets")
    assert [message.sender for message in messages] == ["customer", "assistant"]


@pytest.mark.parametrize(("text", "reason"), EMERGENCIES.items())
@pytest.mark.parametrize("edited", [True, False])
async def test_an_emergency_that_the_nlu_finds_goes_first_and_only_its_numbers_are_said(
    store: Store, worker: Worker, text: str, reason: str, edited: bool
) -> None:
    if edited:
        name = HANDOVER_TEMPLATES[reason]
        await store.templates.seed([Template(name, "Spoed", "Bel 112 of 113. {wanneer}")])
    await handed_over(store, "klacht", reason="complaint", priority="high", waits_s=600)
    messages = await ask(store, worker, text)
    assert [message.sender for message in messages] == ["customer", "assistant"]
    assert "112" in messages[-1].text and "113" in messages[-1].text
    assert messages[-1].text.startswith("Bel 112") == edited
    assert (messages[-1].in_reply_to, messages[-1].notice) == ("m0", "handed_over")
    conversation = (await store.queue.waiting())[0]
    assert conversation.id == "c1" and conversation.owner == "queue"
    handoff = conversation.handoff
    assert handoff is not None and (handoff.reason, handoff.priority) == (reason, "urgent")
    assert handoff.nlu is not None and handoff.nlu.emergency == reason


async def test_the_log_says_that_an_emergency_was_found_without_its_words(store: Store, worker: Worker) -> None:
    with capture_logs() as lines:
        await ask(store, worker, "morgen hoeft het niet meer")
    (line,) = [line for line in lines if line["event"] == "emergency.found"]
    assert line["log_level"] == "warning"
    assert (line["conversation_id"], line["kind"], line["owner"], line["told"]) == ("c1", "self_harm", "queue", True)
    assert "morgen" not in str(lines)


async def test_beside_an_agent_who_was_faster_nothing_is_said(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = FailingAgent.turn

    async def while_an_agent_takes_over(self: FailingAgent, *args: str) -> TurnResult:
        conversation = await store.conversations.get("c1")
        await store.queue.claim(conversation, Account("sanne", "Sanne", ("agent",)))
        return await turn(self, *args)

    monkeypatch.setattr(FailingAgent, "turn", while_an_agent_takes_over)
    with capture_logs() as lines:
        messages = await ask(store, worker, "morgen hoeft het niet meer")
    assert "assistant" not in [message.sender for message in messages]
    assert not [line for line in lines if line["event"] == "emergency.found"]


ANSWERS = [Template(f"utter_{name}", name, f"Over {name}.") for name in ("faq_uren", "faq_ruilen", "welke_vraag")]
IN_AN_HOUR_MS = 3_600_000


@pytest.mark.parametrize(
    ("for_humans", "said", "about"),
    [
        ((), ["Over faq_uren.", "Over faq_ruilen."], ""),
        (("faq_uren",), ["Over faq_ruilen."], "faq_uren"),
        (("faq_ruilen",), ["Over faq_uren."], "faq_ruilen"),
        (("faq_uren", "faq_ruilen"), [], "faq_uren"),
    ],
)
async def test_what_only_humans_answer_is_handed_over_and_the_other_question_answered(
    store: Store, worker: Worker, for_humans: tuple[str, ...], said: list[str], about: str
) -> None:
    await store.templates.seed(ANSWERS)
    await store.topics.save_all([Topic(intent, intent, answering="human") for intent in for_humans])
    messages = await ask(store, worker, "twee vragen")
    replies = [message.text for message in messages if message.sender == "assistant"]
    assert replies[: len(said)] == said and len(replies) == len(said) + bool(about)
    conversation = await store.conversations.get("c1")
    assert (conversation.owner == "queue") == bool(about)
    if about:
        handoff = conversation.handoff
        assert handoff and handoff.nlu and (handoff.reason, handoff.nlu.intent) == ("topic_for_humans", about)


def test_a_complaint_about_what_only_humans_answer_stays_a_complaint() -> None:
    wanted = {"reason": "complaint", "priority": "high"}
    result = TurnResult("[]", Nlu("answer", "klacht", 1.0), [Utterance("utter_faq_uren", intent="klacht")], wanted)
    held = withhold(result, {"faq_uren"})
    assert (held.utterances, held.handoff, held.nlu) == ([], wanted, result.nlu)


@pytest.mark.parametrize("is_stored", [True, False], ids=["stored before", "not stored"])
async def test_a_turn_that_is_done_again_counts_each_answer_once(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch, is_stored: bool
) -> None:
    """Redis goes away while the replies are stored: nobody knows whether they were."""
    await store.templates.seed(ANSWERS)
    finish, failures = store.work.finish, iter([True])

    async def finish_and_break(*args: Any, **options: Any) -> Any:
        if not next(failures, False):
            return await finish(*args, **options)
        if is_stored:
            await finish(*args, **options)
        raise StoreUnavailable("gone for a moment")

    monkeypatch.setattr(store.work, "finish", finish_and_break)
    await ask(store, worker, "twee vragen")
    [used] = await store.answer_figures.over(1)
    assert {name: one.sent for name, one in used.items()} == {"utter_faq_uren": 1, "utter_faq_ruilen": 1}


async def test_an_answer_that_a_story_leads_to_is_handed_over_too(store: Store, worker: Worker) -> None:
    await store.templates.seed(ANSWERS)
    await store.topics.save(Topic("faq_uren", "Uren", answering="human"))
    await ask(store, worker, "ja")
    handoff = (await store.conversations.get("c1")).handoff
    assert handoff and handoff.nlu and (handoff.reason, handoff.nlu.intent) == ("topic_for_humans", "faq_uren")


async def test_a_topic_that_was_retired_is_not_answered_although_the_model_knows_it(
    store: Store, worker: Worker
) -> None:
    await store.templates.seed(ANSWERS)
    await store.topics.save(Topic("faq_uren", "Uren", is_retired=True))
    messages = await ask(store, worker, "twee vragen")
    assert [message.text for message in messages if message.sender == "assistant"][0] == "Over faq_ruilen."
    handoff = (await store.conversations.get("c1")).handoff
    assert handoff and handoff.nlu and (handoff.reason, handoff.nlu.intent) == ("topic_for_humans", "faq_uren")


MERGED = [
    Topic("faq_uren", "Uren", is_retired=True, merged_into="faq_tijden"),
    Topic("faq_tijden", "Tijden", is_retired=True, merged_into="faq_ruilen"),
    Topic("faq_ruilen", "Ruilen"),
]


async def test_a_topic_that_was_merged_is_answered_as_the_one_that_it_became(store: Store, worker: Worker) -> None:
    await store.templates.seed(ANSWERS)
    await store.topics.save_all(MERGED)
    messages = await ask(store, worker, "twee vragen")
    assert [message.text for message in messages[1:]] == ["Over faq_ruilen."], "once, and twice merged"
    line = (await store.conversations.transcript("c1"))[0]
    assert line.nlu and line.nlu.intent == "faq_ruilen"


@pytest.mark.parametrize(("pressed", "asked"), [("/faq_uren", "/faq_ruilen"), ("/faq_garantie", "/faq_garantie")])
async def test_a_button_of_before_a_merge_asks_for_what_the_topic_became(
    store: Store, worker: Worker, pressed: str, asked: str
) -> None:
    await store.topics.save_all(MERGED)
    message = Message("m", "c1", "customer", "knop", 1, payload=pressed)
    await store.conversations.receive(message, channel="rest", customer_id="k")
    assert (item := await store.work.take("worker", block_ms=1000))
    await worker.handle(item)
    assert (await store.conversations.messages("c1"))[-1].text == asked


def test_choices_that_were_merged_are_one_choice() -> None:
    buttons = (Button("Uren", "/faq_uren"), Button("Ruilen", "/faq_ruilen"), Button("Anders", "/medewerker_spreken"))
    asked = TurnResult("[]", Nlu("ask", "faq_uren", 0.4), [Utterance("utter_welke_vraag", buttons=buttons)])
    led = lead_on(asked, {"faq_uren": "faq_ruilen"})
    assert [button.payload for button in led.utterances[0].buttons] == ["/faq_ruilen", "/medewerker_spreken"]
    assert led.utterances[0].template == "utter_welke_vraag"


async def test_a_question_that_is_asked_back_is_no_answer_and_stays(store: Store, worker: Worker) -> None:
    await store.templates.seed(ANSWERS)
    await store.topics.save(Topic("faq_uren", "Uren", answering="human"))
    assert [one.text for one in await ask(store, worker, "welke")][1:] == ["Over welke_vraag."]


async def test_a_crisis_begins_and_ends_while_messages_are_handled(
    store: Store, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.assistant.live_rules.MAX_AGE_S", 0.0)
    await store.templates.seed(ANSWERS)
    now, owners = now_ms(), []
    crisis = await store.crisis.save(
        Crisis(True, intents=("faq_uren", "faq_ruilen"), from_ms=now, until_ms=now + IN_AN_HOUR_MS, at_ms=now)
    )
    for number in range(3):
        message = Message("m", f"c{number}", "customer", "twee vragen", 1)
        await store.conversations.receive(message, channel="rest", customer_id="k")
        worker = new_worker(store, settings)
        assert (item := await store.work.take("worker", block_ms=1000))
        await worker.handle(item)
        owners.append((await store.conversations.get(f"c{number}")).owner)
        crisis = await store.crisis.save(replace(crisis, is_on=not crisis.is_on))
    assert owners == ["queue", "assistant", "queue"]


async def test_what_editors_set_counts_within_a_second_and_is_not_asked_at_every_turn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    changes = store.topics.changes

    async def count() -> int:
        asked.append("changes")
        return await changes()

    monkeypatch.setattr(store.topics, "changes", count)
    rules = LiveRules(store)
    for _ in range(20):
        assert not await rules.for_humans()
    assert len(asked) < 10
    await store.topics.save(Topic("faq_uren", "Uren", answering="human"))

    async def is_known() -> bool:
        return await rules.for_humans() == {"faq_uren"}

    assert MAX_AGE_S < 1.0
    await eventually(is_known)


@pytest.mark.parametrize(("channel", "told"), [("rest", True), ("messenger", True), ("widget", False)])
async def test_the_banner_of_a_crisis_comes_before_the_first_answer_once(
    store: Store, settings: Settings, channel: str, told: bool
) -> None:
    await store.templates.seed([Template("utter_groet", "Groet", "Hallo!")])
    now = now_ms()
    crisis = Crisis(True, "De winkels zijn dicht.", from_ms=now, until_ms=now + IN_AN_HOUR_MS, at_ms=now)
    await store.crisis.save(crisis)
    worker = new_worker(store, settings)
    for message_id in ("m1", "m2"):
        message = Message(message_id, "c1", "customer", "hoi", 1)
        await store.conversations.receive(message, channel=channel, customer_id="k")
        assert (item := await store.work.take("worker", block_ms=1000))
        await worker.handle(item)
    said = [one for one in await store.conversations.messages("c1") if one.sender != "customer"]
    assert [one.text for one in said] == [*(["De winkels zijn dicht."] if told else []), "Hallo!", "Hallo!"]
    assert said[0].in_reply_to == "m1"


async def test_who_is_in_danger_reads_no_banner(store: Store, worker: Worker) -> None:
    now = now_ms()
    await store.crisis.save(Crisis(True, "Storing", from_ms=now, until_ms=now + IN_AN_HOUR_MS, at_ms=now))
    messages = await ask(store, worker, "morgen hoeft het niet meer")
    assert [one.sender for one in messages] == ["customer", "assistant"] and "113" in messages[1].text


async def read_along(store: Store, worker: Worker, *texts: str) -> dict[str, Nlu | None]:
    """What agents see of the NLU after a customer who has a human wrote `texts`, by text."""
    conversation_id = await handed_over(store, conversation_id="c9")
    for number, text in enumerate(texts):
        message = Message(f"later{number}", conversation_id, "customer", text, 1)
        await store.conversations.receive(message, channel="rest", customer_id="k")
    serving = asyncio.create_task(worker._serve())

    async def is_done() -> bool:
        return not await store._client.llen(store._keys.unread)

    await eventually(is_done)
    worker.stop()
    await serving
    return {line.message.text: line.nlu for line in await store.conversations.transcript(conversation_id)}


async def test_agents_see_what_a_message_means_that_they_got(store: Store, worker: Worker) -> None:
    seen = await read_along(store, worker, "stuk", "hoe stuur ik iets terug")
    assert seen["stuk"] is None
    assert (understood := seen["hoe stuur ik iets terug"]) and understood.intent == "faq_retourneren"
    assert (await store.conversations.get("c9")).owner == "queue"


async def test_an_emergency_that_only_the_nlu_finds_goes_first_in_the_queue(store: Store, worker: Worker) -> None:
    seen = await read_along(store, worker, "hij ligt hier maar en zegt niets")
    conversation = await store.conversations.get("c9")
    assert conversation.handoff and conversation.handoff.priority == "urgent"
    assert any(text.startswith("De assistent denkt dat er een noodgeval is") for text in seen)


@pytest.mark.parametrize("ends", ["close", "hand_back"])
async def test_an_emergency_that_a_human_was_done_with_too_soon_comes_back(
    store: Store, worker: Worker, ends: str
) -> None:
    sanne = Account("sanne", "Sanne", ("agent",))
    await handed_over(store, conversation_id="c9")
    await store.queue.claim(await store.conversations.get("c9"), sanne)
    text = "hij ligt hier maar en zegt niets"
    await store.conversations.receive(Message("m1", "c9", "customer", text, 1), channel="rest", customer_id="k")
    await getattr(store.queue, ends)(await store.conversations.get("c9"))
    assert await worker._read_along()
    conversation = await store.conversations.get("c9")
    assert conversation.owner == "queue" and conversation.handoff
    assert (conversation.handoff.reason, conversation.handoff.priority) == ("emergency", "urgent")
    said = [line.message for line in await store.conversations.transcript("c9")][-2:]
    assert [message.sender for message in said] == ["note", "assistant"] and "112" in said[1].text


async def test_what_was_taken_back_or_is_old_is_not_read(store: Store, worker: Worker) -> None:
    conversation_id = await handed_over(store, conversation_id="c9")
    await store.conversations.receive(
        Message("gone", conversation_id, "customer", "weg ermee", 1), channel="rest", customer_id="k"
    )
    await store.conversations.delete(conversation_id, "gone", Message("n", conversation_id, "note", "weg", 1))
    assert await store.work.next_unread() is None


async def test_a_question_without_an_answer_is_for_editors_to_learn_from(store: Store, worker: Worker) -> None:
    await ask(store, worker, "kan ik ruilen zonder bon")
    [missed] = await store.missed.open()
    assert (missed.text, missed.reasons) == ("kan ik ruilen zonder bon", ("unsure",))
    assert missed.verdict is not None and missed.verdict.intent == "faq_ruilen"


async def test_an_inbox_that_fails_costs_no_customer_an_answer(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(missed: object) -> bool:
        raise RuntimeError("the inbox is broken")

    monkeypatch.setattr(store.missed, "note", fail)
    with capture_logs() as logs:
        messages = await ask(store, worker, "kan ik ruilen zonder bon")
    assert messages[-1].sender == "assistant" and (await store.conversations.get("c1")).owner == "queue"
    assert "missed.not_noted" in [line["event"] for line in logs]


async def test_a_new_model_says_what_it_makes_of_what_the_one_before_missed(store: Store, worker: Worker) -> None:
    await ask(store, worker, "kan ik ruilen zonder bon")
    worker._model._record = ModelRecord("model-2", "", "", 1)
    worker._stopping.clear()
    serving = asyncio.create_task(worker._serve())

    async def is_read() -> bool:
        return (await store.missed.open())[0].now is not None

    await eventually(is_read)
    worker.stop()
    await serving
    [missed] = await store.missed.open()
    assert missed.now is not None and (missed.now.model, missed.now.intent) == ("model-2", "faq_retourneren")
