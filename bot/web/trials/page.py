"""What the page of a trial shows: what each model makes of it, in Dutch words and with links."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sanic import Request

from bot import emergencies
from bot.answers import render
from bot.errors import NotFound
from bot.model import REASONS, Handoff, Message, ModelRecord, Nlu
from bot.store import Store
from bot.store.plans import as_planned
from bot.store.topics import OUT_OF_SCOPE, Topic
from bot.store.trials import Place, Trial, Tried
from bot.store.work import now_ms
from bot.web.desk.words import ENTITIES
from bot.web.trials.form import MAX_TEXT_CHARS, TrialForm, others

# After so long without an answer there is somebody missing.
PATIENCE_MS: dict[Place, int] = {"live": 10_000, "other": 60_000}
MOST_SCORES = 5


@dataclass(frozen=True)
class Score:
    """A row of the ranking. percent: whole numbers read better than 0.9312."""

    intent: str
    title: str
    confidence: float
    is_topic: bool

    @property
    def percent(self) -> int:
        return round(100 * self.confidence)


@dataclass(frozen=True)
class Said:
    """One message to the customer. origin: which of an answer's texts it is, empty for the published one.

    draft: what it would be if the draft was published, empty without one. has_answer: there is a page of the answer.
    """

    message: Message
    origin: str = ""
    draft: str = ""
    has_answer: bool = False


@dataclass(frozen=True)
class Column:
    """What one model makes of it. tried: None as long as that is not known; problem: why it won't be."""

    place: Place
    model: str
    tried: Tried | None = None
    problem: str = ""
    outcome: str = ""
    scores: list[Score] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    entities: list[tuple[str, str]] = field(default_factory=list)

    @property
    def waits(self) -> bool:
        return self.tried is None and not self.problem


@dataclass(frozen=True)
class TrialPage:
    """urgent: what the customer reads instead, because the words themselves say that somebody is in danger."""

    form: TrialForm
    models: list[ModelRecord]
    active: ModelRecord | None
    errors: dict[str, str] = field(default_factory=dict)
    trial: Trial | None = None
    columns: list[Column] = field(default_factory=list)
    topics: dict[str, Topic] = field(default_factory=dict)
    urgent: str = ""
    banner: str = ""
    learned: str = ""
    max_chars: int = MAX_TEXT_CHARS

    @property
    def waits(self) -> bool:
        return any(column.waits for column in self.columns)

    @property
    def likeliest(self) -> str:
        """The topic that a lesson is most probably for: what the other model says first, which knows more."""
        ranked = [score.intent for one in reversed(self.columns) for score in one.scores if score.intent in self.topics]
        return ranked[0] if ranked else ""


async def load_form_page(request: Request, form: TrialForm, **more: object) -> TrialPage:
    models, active = await request.app.ctx.store.models.all(), await request.app.ctx.store.models.active()
    return TrialPage(form, others(models, active), active, **more)  # type: ignore[arg-type]


async def load_trial_page(request: Request, trial_id: str, **more: object) -> TrialPage:
    """Raises NotFound."""
    store: Store = request.app.ctx.store
    trial, tried = await store.trials.get(trial_id)
    topics = {topic.intent: topic for topic in await store.topics.all()}
    models, active = await store.models.all(), await store.models.active()
    columns = [await _column(request, trial, "live", active.name if active else "", tried, topics)]
    if trial.other:
        columns.append(await _column(request, trial, "other", trial.other, tried, topics))
    crisis = await store.crisis.get()
    return TrialPage(
        TrialForm.of(trial),
        others(models, active),
        active,
        trial=trial,
        columns=columns,
        topics=topics,
        urgent=await _urgent(request, trial),
        banner=crisis.banner if crisis.holds(now_ms()) else "",
        **more,  # type: ignore[arg-type]
    )


