"""The topics' pages: the list, a new one, and one with its examples."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import EditConflict, InvalidMessage
from bot.store.topics import Topic
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import fields, line_field, text_field
from bot.web.pages import render
from bot.web.rights import EDITORS
from bot.web.topics.departments import give_topic
from bot.web.topics.first_answer import give_answer
from bot.web.topics.form import TopicForm
from bot.web.topics.listing import load_list_page
from bot.web.topics.new_form import NewTopicForm, answer_errors, button_title
from bot.web.topics.saving import ExamplesElsewhere, make_topic
from bot.web.topics.topic_page import Limits, load_topic_page

editors_only = signed_in(*EDITORS)

# What the page says after it was opened again, by the value of `done`.
DONE = {
    "saved": "Opgeslagen. De assistent leert het bij de volgende training.",
    "created": "Het onderwerp is gemaakt. De assistent kent het na de volgende training.",
    "answered": "Het antwoord is opgeslagen.",
    "proposed": "Opgeslagen als concept. Klanten lezen het zodra een collega het heeft nagekeken.",
    "merged": "Samengevoegd. De assistent leert het bij de volgende training.",
    "retired": "Uit gebruik gehaald. De assistent geeft dit antwoord niet meer: een medewerker krijgt de vraag.",
    "revived": "Weer in gebruik. De assistent leert het bij de volgende training.",
    "restored": "De oude versie is teruggezet.",
}


@editors_only
async def list_topics(request: Request) -> HTTPResponse:
    """Every topic, or those with the words of `q`."""
    query = " ".join(request.args.get("q", "").split())[:100]
    page = await load_list_page(request.app.ctx.store, query, request.args.get("filter", ""))
    return render(request, "topics/list.html", page=page)


@editors_only
async def show_new(request: Request) -> HTTPResponse:
    """The form for one more."""
    return await show_new_form(request, NewTopicForm())


@editors_only
async def create(request: Request) -> HTTPResponse:
    """One more question, with its answer."""
    store, form = request.app.ctx.store, NewTopicForm.read(request)
    if errors := form.errors((await store.editing_rules.get()).fields):
        return await show_new_form(request, form, 400, errors=errors)
    by = request.ctx.account.id
    # Only what the page showed: the same form once more would take them from the topic that it just made.
    take_from = [form.split_from, *(fields(request, "take_from") if line_field(request, "deed") == "take" else ())]
    try:
        made = await make_topic(store, form.topic(by=by), by=by, take_from=take_from)
    except ExamplesElsewhere as exc:
        return await show_new_form(request, form, 400, elsewhere=exc.places)
    except EditConflict:
        problem = "Iemand anders sloeg net hetzelfde onderwerp op. Er is nog niets gemaakt: probeer het nog eens."
        return await show_new_form(request, form, 409, problem=problem)
    if form.department:
        await give_topic(store, made.intent, form.department)
        await note_deed(request, "department.saved", form.department, made.intent)
    await note_deed(request, "topic.created", made.intent)
    return to_topic(made, "created")


@editors_only
async def show_topic(request: Request, intent: str) -> HTTPResponse:
    """The form with the topic as it is now."""
    topic = await request.app.ctx.store.topics.get(intent)
    done = DONE.get(request.args.get("done", ""), "") if request.args.get("version") == str(topic.version) else ""
    known = request.args.get("known", "")
    if done and known.isascii() and known.isdigit() and len(known) < 5 and int(known):
        count = "Een voorbeeld stond" if known == "1" else f"{int(known)} voorbeelden stonden"
        done = f"{done} {count} er al."
    return await show(request, topic, notice=done, is_new=bool(done) and request.args.get("done") == "created")


@editors_only
async def answer(request: Request, intent: str) -> HTTPResponse:
    """Store the first answer of a topic that has none."""
    store, topic = request.app.ctx.store, await request.app.ctx.store.topics.get(intent)
    title = button_title(line_field(request, "answer_title"), topic.title)
    text = text_field(request, "answer_text")
    typed = {"answer_title": title, "answer_text": text}
    if not topic.is_question:
        raise InvalidMessage("expected a topic that is a question")
    if errors := answer_errors(title, text, (await store.editing_rules.get()).fields):
        return await show(request, topic, status=400, errors=errors, answer_form=typed)
    try:
        saved = await give_answer(store, topic, title, text, by=request.ctx.account.id)
    except EditConflict:
        problem = "Iemand anders gaf dit onderwerp net een antwoord. Wat jij typte, staat hieronder nog."
        return await show(request, topic, status=409, problem=problem, answer_form=typed)
    if saved is None:
        await note_deed(request, "template.review", topic.answer)
        return to_topic(topic, "proposed")
    await note_deed(request, "template.saved", saved.name, f"versie {saved.version}")
    return to_topic(topic, "answered")


async def show(
    request: Request, topic: Topic, form: TopicForm | None = None, status: int = 200, **shown: Any
) -> HTTPResponse:
    """The page of one topic. shown: fields of TopicPage."""
    page = await load_topic_page(request, topic, form, **shown)
    return render(request, "topics/topic.html", status=status, page=page)


async def show_new_form(request: Request, form: NewTopicForm, status: int = 200, **shown: Any) -> HTTPResponse:
    """The page for a new topic. shown: errors, elsewhere, problem."""
    store = request.app.ctx.store
    departments = await store.departments.all()
    page = {"errors": {}, "elsewhere": {}, "problem": "", "departments": departments, "limits": Limits(), **shown}
    titles = {one.intent: one.title for one in await store.topics.standings()} if form.split_from else {}
    page["split_title"] = titles.get(form.split_from, form.split_from)
    return render(request, "topics/new.html", status=status, form=form, page=page)


def to_topic(topic: Topic, done: str, *, known: int = 0) -> HTTPResponse:
    """To its page, which says what was done. known: how many of the examples it had already."""
    more = f"&known={known}" if known > 0 else ""
    return redirect(f"/topics/{quote(topic.intent)}?done={done}&version={topic.version}{more}", status=303)
