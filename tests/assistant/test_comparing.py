"""What changes for customers between two models."""

from __future__ import annotations

from bot.assistant.comparing import RecentMessage, golden_changes, message_changes, more_confused
from bot.nlu.confusions import Mixed, mixed_up
from bot.nlu.golden import GoldenMessage
from bot.store.trainings import Became

HUMAN, ASK = Became("human", "a", 0.3), Became("ask", "a", 0.5)
A, B = Became("answer", "a", 0.9), Became("answer", "b", 0.9)


def test_messages_are_counted_by_what_the_customer_gets() -> None:
    pairs = [(A, A), (HUMAN, A), (A, HUMAN), (A, B), (ASK, HUMAN), (A, ASK), (HUMAN, B)]
    messages = [RecentMessage("c", f"{n}-0", "x") for n in range(len(pairs))]
    counts, changes = message_changes(messages, [old for old, _ in pairs], [new for _, new in pairs])
    assert counts == {"new": 2, "gone": 2, "other": 1}
    assert [one.entry_id for one in changes] == ["2-0", "5-0", "3-0", "1-0", "6-0"], "what is lost comes first"
    assert all(one.text == "" for one in changes), "a customer's words stay in the log"


def test_test_messages_that_get_another_answer_are_shown_with_their_text() -> None:
    golden = [GoldenMessage(1, "hoi", "a"), GoldenMessage(2, "dag", "b")]
    (change,) = golden_changes(golden, [HUMAN, A], [HUMAN, B])
    assert (change.text, change.before.answer, change.after.answer) == ("dag", "a", "b")


def test_only_what_is_mixed_more_often_is_shown() -> None:
    before = [Mixed("a", "b", 3, ()), Mixed("c", "d", 2, ())]
    after = [Mixed("a", "b", 3, ()), Mixed("c", "d", 5, ("x",)), Mixed("e", "f", 2, ()), Mixed("g", "h", 1, ())]
    assert [(one.intent, one.before, one.after) for one in more_confused(before, after)] == [("c", 2, 5), ("e", 0, 2)]
    assert [one.before for one in more_confused(None, after)] == [None] * 3, "of a model that did not keep it"


def test_examples_taken_for_another_intent_are_counted_with_some_texts() -> None:
    guesses = [(f"t{n}", "a", "b") for n in range(5)] + [("u", "b", "a"), ("v", "b", "b")]
    (first, second) = mixed_up(guesses)
    assert (first.n, first.examples) == (5, ("t0", "t1", "t2"))
    assert (second.intent, second.taken_for, second.n) == ("b", "a", 1)
