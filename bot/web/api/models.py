"""Training, and which model answers, over the API."""

from __future__ import annotations

from dataclasses import asdict

from sanic import Request

from bot.model import ModelRecord
from bot.store.trainings import Training
from bot.web.api.mounting import operation
from bot.web.api.shapes import Activation, TrainingResult
from bot.web.rights import EDITORS
from bot.web.training.going_live import activate, ask_training, roll_back


@operation(
    "POST",
    "/trainings",
    *EDITORS,
    summary="Train a model on the topics of now; one that waits, or runs with the same topics, is given instead",
    gives=Training,
)
async def start_training(request: Request) -> Training:
    return await ask_training(request)


@operation(
    "GET",
    "/trainings/{id}",
    *EDITORS,
    summary="How far a training is, and what changes with its model once it is done",
    gives=TrainingResult,
    errors=(404,),
)
async def training(request: Request, training_id: str) -> TrainingResult:
    found = await request.app.ctx.store.trainings.get(training_id)
    return TrainingResult(**asdict(found), report=await request.app.ctx.store.trainings.report(training_id))


@operation(
    "POST",
    "/models/{name}/activate",
    *EDITORS,
    summary="Let this model answer; one that fails test messages needs a manager and a `reason`",
    takes=Activation,
    gives=ModelRecord,
    errors=(400, 404, 409),
)
async def activate_model(request: Request, name: str, body: Activation) -> ModelRecord:
    store = request.app.ctx.store
    await activate(request, await store.models.get(name), " ".join(body.reason.split()))
    found: ModelRecord = await store.models.get(name)
    return found


@operation(
    "POST",
    "/models/rollback",
    *EDITORS,
    summary="Let the model answer that was active before this one",
    gives=ModelRecord,
    errors=(409,),
)
async def rollback_model(request: Request) -> ModelRecord:
    return await roll_back(request)
