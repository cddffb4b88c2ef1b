"""What we put in the place of slow parts of Rasa gives what Rasa's own parts give."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest

from bot.assistant.rasa_import import import_rasa
from tests.conftest import ROOT
from tools.trained_model import trained_model

import_rasa()

from rasa.core.agent import Agent  # noqa: E402
from rasa.core.channels.channel import UserMessage  # noqa: E402
from rasa.core.policies.rule_policy import RulePolicy  # noqa: E402
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered  # noqa: E402
from rasa.shared.core.trackers import DialogueStateTracker  # noqa: E402

from bot.assistant.graph_runner import DirectGraphRunner  # noqa: E402
from bot.assistant.rule_cache import remember_rules  # noqa: E402

MESSAGES = [json.loads(line)["text"] for line in (ROOT / "tests/evaluation/test.jsonl").read_text().splitlines()[::16]]


@pytest.fixture(scope="module")
def processor() -> Any:
    """As Rasa loads it."""
    processor = Agent.load(str(trained_model())).processor
    assert processor is not None
    return processor


def dialogues(processor: Any) -> list[DialogueStateTracker]:
    """Every intent, at the start and behind an answer, before and after its action, with each value of the slot."""
    found = []
    for intent, previous, acted in product(processor.domain.intents, (None, "answered", "asked"), (False, True)):
        events: list[Any] = [ActionExecuted("action_listen")]
        if previous:
            events += [
                UserUttered("eerst", {"name": "faq_retourkosten", "confidence": 1.0}),
                ActionExecuted("utter_faq_retourkosten"),
                SlotSet("previous_turn", previous),
                ActionExecuted("action_listen"),
            ]
        events.append(UserUttered("dan", {"name": intent, "confidence": 1.0}))
        if acted:
            events.append(ActionExecuted("utter_groet"))
        found.append(DialogueStateTracker.from_events("c", events, processor.domain.slots, domain=processor.domain))
    return found


def test_the_pipeline_reads_a_message_as_with_rasas_own_runner(processor: Any) -> None:
    def parsed() -> list[dict[str, Any]]:
        tracker = DialogueStateTracker.from_events("c", [])
        return [processor._parse_message_with_graph(UserMessage(text), tracker) for text in MESSAGES]

    as_rasa = parsed()
    rasas_own, processor.graph_runner = processor.graph_runner, DirectGraphRunner(processor.graph_runner)
    try:
        assert parsed() == as_rasa
    finally:
        processor.graph_runner = rasas_own
    assert len({one["intent"]["name"] for one in as_rasa}) > 5


def test_remembered_rules_predict_what_the_rules_predict(processor: Any) -> None:
    def predicted() -> list[tuple[Any, ...]]:
        found = [processor._predict_next_with_tracker(tracker) for tracker in dialogues(processor)]
        return [(one.probabilities, one.policy_name, one.events, one.is_end_to_end_prediction) for one in found]

    by_rules = predicted()
    (policy,) = [one for one in DirectGraphRunner(processor.graph_runner).components if isinstance(one, RulePolicy)]
    remember_rules(policy)
    assert predicted() == by_rules
    assert predicted() == by_rules  # now from memory
    assert len({tuple(probabilities) for probabilities, *_ in by_rules}) > 40


def test_a_rule_about_a_text_is_still_found(processor: Any) -> None:
    """The project has none; a company's may."""
    (policy,) = [one for one in DirectGraphRunner(processor.graph_runner).components if isinstance(one, RulePolicy)]
    state = [{}, {"prev_action": {"action_name": "action_listen"}, "user": {"text": "open sesam"}}]
    for changed in ("_get_possible_keys", "_find_action_from_rules"):  # as it was loaded
        policy.__dict__.pop(changed, None)
    policy.lookup["rules"] = {**policy.lookup["rules"], json.dumps(state): "utter_groet"}
    remember_rules(policy)
    said = UserUttered("open sesam", {"name": "compliment", "confidence": 1.0}, use_text_for_featurization=None)
    tracker = DialogueStateTracker.from_events(
        "c", [ActionExecuted("action_listen"), said], processor.domain.slots, domain=processor.domain
    )
    prediction = policy.predict_action_probabilities(tracker, processor.domain)
    assert processor.domain.action_names_or_texts[prediction.max_confidence_index] == "utter_groet"
