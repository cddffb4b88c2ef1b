"""Answers and models over the API."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace

import msgspec
from sanic import Request

from bot.answers import unknown_variables
from bot.errors import Forbidden, InvalidMessage
from bot.model import Button, Image, Template, Variant
from bot.store.work import now_ms
from bot.web.api.mounting import operation
from bot.web.api.shapes import ModelList, TemplateEdit, TemplateList
from bot.web.channels.intake import PAYLOAD
from bot.web.editor.checks import MAX_TEXT_CHARS, MAX_TITLE_CHARS, has_loose_braces, is_https_url
from bot.web.editor.form import MAX_BECAUSE_CHARS, AnswerForm
from bot.web.editor.form_parts import MAX_ALT_CHARS, MAX_BUTTONS, MAX_VARIANTS
from bot.web.editor.style import style_errors
from bot.web.editor.views import note_save
from bot.web.pages import CHANNELS
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
        variants=current.variants if body.variants is None else tuple(body.variants),
        image=current.image if isinstance(body.image, msgspec.UnsetType) else body.image,
        edited_at_ms=now_ms(),
        edited_by=request.ctx.account.id,
        because=body.because.strip(),
        written_by="",
        is_removed=False,
    )
    check_template(edited, rules.fields)
    for place, error in style_errors(name, AnswerForm.of(edited), await store.house_style.get()).items():
        raise InvalidMessage(f"{place}: {error}")
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
    if len(template.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"title: expected at most {MAX_TITLE_CHARS} characters, got {len(template.title)}")
    if len(template.because) > MAX_BECAUSE_CHARS:
        raise InvalidMessage(f"because: expected at most {MAX_BECAUSE_CHARS} characters, got {len(template.because)}")
    _check_text("text", template.text, own)
    _check_variants(template.variants, own)
    if template.image:
        _check_image(template.image)
    if len(template.buttons) > MAX_BUTTONS:
        raise InvalidMessage(f"buttons: expected at most {MAX_BUTTONS}, got {len(template.buttons)}")
    for button in template.buttons:
        _check_button(button)


def _check_text(what: str, text: str, own: Container[str]) -> None:
    if not text.strip() or len(text) > MAX_TEXT_CHARS:
        raise InvalidMessage(f"{what}: expected 1 to {MAX_TEXT_CHARS} characters, got {len(text)}")
    if unknown := unknown_variables(text, own):
        raise InvalidMessage(f"{what}: unknown variable {{{unknown[0]}}}")
    if has_loose_braces(text):
        raise InvalidMessage(f"{what}: expected braces only around a variable, as {{wanneer}}")


def _check_variants(variants: Sequence[Variant], own: Container[str]) -> None:
    if len(variants) > MAX_VARIANTS:
        raise InvalidMessage(f"variants: expected at most {MAX_VARIANTS}, got {len(variants)}")
    for variant in variants:
        _check_text("variants: text", variant.text, own)
        if variant.channel and variant.channel not in CHANNELS:
            raise InvalidMessage(f"variants: expected a channel of {', '.join(CHANNELS)}, or none")


def _check_image(image: Image) -> None:
    if not is_https_url(image.url):
        raise InvalidMessage("image: expected a whole address that starts with https://")
    if not 1 <= len(image.alt.strip()) <= MAX_ALT_CHARS:
        raise InvalidMessage(f"image: expected an alt of 1 to {MAX_ALT_CHARS} characters, for who can't see it")


def _check_button(button: Button) -> None:
    if not button.title.strip() or len(button.title) > MAX_TITLE_CHARS:
        raise InvalidMessage(f"buttons: expected a title of 1 to {MAX_TITLE_CHARS} characters")
    if bool(button.payload) == bool(button.url):
        raise InvalidMessage("buttons: expected either a payload or a url")
    if button.url and not is_https_url(button.url):
        raise InvalidMessage("buttons: expected a whole address that starts with https://")
    if button.payload and not PAYLOAD.fullmatch(button.payload):
        raise InvalidMessage("buttons: expected a payload as /faq_ruilen")
