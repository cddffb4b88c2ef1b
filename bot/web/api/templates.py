"""Answers and models over the API."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from sanic import Request

from bot.answers import unknown_variables
from bot.errors import Forbidden, InvalidMessage
from bot.model import Button, Template
from bot.store.work import now_ms
from bot.web.api.mounting import operation
from bot.web.api.shapes import ModelList, TemplateEdit, TemplateList
from bot.web.channels.intake import PAYLOAD
from bot.web.editor.checks import MAX_TEXT_CHARS, MAX_TITLE_CHARS, is_https_url
from bot.web.editor.form_parts import MAX_BUTTONS
from bot.web.editor.views import note_save
from bot.web.rights import EDITORS, STAFF


@operation("GET", "/templates", *STAFF, summary="Every answer", gives=TemplateList)
async def templates(request: Request) -> TemplateList:
    return TemplateList(await request.app.ctx.store.templates.all_published())


@operation("GET", "/templates/{name}", *STAFF, summary="One answer", gives=Template, errors=(404,))
async def template(request: Request, name: str) -> Template:
    found: Template = await request.app.ctx.store.templates.published(name)
    return found


@operation(
    "PUT",
    "/templates/{name}",
    *EDITORS,
    summary="Change an answer; live at once",
    takes=TemplateEdit,
    gives=Template,
    errors=(400, 404, 409),
)
async def edit_template(request: Request, name: str, body: TemplateEdit) -> Template:
    store = request.app.ctx.store
    rules, current = await store.editing_rules.get(), await store.templates.published(name)
    if rules.answers_need_review:
        raise Forbidden("a second person must look at an answer before customers read it: use the editor")
    edited = replace(
        current,
        text=body.text.replace("\r\n", "\n").strip(),
        title=current.title if body.title is None else body.title.strip(),
        buttons=current.buttons if body.buttons is None else tuple(body.buttons),
        edited_at_ms=now_ms(),
        edited_by=request.ctx.account.id,
        because="",
        written_by="",
    )
    check_template(edited, rules.fields)
    expected = current.version if body.version is None else body.version
    saved: Template = await store.templates.save(edited, expected_version=expected)
    await note_save(request, "template.saved", saved)
    return saved


@operation("GET", "/models", *EDITORS, summary="The trained models", gives=ModelList)
async def models(request: Request) -> ModelList:
    store = request.app.ctx.store
    active = await store.models.active()
    return ModelList(await store.models.all(), active.name if active else None)


def check_template(template: Template, own: Container[str]) -> None:
    """Raise InvalidMessage for an answer that a customer could not be sent. own: the company's variables."""
    if not 1 <= len(template.text) <= MAX_TEXT_CHARS:
        raise InvalidMessage(f"text: expected 1 to {MAX_TEXT_CHARS} characters, got {len(template.text)}")
    if len(template.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"title: expected at most {MAX_TITLE_CHARS} characters, got {len(template.title)}")
    if unknown := unknown_variables(template.text, own):
        raise InvalidMessage(f"text: unknown variable {{{unknown[0]}}}")
    if len(template.buttons) > MAX_BUTTONS:
        raise InvalidMessage(f"buttons: expected at most {MAX_BUTTONS}, got {len(template.buttons)}")
    for button in template.buttons:
        _check_button(button)


def _check_button(button: Button) -> None:
    if not button.title.strip() or len(button.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"buttons: expected a title of 1 to {MAX_TITLE_CHARS} characters")
    if bool(button.payload) == bool(button.url):
        raise InvalidMessage("buttons: expected either a payload or a url")
    if button.url and not is_https_url(button.url):
        raise InvalidMessage("buttons: expected a whole address that starts with https://")
    if button.payload and not PAYLOAD.fullmatch(button.payload):
        raise InvalidMessage("buttons: expected a payload as /faq_ruilen")
