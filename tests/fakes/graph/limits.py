"""What a message may hold. Whatever Meta would cut or refuse is refused here, so that a test sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.fakes.graph.errors import bad_parameter
from tests.fakes.graph.records import Json, Platform

MAX_TEXT_CHARS = 2000
MAX_INSTAGRAM_TEXT_BYTES = 1000
MAX_METADATA_CHARS = 1000
MAX_QUICK_REPLIES = 13
MAX_TITLE_CHARS = 20
MAX_PAYLOAD_CHARS = 1000
MAX_BUTTON_TEXT_CHARS = 640
MAX_BUTTONS = 3
MAX_ELEMENTS = 10
MAX_ELEMENT_CHARS = 80
MAX_IMAGES = {"messenger": 30, "instagram": 10}

CONTENT = ("text", "attachment", "attachments", "sticker_id", "template")
QUICK_REPLY_TYPES = frozenset({"text", "user_phone_number", "user_email"})
BUTTON_TYPES = frozenset(
    {"web_url", "postback", "phone_number", "account_link", "account_unlink", "game_play", "audio_call"}
)
ATTACHMENT_TYPES = frozenset({"image", "audio", "video", "file", "template", "like_heart", "MEDIA_SHARE"})


def check_message(message: Any, platform: Platform) -> None:
    """Raises GraphError 100 with what is wrong."""
    if not isinstance(message, dict):
        raise bad_parameter("Param message must be a JSON object")
    if not any(message.get(key) for key in CONTENT):
        raise bad_parameter("Leeg bericht: geen tekst en geen bijlage")
    if message.get("text") and (message.get("attachment") or message.get("attachments")):
        raise bad_parameter("Tekst en bijlage gaan niet samen in een bericht")
    if "text" in message:
        check_text(message["text"], platform)
    at_most(message.get("metadata", ""), MAX_METADATA_CHARS, "message[metadata]")
    check_quick_replies(message.get("quick_replies") or [])
    check_images(message.get("attachments") or [], platform)
    if attachment := message.get("attachment"):
        check_attachment(attachment)


def check_text(text: Any, platform: Platform) -> None:
    if not isinstance(text, str) or not text.strip():
        raise bad_parameter("Param message[text] must be a non-empty UTF-8 encoded string")
    if platform == "instagram" and len(text.encode()) > MAX_INSTAGRAM_TEXT_BYTES:
        raise bad_parameter(f"Length of param message[text] must be less than {MAX_INSTAGRAM_TEXT_BYTES} bytes")
    at_most(text, MAX_TEXT_CHARS, "message[text]")


def check_quick_replies(replies: Sequence[Json]) -> None:
    few_enough(replies, MAX_QUICK_REPLIES, "message[quick_replies]")
    for reply in replies:
        kind = reply.get("content_type")
        if kind not in QUICK_REPLY_TYPES:
            raise bad_parameter("Param message[quick_replies][content_type] is not valid")
        if kind == "text" and not (reply.get("title") and reply.get("payload")):
            raise bad_parameter("Een snel antwoord heeft een title en een payload")
        at_most(reply.get("title", ""), MAX_TITLE_CHARS, "message[quick_replies][title]")
        at_most(reply.get("payload", ""), MAX_PAYLOAD_CHARS, "message[quick_replies][payload]")


def check_images(attachments: Sequence[Json], platform: Platform) -> None:
    few_enough(attachments, MAX_IMAGES[platform], "message[attachments]")
    if any(each.get("type") != "image" for each in attachments):
        raise bad_parameter("Alleen afbeeldingen kunnen met meer tegelijk")


def check_attachment(attachment: Any) -> None:
    kind = attachment.get("type") if isinstance(attachment, dict) else None
    if kind not in ATTACHMENT_TYPES:
        raise bad_parameter("Param message[attachment][type] is not valid")
    payload = attachment.get("payload") or {}
    if kind == "template":
        check_template(payload)


def check_template(payload: Json) -> None:
    kind = payload.get("template_type")
    if kind == "button":
        check_button_template(payload)
    elif kind == "generic":
        check_generic_template(payload)
    elif kind == "media":
        check_media_template(payload)
    elif not kind:
        raise bad_parameter("Param message[attachment][payload][template_type] is required")


def check_button_template(payload: Json) -> None:
    if not payload.get("text"):
        raise bad_parameter("Een knoppensjabloon heeft een tekst")
    at_most(payload["text"], MAX_BUTTON_TEXT_CHARS, "template[text]")
    if not payload.get("buttons"):
        raise bad_parameter("Een knoppensjabloon heeft 1 tot 3 knoppen")
    check_buttons(payload["buttons"])


def check_generic_template(payload: Json) -> None:
    elements = payload.get("elements") or []
    if not elements:
        raise bad_parameter("Een sjabloon heeft ten minste een element")
    few_enough(elements, MAX_ELEMENTS, "template[elements]")
    for element in elements:
        check_element(element)


def check_element(element: Json) -> None:
    if not element.get("title"):
        raise bad_parameter("Een element heeft een title")
    if not any(element.get(key) for key in ("subtitle", "image_url", "default_action", "buttons")):
        raise bad_parameter("Een element heeft iets naast zijn title")
    for key in ("title", "subtitle"):
        at_most(element.get(key, ""), MAX_ELEMENT_CHARS, f"elements[{key}]")
    if "title" in (element.get("default_action") or {}):
        raise bad_parameter("default_action heeft geen title")
    check_buttons(element.get("buttons") or [])


def check_media_template(payload: Json) -> None:
    elements = payload.get("elements") or []
    if len(elements) != 1:
        raise bad_parameter("Een mediasjabloon heeft een element")
    check_buttons(elements[0].get("buttons") or [])


def check_buttons(buttons: Sequence[Json]) -> None:
    few_enough(buttons, MAX_BUTTONS, "buttons")
    for button in buttons:
        kind = button.get("type")
        if kind not in BUTTON_TYPES:
            raise bad_parameter("Param buttons[type] is not valid")
        if kind in ("web_url", "postback", "phone_number") and not button.get("title"):
            raise bad_parameter("Een knop heeft een title")
        if not button.get({"web_url": "url", "postback": "payload"}.get(kind, "type")):
            raise bad_parameter(f"Een knop van de soort {kind} mist zijn inhoud")
        at_most(button.get("title", ""), MAX_TITLE_CHARS, "buttons[title]")
        at_most(button.get("payload", ""), MAX_PAYLOAD_CHARS, "buttons[payload]")


def at_most(text: Any, limit: int, name: str) -> None:
    if not isinstance(text, str):
        raise bad_parameter(f"Param {name} must be a string")
    if len(text) > limit:
        raise bad_parameter(f"Length of param {name} must be less than or equal to {limit}")


def few_enough(items: Sequence[Any], limit: int, name: str) -> None:
    if not isinstance(items, list):
        raise bad_parameter(f"Param {name} must be an array")
    if len(items) > limit:
        raise bad_parameter(f"Param {name} has too many elements: {len(items)}, at most {limit}")
