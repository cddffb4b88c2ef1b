"""The worker with customers of a platform: under a public comment, and after a human in Meta's inbox."""

from __future__ import annotations

import pytest

from bot.answers import Answers
from bot.assistant.live_model import LiveModel
from bot.assistant.turn import TurnResult, Utterance
from bot.assistant.worker import Worker
from bot.model import Message, Nlu, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.conversations import Contact

ID = "comment-1001-5_8"
TEMPLATES = {
    "utter_faq_openingstijden": "We zijn open.",
    "utter_groet": "Hallo!",
    "utter_overdracht_onbekend": "Dat weet ik niet.",
    "utter_overdracht_reactie": "Antwoord eerst.",
    "utter_weer_assistent": "Je praat weer met de assistent.",
}


class Agent:
    """Knows an intent by its name, and nothing else."""

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        if f"utter_{text}" in TEMPLATES:
            return TurnResult("[]", Nlu("answer", text, 1.0), [Utterance(f"utter_{text}")])
        emergency = "emergency" if text == "gevaar" else ""
        handoff = {"reason": "not_confident", "priority": "normal"}
        return TurnResult("[]", Nlu("human", "groet", 0.2, emergency=emergency), handoff=handoff)


async def ask(store: Store, settings: Settings, text: str, *, channel: str = "comment") -> list[str]:
    """What the customer reads in answer to `text`."""
    await store.templates.seed([Template(name, name, said) for name, said in TEMPLATES.items()])
    await store.conversations.note_contact(ID, Contact(channel, "6001", "1001", opened_at_ms=1))
    model = LiveModel(store, folder=settings.var)
    model._agent = Agent()  # type: ignore[assignment]
    worker = Worker(
        store,
        Answers(store.templates, settings, store.departments, store.editing_rules),
        model,
        "worker",
        turn_timeout_s=5,
    )
    before = len(await store.conversations.messages(ID))
    message = Message(f"m{before}", ID, "customer", text, 1)
    await store.conversations.receive(message, channel=channel, customer_id="6001")
    item = await store.work.take("worker", block_ms=1000)
    assert item
    await worker.handle(item)
    said = (await store.conversations.messages(ID))[before + 1 :]
    assert {message.in_reply_to for message in said} <= {f"m{before}"}
    return [message.text for message in said]


async def owner(store: Store) -> str:
    return (await store.conversations.get(ID)).owner


@pytest.mark.parametrize(
    ("text", "said", "whose"),
    [
        ("faq_openingstijden", ["We zijn open."], "assistant"),
        ("groet", [], "closed"),
        ("iets raars", ["Antwoord eerst."], "queue"),
    ],
)
async def test_under_a_comment_the_one_private_message_is_for_questions(
    store: Store, settings: Settings, text: str, said: list[str], whose: str
) -> None:
    assert await ask(store, settings, text) == said
    assert await owner(store) == whose


@pytest.mark.parametrize(("text", "said"), [("groet", ["Hallo!"]), ("iets raars", ["Dat weet ik niet."])])
async def test_once_the_customer_answered_it_is_a_conversation_like_any_other(
    store: Store, settings: Settings, text: str, said: list[str]
) -> None:
    assert await ask(store, settings, text, channel="messenger") == said


async def test_an_emergency_under_a_comment_has_its_numbers(store: Store, settings: Settings) -> None:
    (said,) = await ask(store, settings, "gevaar")
    assert "112" in said


@pytest.mark.parametrize(("text", "told"), [("faq_openingstijden", True), ("iets raars", True), ("gevaar", False)])
async def test_after_a_human_elsewhere_the_assistant_says_that_it_is_the_assistant_again_once(
    store: Store, settings: Settings, text: str, told: bool
) -> None:
    await ask(store, settings, "groet", channel="messenger")
    await store.queue.answered_elsewhere(ID, at_ms=20, message=Message("m_e", ID, "agent", "Ann hier", 1))
    await store.queue.hand_back(await store.conversations.get(ID))
    said = await ask(store, settings, text, channel="messenger")
    assert said.count("Je praat weer met de assistent.") == int(told)
    assert len(said) == 1 + told
    if told and await owner(store) == "assistant":
        assert await ask(store, settings, "groet", channel="messenger") == ["Hallo!"]
