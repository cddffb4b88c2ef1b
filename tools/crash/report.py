"""What a run was like, and what was wrong: for people, and as JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.crash.chaos import KINDS
from tools.crash.processes import Ended
from tools.crash.rules import Violation
from tools.crash.snapshot import Snapshot
from tools.crash.timeline import timeline
from tools.crash.witness import Witness

# Of the log around a violation, before it and after it.
ENTRIES_BEFORE, ENTRIES_AFTER = 6, 4
TEXT_CHARS = 60


@dataclass(frozen=True)
class Outcome:
    """One seed. struck: (kind, signal) to how often. events: log event to how often."""

    seed: int
    wrote_s: float
    took_s: float
    violations: list[Violation]
    snapshot: Snapshot
    witnesses: list[Witness]
    struck: Counter[tuple[str, str]]
    ended: list[Ended]
    claims: int
    takeovers: int
    events: Counter[str]
    messenger: dict[str, Any] = field(default_factory=dict)

    def kills(self, kind: str) -> int:
        return self.struck[kind, "SIGKILL"]

    def figures(self) -> dict[str, Any]:
        """As JSON, without the violations."""
        notices = Counter(message.notice for one in self.snapshot.conversations.values() for message in one.log)
        senders = Counter(message.sender for one in self.snapshot.conversations.values() for message in one.log)
        return {
            "seed": self.seed,
            "conversations": len(self.witnesses),
            "messages": senders["customer"],
            "acknowledged": sum(sent.acked for witness in self.witnesses for sent in witness.sent),
            "handled_by_the_assistant": sum(len(one.nlu) for one in self.snapshot.conversations.values()),
            "said_by": dict(senders),
            "notices": {name: count for name, count in notices.items() if name},
            "claims": self.claims,
            "takeovers": self.takeovers,
            "reconnections": sum(witness.reconnections for witness in self.witnesses),
            "struck": {f"{kind} {how}": count for (kind, how), count in sorted(self.struck.items())},
            "messenger": self._on_messenger(),
            "ended_by_themselves": [f"{one.name}: {one.how}" for one in self.ended],
            "events": dict(self.events.most_common()),
            "ack_median_ms": _median_ms(self.witnesses),
            "wrote_s": round(self.wrote_s, 1),
            "took_s": round(self.took_s, 1),
        }

    def _on_messenger(self) -> dict[str, Any]:
        """What Meta knows, beside what we noted."""
        conversations = self.snapshot.conversations.values()
        problems = Counter(problem for one in conversations for name, problem in one.marks.items())
        return {
            **self.messenger,
            "attempts": sum(name.startswith("attempt ") for one in conversations for name in one.sends),
            "sent_again": self.events["message.repeated"],
            "failed": dict(problems),
        }

    def as_json(self) -> dict[str, Any]:
        return {**self.figures(), "violations": [_as_json(violation) for violation in self.violations]}

    def lines(self) -> Iterator[str]:
        """For people: one line when all is well, else each violation with the log around it."""
        figures = self.figures()
        kills = ", ".join(f"{kind} {self.kills(kind)}" for kind in KINDS)
        others = sum(self.struck.values()) - sum(self.kills(kind) for kind in KINDS)
        yield (
            f"seed {self.seed}: {figures['messages']} messages in {figures['conversations']} conversations, "
            f"{figures['handled_by_the_assistant']} turns, {figures['notices'].get('handed_over', 0)} handoffs, "
            f"{self.takeovers} takeovers; SIGKILL of {kills}, {others} other blows; {self.took_s:.0f} s; "
            f"{len(self.violations)} violations"
        )
        if self.messenger:
            on_messenger = figures["messenger"]
            yield (
                f"  Messenger: {on_messenger['sent']} sent in {on_messenger['attempts']} attempts, "
                f"{on_messenger['uncertain']} uncertain of which {on_messenger['uncertain_and_arrived']} arrived, "
                f"{on_messenger['looked_up']} looked up, {on_messenger['sent_again']} sent again; "
                f"killed over {sum(on_messenger['strikes'].values())} messages"
            )
        for one in self.ended:
            yield f"  {one.name} ended by itself{'' if one.was_up else ' while starting'}: {one.how}"
        for violation in self.violations:
            yield from self._explained(violation)

    def _explained(self, violation: Violation) -> Iterator[str]:
        where = violation.conversation_id or "none"
        yield f"  [{violation.rule}] seed {self.seed}, conversation {where}: {violation.what}"
        stored = self.snapshot.conversations.get(violation.conversation_id)
        if stored:
            yield f"      owner {stored.owner}, version {stored.fields.get('version')}"
            yield from (f"      {line}" for line in _around(stored.log, violation.entry_id))


def totals(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Of all seeds together."""
    rules = Counter(violation.rule for outcome in outcomes for violation in outcome.violations)
    return {
        "seeds": len(outcomes),
        "messages": sum(outcome.figures()["messages"] for outcome in outcomes),
        "kills": {kind: sum(outcome.kills(kind) for outcome in outcomes) for kind in KINDS},
        "took_s": round(sum(outcome.took_s for outcome in outcomes), 1),
        "violations": sum(rules.values()),
        "violations_by_rule": dict(rules),
    }


def _around(log: Any, entry_id: str) -> Iterator[str]:
    entries = timeline(log)
    at = next((n for n, entry in enumerate(entries) if entry.message.entry_id == entry_id), len(entries) - 1)
    for entry in entries[max(0, at - ENTRIES_BEFORE) : at + ENTRIES_AFTER + 1]:
        message = entry.message
        mark = ">" if message.entry_id == entry_id else " "
        about = " ".join(filter(None, (message.template, message.notice, message.in_reply_to[:8])))
        text = message.text[:TEXT_CHARS].replace("\n", " ")
        yield f"{mark} {message.entry_id} {entry.after:9} {message.sender:9} {message.id[:8]} {about} | {text}"


def _as_json(violation: Violation) -> dict[str, str]:
    return {
        "rule": violation.rule,
        "conversation_id": violation.conversation_id,
        "what": violation.what,
        "entry_id": violation.entry_id,
    }


def _median_ms(witnesses: Sequence[Witness]) -> float | None:
    times = [sent.ack_s for witness in witnesses for sent in witness.sent if sent.ack_s is not None]
    return round(statistics.median(times) * 1000, 1) if times else None
