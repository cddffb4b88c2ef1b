"""What the page about an experiment shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from sanic import Request

from bot.learning import is_for_editors
from bot.model import ModelRecord
from bot.personal_data import masked
from bot.store import Store
from bot.store.experiments import MAX_DAYS, MAX_SHARE, Difference, Experiment
from bot.store.trainings import Became
from bot.web.names import names_by_id
from bot.web.training.going_live import failed_tests
from bot.web.trials.form import others

# So many differences are shown; the store keeps more, of which some may be gone with their conversation.
MOST_DIFFERENCES = 50
ENDINGS = {
    "stopped": "gestopt",
    "expired": "de tijd was om",
    "refused": "een assistent kon het model niet laden",
    "failing": "het model gaf te vaak een fout",
    "replaced": "er ging een ander model live",
}
OUTCOMES = {"answer": "antwoord", "ask": "vraagt terug", "human": "naar een medewerker"}


@dataclass(frozen=True)
class ExperimentForm:
    """As it was filled in."""

    model: str = ""
    mode: str = "shadow"
    share: str = "10"
    days: str = "7"


@dataclass(frozen=True)
class ArmFigures:
    """What one of the two models did. Shares are of its messages, in percent."""

    messages: int
    answered: int
    asked: int
    handed_over: int
    helped: int
    not_helped: int

    @classmethod
    def of(cls, figures: Mapping[str, int], arm: str) -> ArmFigures:
        names = ("answer", "ask", "human", "helped_yes", "helped_no")
        answered, asked, human, helped, not_helped = (figures.get(f"{arm}:{name}", 0) for name in names)
        return cls(answered + asked + human, answered, asked, human, helped, not_helped)

    def share(self, count: int) -> str:
        return f"{round(100 * count / self.messages)}%" if self.messages else "–"

    @property
    def helped_share(self) -> str:
        rated = self.helped + self.not_helped
        return f"{round(100 * self.helped / rated)}% van {rated}" if rated else "–"


@dataclass(frozen=True)
class Shown:
    """An experiment with its figures. failed: messages on which the challenger failed and the live model answered."""

    experiment: Experiment
    by: str
    live: ArmFigures
    challenger: ArmFigures
    same: int
    different: int
    failed: int
    ending: str

    @classmethod
    def of(cls, experiment: Experiment, figures: Mapping[str, int], names: Mapping[str, str]) -> Shown:
        same, different, failed = (figures.get(f"challenger:{what}", 0) for what in ("same", "different", "failed"))
        return cls(
            experiment,
            names.get(experiment.by, experiment.by),
            ArmFigures.of(figures, "live"),
            ArmFigures.of(figures, "challenger"),
            same,
            different,
            failed,
            ENDINGS.get(experiment.ending, experiment.ending),
        )


@dataclass(frozen=True)
class ShownDifference:
    conversation_id: str
    text: str
    live: str
    challenger: str


@dataclass(frozen=True)
class ExperimentPage:
    """running: the one that runs now; joined, assistants: on how many of them it is loaded."""

    models: list[ModelRecord]
    active: ModelRecord | None
    form: ExperimentForm
    running: Shown | None
    may_go_live: bool
    joined: int
    assistants: int
    over: list[Shown]
    differences: list[ShownDifference]
    may_read: bool
    errors: dict[str, str] = field(default_factory=dict)
    said: str = ""
    max_share: int = MAX_SHARE
    max_days: int = MAX_DAYS


async def load_experiment_page(
    request: Request, *, form: ExperimentForm | None = None, errors: dict[str, str] | None = None, said: str = ""
) -> ExperimentPage:
    store: Store = request.app.ctx.store
    running, names = await store.experiments.current(), await names_by_id(store)
    models, active = await store.models.all(), await store.models.active()
    about = [msgspec.json.decode(line) for line in (await store.work.alive()).values()]
    records = {record.name: record for record in models}
    candidates = others(models, active)
    return ExperimentPage(
        candidates,
        active,
        form or ExperimentForm(model=candidates[0].name if candidates else ""),
        Shown.of(running, await store.experiments.figures(), names) if running else None,
        bool(running and running.model in records and not failed_tests(records[running.model])),
        sum(one.get("challenger") == running.model for one in about) if running else 0,
        len(about),
        [Shown.of(one, one.figures, names) for one in await store.experiments.history()],
        await _differences(store),
        bool({"agent", "manager", "admin"} & set(request.ctx.account.roles)),
        errors or {},
        said,
    )


async def _differences(store: Store) -> list[ShownDifference]:
    titles = {topic.intent: topic.title for topic in await store.topics.all()}
    latest = (await store.experiments.differences())[:MOST_DIFFERENCES]
    conversations = await store.conversations.get_many(list(dict.fromkeys(one.conversation_id for one in latest)))
    readable = {one.id for one in conversations if is_for_editors(one)}
    found = [await _shown(store, one, titles) for one in latest if one.conversation_id in readable]
    return [one for one in found if one]


async def _shown(store: Store, one: Difference, titles: Mapping[str, str]) -> ShownDifference | None:
    """None when the message is gone, with its conversation or because the customer took it back."""
    message = await store.conversations.message_at(one.conversation_id, one.entry_id)
    if message is None or not message.text:
        return None
    return ShownDifference(
        one.conversation_id, masked(message.text), _in_words(one.live, titles), _in_words(one.challenger, titles)
    )


def _in_words(became: Became, titles: Mapping[str, str]) -> str:
    if became.answer:
        return f"{titles.get(became.answer, became.answer)} ({round(100 * became.confidence)}%)"
    return OUTCOMES.get(became.outcome, became.outcome)
