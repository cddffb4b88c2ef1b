"""What editors try, with the trained model: as a customer would get it, and never before a customer."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from bot.answers import Answers
from bot.assistant import trials as trying_out
from bot.assistant.live_model import LiveModel
from bot.assistant.rasa_import import import_rasa
from bot.assistant.worker import Worker
from bot.model import Message, ModelRecord, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.topics import Example, Topic
from bot.store.trials import Trial, Tried
from tests.assistant.test_worker import FailingAgent
from tests.conftest import eventually
from tools.trained_model import trained_model

import_rasa()

from bot.assistant.rasa_agent import RasaAgent  # noqa: E402
from bot.assistant.trying import Helper  # noqa: E402

pytestmark = pytest.mark.train

OPEN = Topic(
    "faq_openingstijden",
    "Openingstijden",
    examples=(Example("hoe laat gaan jullie open"), Example("zijn jullie zondag open?")),
)
COSTS = Topic("faq_retourkosten", "Retourkosten", examples=(Example("wat kost terugsturen"),), place=1)


def worker_with(store: Store, settings: Settings, agent: Any) -> Worker:
    model = LiveModel(store, folder=settings.var)
    model._agent = agent
    return Worker(
        store,
        Answers(store.templates, settings, store.departments, store.editing_rules),
        model,
        "w",
        turn_timeout_s=20.0,
    )


@pytest.fixture
async def worker(store: Store, settings: Settings, agent: RasaAgent) -> Worker:
    await store.topics.save_all([OPEN, COSTS])
    await store.templates.seed(agent.templates)
    return worker_with(store, settings, agent)


async def serve_until_tried(store: Store, worker: Worker, trial: Trial) -> Tried:
    serving = asyncio.create_task(worker._serve())

    async def is_tried() -> Tried | None:
        return (await store.trials.get(trial.id))[1].get("live")

    tried = await eventually(is_tried)
    worker.stop()
    await serving
    assert tried is not None
    return tried


async def try_out(store: Store, worker: Worker, text: str, **more: str) -> Tried:
    trial = Trial("t1", text, more.pop("channel", "widget"), **more)
    await store.trials.ask(trial)
    return await serve_until_tried(store, worker, trial)


async def test_a_trial_says_what_a_customer_would_read_and_why(store: Store, worker: Worker) -> None:
    tried = await try_out(store, worker, "hoe laat zijn jullie open op zonndag?")
    assert (tried.nlu.outcome, tried.nlu.intent, tried.problem) == ("answer", "faq_openingstijden", "")
    assert [reply.template for reply in tried.replies] == ["utter_faq_openingstijden"]
    assert tried.replies[0].text and "{" not in tried.replies[0].text
    assert tried.spelled == "hoe laat zijn jullie open op zondag?"
    assert tried.ask_threshold is not None and tried.nlu.threshold is not None
    assert tried.ask_threshold <= tried.nlu.threshold
    best = tried.near[0]
    assert (best.text, best.intent) == ("zijn jullie zondag open?", "faq_openingstijden")
    assert 1.01 > best.likeness >= tried.near[-1].likeness > 0.5


async def test_nothing_of_a_trial_is_a_conversation_or_a_figure(store: Store, worker: Worker) -> None:
    before = (await store.figures.read()).counts
    tried = await try_out(store, worker, "mijn kat zit vast in jullie lift")
    assert tried.handoff is not None and tried.handoff.department
    assert tried.replies[-1].notice == "handed_over"
    assert (await store.figures.read()).counts == before
    assert await store.conversations.recent() == []
    assert await store.queue.waiting() == []


async def test_what_came_before_counts(store: Store, worker: Worker) -> None:
    tried = await try_out(store, worker, "nee", before="wat kost terugsturen?")
    assert tried.handoff is not None and tried.handoff.reason == "not_helped"


async def test_the_wording_is_that_of_the_channel(store: Store, worker: Worker) -> None:
    from bot.model import Variant

    published = await store.templates.published("utter_faq_openingstijden")
    changed = Template(published.name, "Open", "Lang.", variants=(Variant("Kort.", "messenger"),))
    await store.templates.save(changed, expected_version=published.version)
    tried = await try_out(store, worker, "hoe laat zijn jullie open op zondag?", channel="messenger")
    assert [reply.text for reply in tried.replies] == ["Kort."]


async def test_a_bsn_reaches_no_model(store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    examine = RasaAgent.examine

    async def listen(self: RasaAgent, text: str, dialogue: str) -> Any:
        read.append(text)
        return await examine(self, text, dialogue)

    monkeypatch.setattr(RasaAgent, "examine", listen)
    await try_out(store, worker, "mijn bsn is 123456782")
    assert read == ["mijn bsn is [BSN]"]


@pytest.mark.parametrize("text", ["😀", "مرحبا كيف الحال", "<b>x</b> /restart", "a" * 2000])
async def test_odd_messages_are_tried_like_others(store: Store, worker: Worker, text: str) -> None:
    tried = await try_out(store, worker, text)
    assert not tried.problem and tried.replies


async def test_a_customer_is_answered_between_the_steps_of_a_trial(
    store: Store, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trial takes many steps; the message that comes during the first is answered before the last."""
    many = tuple(Example(f"vraag {number} over open zijn") for number in range(40))
    await store.topics.save_all([Topic(**{**vars(await store.topics.get(OPEN.intent)), "examples": many})])
    order: list[str] = []
    decide, answer = worker._decide, store.trials.answer

    async def decide_and_write(turn: Any, *more: Any) -> Any:
        if turn.conversation_id == trying_out.CONVERSATION_ID:
            message = Message("m1", "c1", "customer", "hallo", 1)
            await store.conversations.receive(message, channel="rest", customer_id="k")
        else:
            order.append("customer")
        return await decide(turn, *more)

    async def answered(*args: Any) -> None:
        order.append("trial")
        await answer(*args)

    monkeypatch.setattr(worker, "_decide", decide_and_write)
    monkeypatch.setattr(store.trials, "answer", answered)
    await try_out(store, worker, "hoe laat zijn jullie open op zondag?")
    assert order == ["customer", "trial"]


async def test_a_model_that_fails_on_it_says_so_and_answers_customers(store: Store, settings: Settings) -> None:
    worker = worker_with(store, settings, FailingAgent())  # it has no `examine`
    tried = await try_out(store, worker, "hallo")
    assert tried.problem == "failed"


async def test_the_helper_tries_other_models_and_says_which_it_can_not(store: Store, settings: Settings) -> None:
    file = trained_model()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    await store.models.register(ModelRecord("other", str(file), digest, 1))
    await store.models.register(ModelRecord("broken", "/nowhere", digest, 1))
    names = {"t1": "other", "t2": "broken", "t3": "gone"}
    for trial_id, name in names.items():
        await store.trials.ask(Trial(trial_id, "wat kost terugsturen?", "widget", other=name))
    await Helper(store, settings).run(idle_s=0.5)
    tried = {trial_id: (await store.trials.get(trial_id))[1]["other"] for trial_id in names}
    assert (tried["t1"].nlu.intent, tried["t1"].model, tried["t1"].problem) == ("faq_retourkosten", "other", "")
    assert [tried["t2"].problem, tried["t3"].problem] == ["refused", "refused"]
    await store.trials.ask(Trial("t4", "x", "widget", other="other"))
    assert await store.trials.wants_helper()  # it has gone
