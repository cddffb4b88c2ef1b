"""Training, and letting another model answer: what must be right before that, and what is written down."""

from __future__ import annotations

from dataclasses import replace

from sanic import Request

from bot.errors import Conflict, Forbidden, InvalidMessage
from bot.model import ModelRecord
from bot.store import Store
from bot.store.trainings import Training
from bot.web.audit.noting import note_deed
from bot.web.rights import MANAGERS

MAX_REASON_CHARS = 300


class NotPassed(Conflict):
    """The model fails test messages, and nobody said why it may answer all the same."""

    code = "golden_set"


class NoFile(Conflict):
    """The model's file is not kept any more."""

    code = "no_file"


class NoneBefore(Conflict):
    """There is no other model to go back to, or somebody went back already."""

    code = "none_before"


async def ask_training(request: Request) -> Training:
    """A training with all changes of now; only a new one is in the audit log."""
    store = request.app.ctx.store
    known = {one.id for one in await store.trainings.all()}
    training: Training = await store.trainings.ask(request.ctx.account.id)
    if training.id not in known:
        await note_deed(request, "training.asked", training.id)
    return training


def failed_tests(record: ModelRecord) -> int:
    """How many test messages it got wrong when it was trained."""
    return len((record.card.get("golden") or {}).get("failed_lines") or ())


async def activate(request: Request, record: ModelRecord, reason: str = "") -> None:
    """Answer with this model from now on, on all assistants.

    reason: why it may although it fails test messages, for managers. Raises NotPassed, Forbidden, InvalidMessage and
    NoFile.
    """
    store = request.app.ctx.store
    failed = failed_tests(record)
    if failed and not reason:
        raise NotPassed(f"{record.name} fails {failed} test messages; give a reason to let it answer all the same")
    if failed and not set(MANAGERS) & set(request.ctx.account.roles):
        raise Forbidden("only a manager lets a model answer that fails test messages")
    if len(reason) > MAX_REASON_CHARS:
        raise InvalidMessage(f"reason: expected at most {MAX_REASON_CHARS} characters")
    await _require_file(request, record)
    if failed:
        golden = {**record.card["golden"], "override": reason, "override_by": request.ctx.account.id}
        await store.models.register(replace(record, card={**record.card, "golden": golden}))
    await store.models.activate(record.name)
    await note_deed(
        request, "training.overridden" if failed else "training.live", record.name, reason if failed else ""
    )


async def roll_back(request: Request, *, from_model: str = "") -> ModelRecord:
    """Answer with the model of before again. from_model: the one that whoever asks saw; another one is left alone.

    Raises NoneBefore, NoFile.
    """
    store: Store = request.app.ctx.store
    activated = await store.models.activated()
    if len(activated) < 2 or (from_model and activated[0].name != from_model):
        raise NoneBefore("no other model was active before this one, or another one is active by now")
    before = activated[1]
    await _require_file(request, before)
    await store.models.activate(before.name)
    await note_deed(request, "training.rolled_back", before.name, f"in plaats van {activated[0].name}")
    return before


async def _require_file(request: Request, record: ModelRecord) -> None:
    if not request.app.ctx.settings.model_url and not await request.app.ctx.store.models.is_to_be_had(record):
        raise NoFile(f"the file of model {record.name} is not kept any more; train a new one")
