"""A trained Rasa model, asked for one turn at a time."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import re
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.core.actions.action import RemoteAction
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.rule_policy import RulePolicy
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, Event, SessionStarted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig
from rasa_sdk.executor import ActionExecutor

from bot.assistant.graph_runner import DirectGraphRunner
from bot.assistant.rule_cache import remember_rules
from bot.assistant.turn import Examined, TurnResult, Utterance
from bot.errors import ModelError
from bot.model import Button, IntentScore, Nlu, Template
from bot.nlu.parts import PREVIOUS_TEXT
from bot.nlu.sentence_vectors import ENCODED_BY
from bot.nlu.spelling import SPELLED
from bot.project.responses import template_of

# What a turn remembers of the dialogue. Rasa's cost per message grows with its tracker: 4 ms at the first message,
# 91 ms at the 200th. Nothing in the rules looks further back than the turn before.
REMEMBERED_TURNS = 2
# Dialogues of which the events are kept in memory too, a few KB each.
RECENT_DIALOGUES = 500
# Not the customer's to name: they change the dialogue's state behind the rules' back.
_NOT_FOR_CUSTOMERS = frozenset({"restart", "back", "session_start", "nlu_ask"})
_RANKING_LENGTH = 10


class RasaAgent:
    """Rasa's own agent, with its dialogue state, actions and answers held by us."""

    def __init__(self, model_path: Path, actions: str = "actions") -> None:
        """Load a model. Raises ModelError."""
        self._trackers = _OneTracker()
        self._recent: dict[str, list[Event]] = {}
        try:
            self._agent = Agent.load(
                str(model_path),
                action_endpoint=_InProcessActions(actions),
                generator=_TemplateNames(),
                tracker_store=self._trackers,
                lock_store=InMemoryLockStore(),
            )
        except Exception as exc:
            raise ModelError(f"model {model_path.name} can't be loaded: {exc}") from exc
        processor = self._agent.processor
        if processor is None or not processor.domain.intents:
            raise ModelError(f"model {model_path.name} has no dialogue part; train it with `make train`")
        processor.graph_runner = DirectGraphRunner(processor.graph_runner)
        for component in processor.graph_runner.components:
            if isinstance(component, RulePolicy):
                remember_rules(component)
        self._processor = processor
        self._trackers.domain = self._domain = processor.domain

    @property
    def templates(self) -> list[Template]:
        """The answers in the model's domain: what customers read until an editor changes them."""
        return [template_of(name, variations) for name, variations in self._domain.responses.items()]

    async def turn(self, conversation_id: str, text: str, payload: str, dialogue: str) -> TurnResult:
        """One message of the customer: `payload` of a button wins over `text`. Raises whatever goes wrong in Rasa."""
        self._trackers.tracker = self._restore(conversation_id, dialogue)
        output = _Collector()
        intent = payload.removeprefix("/")
        if payload and (intent not in self._domain.intents or intent in _NOT_FOR_CUSTOMERS):
            intent = ""
        await self._handle(conversation_id, text, output, intent)
        nlu = nlu_of(self._tracker)
        # A message with two questions that are certain each: as if the customer pressed a button for the second.
        for second in also_answered(self._tracker):
            await self._handle(conversation_id, text, output, second)
        return TurnResult(
            dialogue=self._remember(_remembered(self._tracker.events)),
            nlu=nlu,
            utterances=output.utterances,
            handoff=output.handoff,
        )

    async def understand(self, text: str) -> Nlu:
        """What the NLU makes of a message, without a dialogue. Raises whatever goes wrong in Rasa."""
        return _nlu(await self._processor.parse_message(UserMessage(text=_plain(text))))

    async def examine(self, text: str, dialogue: str) -> Examined:
        """How the NLU reads a message that comes behind `dialogue`. Raises whatever goes wrong in Rasa."""
        metadata = {PREVIOUS_TEXT: previous_question(self._restore("examined", dialogue))}
        message = UserMessage(text=_plain(text), metadata=metadata)
        parsed = await self._processor.parse_message(message, only_output_properties=False)
        ask_threshold = (parsed.get("decision") or {}).get("ask_threshold")
        return Examined(parsed.get(SPELLED) or "", ask_threshold, parsed.get(ENCODED_BY))

    async def _handle(self, conversation_id: str, text: str, output: _Collector, intent: str) -> None:
        """Let Rasa go on from one message; `intent` is what a button means, else the NLU says it."""
        message = UserMessage(
            text=_plain(text),
            output_channel=output,
            sender_id=conversation_id,
            input_channel="bot",
            parse_data=_pressed(text, intent) if intent else None,
            # For a follow-up such as "en in Utrecht?" (bot/nlu/parts.py).
            metadata={PREVIOUS_TEXT: previous_question(self._trackers.tracker)},
        )
        said_before = len(output.utterances)
        await self._processor.handle_message(message)
        nlu = nlu_of(self._tracker)
        if nlu.outcome == "answer":
            output.utterances[said_before:] = [
                replace(one, intent=nlu.intent) for one in output.utterances[said_before:]
            ]

    @property
    def _tracker(self) -> DialogueStateTracker:
        """As Rasa has just saved it."""
        assert self._trackers.tracker is not None
        return self._trackers.tracker

    async def warm_up(self) -> None:
        """Pay for what the first turn costs more than the next."""
        for text in ("hallo", "hoe laat zijn jullie open op zondag?"):
            await self.turn("warm-up", text, "", "")

    def _restore(self, conversation_id: str, dialogue: str) -> DialogueStateTracker | None:
        if not dialogue:
            return None
        events = self._recent.get(dialogue)
        if events is None:
            return DialogueStateTracker.from_dict(conversation_id, json.loads(dialogue), self._domain.slots)
        return DialogueStateTracker.from_events(conversation_id, events, self._domain.slots, domain=self._domain)

    def _remember(self, events: list[Event]) -> str:
        """The events as the store keeps them; also kept as they are, which spares the next turn 2 ms of reading."""
        dialogue = json.dumps([event.as_dict() for event in events])
        self._recent[dialogue] = events
        if len(self._recent) > RECENT_DIALOGUES:
            self._recent.pop(next(iter(self._recent)))
        return dialogue


