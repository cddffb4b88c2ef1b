"""What the pages about training show, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from bot.model import ModelRecord
from bot.personal_data import masked
from bot.store import Store
from bot.store.trainings import Change, Confusion, Report, Training
from bot.web.editor.people import load_names
from bot.web.topics.topic_page import untrained_changes
from bot.web.topics.words import changes as topic_changes
from bot.web.training import words
from bot.web.training.going_live import failed_tests

# A page is read by a person; the rest is counted.
SHOWN = 30
SHOWN_TOPICS = 50


@dataclass(frozen=True)
class TrainingRow:
    """One training in the list. by: who asked for it."""

    training: Training
    by: str
    state: str
    tests: str
    is_live: bool


@dataclass(frozen=True)
class AssistantRow:
    """What an assistant that runs answers with."""

    name: str
    model: str
    is_current: bool
    has_refused: bool


@dataclass(frozen=True)
class ListPage:
    """What list.html shows. untrained: topics that were changed since the active model; active: None before the first.

    before: the model that one goes back to. now: the training that waits or runs. problem: why a deed was refused.
    """

    rows: Sequence[TrainingRow]
    active: ModelRecord | None
    before: ModelRecord | None
    assistants: Sequence[AssistantRow]
    untrained: int
    now: Training | None
    has_trainer: bool
    done: str = ""
    problem: str = ""

    @property
    def is_live(self) -> bool:
        """Whether something on the page may change by itself."""
        return self.now is not None or any(not one.is_current and not one.has_refused for one in self.assistants)


@dataclass(frozen=True)
class Shown:
    """One message that becomes something else. expected: of a test message."""

    text: str
    before: str
    after: str
    expected: str = ""


@dataclass(frozen=True)
class Mixed:
    """Two topics that the model mixes."""

    confusion: Confusion
    title: str
    taken_for: str


@dataclass(frozen=True)
class TopicChange:
    """What is new about a topic since the active model was trained."""

    intent: str
    title: str
    what: Sequence[str]


@dataclass(frozen=True)
class TrainingPage:
    """What training.html shows. record, report: once it is done; None when they are too long ago.

    newer: topics that were changed after it read them. messages: kind -> some of the messages.
    """

    training: Training
    by: str
    state: str
    step: str
    has_trainer: bool
    record: ModelRecord | None = None
    report: Report | None = None
    is_live: bool = False
    was_live: bool = False
    live_by: str = ""
    failed: int = 0
    newer: int = 0
    figures_before: dict[str, str] = field(default_factory=dict)
    figures_after: dict[str, str] = field(default_factory=dict)
    failures: Sequence[Shown] = ()
    tests: Sequence[Shown] = ()
    messages: dict[str, Sequence[Shown]] = field(default_factory=dict)
    mixed: Sequence[Mixed] = ()
    topics: Sequence[TopicChange] = ()
    assistants: Sequence[AssistantRow] = ()
    may_override: bool = False
    reason: str = ""
    problem: str = ""
    kinds: dict[str, tuple[str, str]] = field(default_factory=lambda: words.KINDS)

    @property
    def reason_words(self) -> str:
        """Why it failed."""
        return words.REASONS.get(self.training.reason, "")

    @property
    def has_unmeasured(self) -> bool:
        """Whether there is a figure that its model has not."""
        return words.UNMEASURED in self.figures_after.values()

    @property
    def waits(self) -> bool:
        """Whether something on the page may change by itself."""
        settled = bool(self.assistants) and all(one.is_current or one.has_refused for one in self.assistants)
        return not self.training.is_over or (self.is_live and not settled)


async def load_list_page(store: Store, *, done: str = "", problem: str = "") -> ListPage:
    trainings, names = await store.trainings.all(), (await load_names(store)).of
    models = {record.name: record for record in await store.models.all()}
    activated = await store.models.activated()
    active = await store.models.active()
    rows = [
        TrainingRow(
            training=one,
            by=names(one.asked_by),
            state=words.STATES[one.state],
            tests=_tests(models.get(one.model)),
            is_live=bool(active and one.model == active.name),
        )
        for one in trainings
    ]
    return ListPage(
        rows=rows,
        active=active,
        before=activated[1] if len(activated) > 1 else None,
        assistants=await load_assistants(store, active),
        untrained=await untrained_changes(store),
        now=next((one for one in trainings if not one.is_over), None),
        has_trainer=bool(await store.trainings.trainers()),
        done=done,
        problem=problem,
    )


async def load_assistants(store: Store, active: ModelRecord | None) -> list[AssistantRow]:
    """Those that run, by name."""
    found = []
    for name, said in sorted((await store.work.alive()).items()):
        about = msgspec.json.decode(said)
        model = about.get("model") or ""
        refused = bool(active and about.get("refused") == active.name)
        found.append(AssistantRow(name, model, bool(active and model == active.name), refused))
    return found


async def load_training_page(
    store: Store, training: Training, *, may_override: bool, reason: str = "", problem: str = ""
) -> TrainingPage:
    names = (await load_names(store)).of
    page = TrainingPage(
        training,
        by=names(training.asked_by),
        state=words.STATES[training.state],
        step=words.STEPS.get(training.step, ""),
        has_trainer=bool(await store.trainings.trainers()),
    )
    record = next((one for one in await store.models.all() if one.name == training.model), None)
    if training.state != "done" or record is None:
        return page
    active = await store.models.active()
    report = await store.trainings.report(training.id)
    before = next((one for one in await store.models.all() if report and one.name == report.before), None)
    titles = {topic.intent: topic.title for topic in await store.topics.all(retired=True)}
    golden = record.card.get("golden") or {}
    return TrainingPage(
        **{name: getattr(page, name) for name in ("training", "by", "state", "step", "has_trainer")},
        record=record,
        report=report,
        is_live=bool(active and active.name == record.name),
        was_live=any(one.name == record.name for one in await store.models.activated()),
        live_by=names(golden["override_by"]) if golden.get("override_by") else "",
        failed=failed_tests(record),
        newer=await store.topics.changes() - record.card.get("topics_changes", training.topic_changes),
        figures_before=words.figures(before.card) if before else {},
        figures_after=words.figures(record.card),
        failures=_failures(report, titles) if report else (),
        tests=[_shown(one, titles, one.text) for one in report.golden_changes[:SHOWN]] if report else (),
        messages=await _messages(store, report, titles) if report else {},
        mixed=[
            Mixed(one, titles.get(one.intent, one.intent), titles.get(one.taken_for, one.taken_for))
            for one in (report.confusions if report else ())
        ],
        topics=await _topics(store, report.before, record.name, titles) if report and report.before else (),
        assistants=await load_assistants(store, active),
        may_override=may_override,
        reason=reason,
        problem=problem,
    )


def _tests(record: ModelRecord | None) -> str:
    golden = record.card.get("golden") if record else None
    if not record or not golden:
        return ""
    return f"{golden['n'] - failed_tests(record)} van {golden['n']} toetsvragen goed"


def _failures(report: Report, titles: dict[str, str]) -> list[Shown]:
    return [
        Shown(
            text=one.text,
            before=words.outcome(one.before, titles) if one.before else "",
            after=words.outcome(one.after, titles),
            expected=words.expected(one.intent, one.must_answer, titles),
        )
        for one in report.golden_failures
    ]


def _shown(change: Change, titles: dict[str, str], text: str) -> Shown:
    return Shown(text, words.outcome(change.before, titles), words.outcome(change.after, titles))


async def _messages(store: Store, report: Report, titles: dict[str, str]) -> dict[str, Sequence[Shown]]:
    """By kind, those that still are in their conversation's log."""
    found: dict[str, Sequence[Shown]] = {}
    for kind in words.KINDS:
        of_kind = [one for one in report.message_changes if _kind(one) == kind][:SHOWN]
        read = [await store.conversations.message_at(one.conversation_id, one.entry_id) for one in of_kind]
        found[kind] = [
            _shown(change, titles, masked(message.text))
            for change, message in zip(of_kind, read, strict=True)
            if message and message.text
        ]
    return found


def _kind(change: Change) -> str:
    if not change.after.answer:
        return "gone"
    return "other" if change.before.answer else "new"


async def _topics(store: Store, before: str, after: str, titles: dict[str, str]) -> list[TopicChange]:
    """What changed in each topic between the versions that two models were trained on."""
    old, new = await store.models.topics_of(before), await store.models.topics_of(after)
    if old is None or new is None:
        return []
    # Of each its history is read, so no more than are shown.
    changed = [one for one in old.keys() | new.keys() if old.get(one) != new.get(one)]
    shown = sorted(changed, key=lambda one: titles.get(one, one))[:SHOWN_TOPICS]
    return [TopicChange(one, titles.get(one, one), await _what(store, one, old, new, titles)) for one in shown]


async def _what(
    store: Store, intent: str, old: dict[str, int], new: dict[str, int], titles: dict[str, str]
) -> list[str]:
    if intent not in old:
        return ["Nieuw onderwerp"]
    if intent not in new:
        return ["Uit gebruik gehaald"]
    history = {topic.version: topic for topic in await store.topics.history(intent)}
    before, after = history.get(old[intent]), history.get(new[intent])
    return topic_changes(before, after, titles) if before and after else ["Gewijzigd"]
