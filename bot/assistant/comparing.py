"""What changes for customers when one model takes the place of another: both read the same messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.store.trainings import Became, Change, Confusion, GoldenFailure

if TYPE_CHECKING:  # imports Rasa, which takes seconds
    from bot.nlu.confusions import Mixed
    from bot.nlu.golden import Failure, GoldenMessage

# What a person looks at; all are counted.
SHOWN_CHANGES = 100
SHOWN_CONFUSIONS = 25
# One example that is taken for another topic may be chance.
FEWEST_MIXED = 2


@dataclass(frozen=True)
class RecentMessage:
    """What a customer wrote, masked, and its place in the log."""

    conversation_id: str
    entry_id: str
    text: str


def became(parsed: dict[str, Any]) -> Became:
    """parsed: what the project's pipeline says of a message."""
    decision = parsed["decision"]
    return Became(decision["outcome"], decision["intent"], round(float(decision["confidence"]), 4))


def golden_failures(
    failures: Iterable[Failure], messages: Sequence[GoldenMessage], before: Sequence[Became]
) -> tuple[GoldenFailure, ...]:
    """What the new model gets wrong, beside what the model before made of it, if there is one."""
    by_line = {message.line: one for message, one in zip(messages, before, strict=False)}
    return tuple(
        GoldenFailure(
            failure.message.text,
            failure.message.intent,
            failure.message.must_answer,
            after=Became(failure.verdict.outcome, failure.verdict.intent, round(failure.verdict.confidence, 4)),
            before=by_line.get(failure.message.line),
        )
        for failure in failures
    )


def golden_changes(
    messages: Sequence[GoldenMessage], before: Sequence[Became], after: Sequence[Became]
) -> tuple[Change, ...]:
    """The test messages that get another answer, or none any more."""
    found = [
        Change(old, new, text=message.text, intent=message.intent)
        for message, old, new in zip(messages, before, after, strict=True)
        if old.answer != new.answer
    ]
    return tuple(found[:SHOWN_CHANGES])


def message_changes(
    messages: Sequence[RecentMessage], before: Sequence[Became], after: Sequence[Became]
) -> tuple[dict[str, int], tuple[Change, ...]]:
    """How many customers' messages change in each way (`kind_of`), and some of each."""
    found = [
        Change(old, new, conversation_id=message.conversation_id, entry_id=message.entry_id)
        for message, old, new in zip(messages, before, after, strict=True)
        if old.answer != new.answer
    ]
    shown = [change for kind in KINDS for change in [one for one in found if kind_of(one) == kind][:SHOWN_CHANGES]]
    return dict(Counter(map(kind_of, found))), tuple(shown)


# What matters most first: a customer who got an answer and would get none, or another one.
KINDS = ("gone", "other", "new")


def kind_of(change: Change) -> str:
    """One of KINDS."""
    if not change.after.answer:
        return "gone"
    return "other" if change.before.answer else "new"


def more_confused(before: Sequence[Mixed] | None, after: Sequence[Mixed]) -> tuple[Confusion, ...]:
    """The topics that are mixed more often than before; without a before, those that are mixed most."""
    known = {(one.intent, one.taken_for): one.n for one in before or ()}
    found = [
        Confusion(
            one.intent,
            one.taken_for,
            one.n,
            known.get((one.intent, one.taken_for), 0) if before is not None else None,
            one.examples,
        )
        for one in after
        if one.n >= FEWEST_MIXED and one.n > known.get((one.intent, one.taken_for), 0)
    ]
    found.sort(key=lambda one: (one.before or 0) - one.after)
    return tuple(found[:SHOWN_CONFUSIONS])