def nlu_of(tracker: DialogueStateTracker) -> Nlu:
    """What the NLU made of the tracker's last message; `decision` is bot.nlu.decision's, a pressed button has none."""
    return _nlu(tracker.latest_message.parse_data if tracker.latest_message else {})


def _nlu(parsed: Mapping[str, Any]) -> Nlu:
    decision = parsed.get("decision") or {}
    intent = parsed.get("intent") or {}
    return Nlu(
        outcome=decision.get("outcome", "answer"),
        intent=decision.get("intent") or intent.get("name") or "",
        confidence=float(decision.get("confidence", intent.get("confidence") or 0.0)),
        ranking=tuple(
            IntentScore(row["name"], round(float(row["confidence"]), 4))
            for row in (parsed.get("intent_ranking") or [])[:_RANKING_LENGTH]
        ),
        entities=tuple(parsed.get("entities") or ()),
        threshold=decision.get("threshold"),
        emergency=(parsed.get("emergency") or {}).get("kind", ""),
    )


def also_answered(tracker: DialogueStateTracker) -> list[str]:
    """The other intents that the NLU is certain of in the tracker's last message."""
    parsed = tracker.latest_message.parse_data if tracker.latest_message else {}
    decision = parsed.get("decision") or {}
    return list(decision.get("also") or ()) if decision.get("outcome") == "answer" else []


def previous_question(tracker: DialogueStateTracker | None) -> str:
    """What the customer asked in the turn before, if that was answered; else an empty string."""
    last = tracker.latest_message if tracker else None
    parsed = (last.parse_data if last else None) or {}
    was_answered = (parsed.get("decision") or {"outcome": "answer"})["outcome"] == "answer"
    is_question = str((parsed.get("intent") or {}).get("name", "")).startswith("faq_")
    return str(last.text or "") if last and was_answered and is_question else ""


class _OneTracker(TrackerStore):
    """Holds the dialogue of the one conversation whose turn it is; the store keeps it between turns."""

    def __init__(self) -> None:
        super().__init__(Domain.empty())
        self.tracker: DialogueStateTracker | None = None

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        return self.tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        self.tracker = tracker


