"""The page to try messages on: parse, call the store, show."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import InvalidMessage, NotFound
from bot.store.attempts import Limit
from bot.store.topics import MAX_EXAMPLE_CHARS, MAX_EXAMPLES, OUT_OF_SCOPE
from bot.store.trials import Trial
from bot.store.work import now_ms
from bot.web.access import signed_in, wants_fragment
from bot.web.audit.noting import note_deed
from bot.web.form_fields import field, line_field
from bot.web.pages import render
from bot.web.rights import EDITORS
from bot.web.trials.form import TrialForm, proposed
from bot.web.trials.lessons import add_example, add_test
from bot.web.trials.page import TrialPage, load_form_page, load_trial_page

editors_only = signed_in(*EDITORS)

# Of one account; each costs an assistant, and perhaps a second model, some tenths of a second.
LIMIT = Limit("trials", 30, 60)


@editors_only
async def show_form(request: Request) -> HTTPResponse:
    """The empty form, with the newest model beside the live one if that waits to go live."""
    store = request.app.ctx.store
    other = proposed(await store.models.all(), await store.models.active())
    text = str(request.args.get("text", ""))[:2000]
    return _show(request, await load_form_page(request, TrialForm(text, other=other)))


@editors_only
async def ask(request: Request) -> HTTPResponse:
    """Let models answer the message, and show what comes of it on its own page."""
    store, form = request.app.ctx.store, TrialForm.read(request)
    errors = form.errors({record.name for record in await store.models.all()})
    if errors:
        return _show(request, await load_form_page(request, form, errors=errors), 400)
    if not await store.attempts.add(LIMIT, request.ctx.account.id):
        slow = {"": f"Je probeert meer dan {LIMIT.amount} berichten in een minuut. Wacht even en probeer het opnieuw."}
        return _show(request, await load_form_page(request, form, errors=slow), 429)
    trial = Trial(uuid.uuid4().hex, form.text, form.channel, form.before, form.other, now_ms())
    await store.trials.ask(trial)
    return redirect(f"/trials/{trial.id}", status=303)


@editors_only
async def show_trial(request: Request, trial_id: str) -> HTTPResponse:
    """What came of it so far; to a script only that part of the page."""
    learned = _LEARNED.get(request.args.get("learned", ""), "")
    page = await load_trial_page(request, trial_id, learned=learned)
    if wants_fragment(request):
        return render(request, "trials/_results.html", page=page)
    return _show(request, page)


@editors_only
async def learn(request: Request, trial_id: str) -> HTTPResponse:
    """Make the message an example of a topic, or a test that every model must pass."""
    store, account_id = request.app.ctx.store, request.ctx.account.id
    trial, _ = await store.trials.get(trial_id)
    what, intent = line_field(request, "what"), line_field(request, "intent")
    if what not in _LEARNED:
        raise InvalidMessage("what: expected example or test")
    try:
        if what == "example":
            await add_example(store.topics, intent, trial.text, by=account_id)
        else:
            must_answer = bool(field(request, "must_answer")) and intent != OUT_OF_SCOPE
            await add_test(store.topics, intent, trial.text, must_answer=must_answer, by=account_id)
    except NotFound:
        return await _refused(request, trial_id, "Kies een onderwerp.", 400)
    except InvalidMessage:
        return await _refused(request, trial_id, _TOO_LONG, 400)
    await note_deed(request, "trial.example" if what == "example" else "trial.test", intent)
    return redirect(f"/trials/{quote(trial_id, safe='')}?learned={what}", status=303)


_LEARNED = {
    "example": "Het bericht is een voorbeeld geworden. Het telt mee zodra je een nieuw model traint.",
    "test": "Het bericht is een toetsvraag geworden. Elk nieuw model wordt ermee getoetst.",
}
_TOO_LONG = (
    f"Dit bericht kan er niet bij: een voorbeeld heeft hoogstens {MAX_EXAMPLE_CHARS} tekens, en een onderwerp "
    f"hoogstens {MAX_EXAMPLES} voorbeelden."
)


async def _refused(request: Request, trial_id: str, why: str, status: int) -> HTTPResponse:
    return _show(request, await load_trial_page(request, trial_id, errors={"intent": why}), status)


def _show(request: Request, page: TrialPage, status: int = 200) -> HTTPResponse:
    return render(request, "trials/trials.html", status=status, page=page)