async def _column(
    request: Request,
    trial: Trial,
    place: Place,
    model: str,
    all_tried: Mapping[Place, Tried],
    topics: Mapping[str, Topic],
) -> Column:
    tried = all_tried.get(place)
    if tried is None:
        return Column(place, model, problem=await _missing(request, trial, place))
    if tried.problem:
        return Column(place, tried.model or model, tried, _PROBLEMS.get(tried.problem, _PROBLEMS["failed"]))
    return Column(
        place,
        tried.model or model,
        tried,
        outcome=await _outcome(request, tried, topics),
        scores=_scores(tried.nlu, topics),
        said=[await _said(request, reply, trial) for reply in tried.replies],
        entities=[(ENTITIES.get(one["entity"], one["entity"]), str(one["value"])) for one in tried.nlu.entities],
    )


_PROBLEMS = {
    "refused": "Dit model kan niet geladen worden. In het logboek van de assistent staat waarom.",
    "failed": "Het model gaf een fout op dit bericht. Een klant zou naar een medewerker gaan.",
}


async def _missing(request: Request, trial: Trial, place: Place) -> str:
    """Why there is no answer, or an empty string while it may still come."""
    if not await request.app.ctx.store.work.alive():
        return "Er draait nu geen assistent. Klanten gaan naar een medewerker. Vraag de beheerder om dit na te kijken."
    if now_ms() - trial.asked_at_ms < PATIENCE_MS[place]:
        return ""
    if place == "live":
        return "De assistent heeft het te druk met klanten. Probeer het zo nog eens."
    return "Dit model geeft geen antwoord. Probeer het zo nog eens."


async def _outcome(request: Request, tried: Tried, topics: Mapping[str, Topic]) -> str:
    """In one sentence what happens."""
    if tried.handoff:
        department = await request.app.ctx.store.departments.of_handoff(tried.handoff)
        reason = REASONS.get(tried.handoff.reason, tried.handoff.reason)
        return f"Gaat naar een medewerker van {department.name}: {reason.lower()}."
    if not tried.replies:
        return "De assistent zegt niets terug."
    if tried.nlu.outcome == "ask":
        return "De assistent vraagt wat de klant bedoelt."
    return f"Krijgt het antwoord op: {_title(tried.nlu.intent, topics)}."


def _scores(nlu: Nlu, topics: Mapping[str, Topic]) -> list[Score]:
    return [
        Score(row.name, _title(row.name, topics), row.confidence, row.name in topics)
        for row in nlu.ranking[:MOST_SCORES]
    ]


def _title(intent: str, topics: Mapping[str, Topic]) -> str:
    if intent in topics:
        return topics[intent].title
    return "Geen van de onderwerpen" if intent == OUT_OF_SCOPE else intent


async def _said(request: Request, reply: Message, trial: Trial) -> Said:
    """With where its words come from."""
    store: Store = request.app.ctx.store
    try:
        published = await store.templates.published(reply.template)
    except NotFound:
        return Said(reply)
    draft = await store.answer_drafts.get(reply.template)
    values = await request.app.ctx.answers.values(channel=trial.channel)
    crisis, at_ms = await store.crisis.get(), now_ms()
    if crisis.holds(at_ms) and reply.template in crisis.texts:
        origin = "Tekst voor de crisis"
    elif as_planned(published, await store.plans.of(reply.template), at_ms) != published:
        origin = "Ingeplande tekst"
    else:
        origin = "Variant" if len(published.wordings(trial.channel)) > 1 else ""
    return Said(reply, origin, render(draft.template.text, values) if draft else "", has_answer=True)


async def _urgent(request: Request, trial: Trial) -> str:
    """Before any model reads it, as bot.web.channels.intake does with a customer's message."""
    kind = emergencies.kind_of(trial.text)
    if not kind:
        return ""
    handoff = Handoff(kind, "urgent", now_ms())
    said: Message = await request.app.ctx.answers.handover(handoff, uuid.uuid4().hex, channel=trial.channel)
    return said.text