class _InProcessActions(EndpointConfig):
    """Runs the custom actions here instead of asking a server for them."""

    def __init__(self, package: str) -> None:
        super().__init__(url="in-process")
        self._executor = ActionExecutor()
        self._executor.register_package(package)
        # Rasa holds every answer of an action server against a JSON schema, and the schema against its own: 10 to 30 ms
        # for what rasa_sdk has just made in this process.
        RemoteAction._validate_action_result = lambda action, result: True

    async def request(self, *_: Any, **kwargs: Any) -> Any:
        return await self._executor.run(kwargs["json"])


class _TemplateNames(NaturalLanguageGenerator):
    """Says which template is meant, not its text: that comes from the template store when it is sent."""

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> dict[str, Any]:
        return {"text": "", "template": utter_action}


class _Collector(OutputChannel):
    """Collects what the dialogue says."""

    def __init__(self) -> None:
        self.utterances: list[Utterance] = []
        self.handoff: dict[str, Any] | None = None

    @classmethod
    def name(cls) -> str:
        return "bot"

    async def send_response(self, recipient_id: str, message: dict[str, Any]) -> None:
        custom = message.get("custom") or {}
        if "handoff" in custom:
            self.handoff = custom["handoff"]
            return
        buttons = tuple(Button(b["title"], b.get("payload", "")) for b in message.get("buttons") or ())
        # Rasa keeps a nested dict of what the generator gave in `metadata` of some messages; the name is at the top.
        self.utterances.append(Utterance(message.get("template", ""), message.get("text") or "", buttons))


def _plain(text: str) -> str:
    """A text that starts with a slash would be a command to Rasa."""
    return re.sub(r"^[\s/]+", "", text) or "?"


def _pressed(text: str, intent: str) -> dict[str, Any]:
    """What the NLU would say if it were certain."""
    score = {"name": intent, "confidence": 1.0}
    return {"text": text, "intent": score, "intent_ranking": [score], "entities": []}


def _remembered(events: Any) -> list[Event]:
    """The events of the last turns, from where the assistant began to listen."""
    all_events = list(events)
    turns = [index for index, event in enumerate(all_events) if isinstance(event, UserUttered)]
    if len(turns) <= REMEMBERED_TURNS:
        return all_events
    start = turns[-REMEMBERED_TURNS]
    slots = _slots_before(all_events, start)
    return [SessionStarted(), *slots, ActionExecuted(ACTION_LISTEN_NAME), *all_events[start:]]


def _slots_before(events: list[Event], end: int) -> list[Event]:
    """The last value of every slot, set again, so that forgetting turns forgets no slot."""
    last = {event.key: event for event in events[:end] if getattr(event, "type_name", "") == "slot"}
    return list(last.values())


async def load(path: Path) -> RasaAgent:
    """Load and warm up a model beside the event loop, which goes on answering with the one before it.

    Raises ModelError, or whatever goes wrong in its first turns.
    """
    return await asyncio.get_running_loop().run_in_executor(_LOADING, _load, path)


async def settle() -> None:
    """Call this when the model before has been let go."""
    await asyncio.get_running_loop().run_in_executor(_LOADING, _settle)


# One thread for all loads: each thread has memory of its own that it does not give back to the others.
_LOADING = ThreadPoolExecutor(1, thread_name_prefix="load-model")


# How long this thread may keep the interpreter while a turn wants it. With Python's own 5 ms nine in ten turns
# took up to 50 ms during a load; with this, 36 ms, and the load 5% longer.
_SWITCH_INTERVAL_S = 0.001


def _load(path: Path) -> RasaAgent:
    normal_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    try:
        agent = RasaAgent(path)
        asyncio.run(agent.warm_up())
    finally:
        sys.setswitchinterval(normal_s)
    return agent


def _settle() -> None:
    """Stops all threads for some 40 ms."""
    gc.collect()
    # What is there now stays: without this, Python looks through all of Rasa for garbage again and again.
    gc.freeze()
    _give_memory_back()


def _give_memory_back() -> None:
    """What loading needed and no longer does, some 70 MB, returns to the system; glibc keeps it otherwise."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:  # musl has none
            trim(0)
