"""A message as the Send API takes it: one or more `message` objects, within the limits of the platform.

Nothing of a message is lost: what does not fit a button is a line of the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.model import Button, Message
from bot.web.channels.messenger.config import COMMENT, INSTAGRAM
from bot.web.channels.messenger.splitting import Limit, shortened, split, split_off_end, utf8_bytes, utf16_units

Json = dict[str, Any]

# "Less than 2000 characters" is what the reference says; whether 2000 itself is one too many, it does not.
TEXT = Limit(1999, utf16_units)
INSTAGRAM_TEXT = Limit(999, utf8_bytes)
TEMPLATE_TEXT = Limit(640, utf16_units)
TITLE = Limit(20, utf16_units)
PAYLOAD = Limit(1000, utf16_units)
MAX_QUICK_REPLIES = 13
MAX_LINKS = 3

# What customers read where a message has buttons and no words, or more buttons than the platform shows.
CHOOSE = "Maak een keuze:"
LOOK_HERE = "Kijk hier:"
OR_TYPE = "Of typ wat je zoekt:"


def parts(message: Message, *, channel: str) -> list[Json]:
    """`message` objects in the order they go out, the buttons on the last one; none for a message without content.

    channel: messenger, instagram or comment. In a comment's private reply links are text, as on Instagram: it is one
    message, and a template holds less. A picture goes before the text, and is text too in a private reply.
    """
    if channel == COMMENT:
        return _words(_with_addresses(message), channel)
    words = _words(message, channel)
    return [*([_picture(one.url) for one in message.images] if words else []), *words]


def is_picture(part: Json) -> bool:
    """Whether it is one alone, which a customer can do without."""
    return bool("attachment" in part and part["attachment"]["type"] == "image")


def _words(message: Message, channel: str) -> list[Json]:
    limit = INSTAGRAM_TEXT if channel == INSTAGRAM else TEXT
    choices = _choices(message.buttons)
    links = [Button(_one_line(button.title), url=button.url) for button in message.buttons if button.url]
    text, replies = _with_choices(message.text.strip(), choices)
    if links and not _fit_template(links, channel):
        text, links = _with_links(text, links), []
    if links:
        return _with_template(text or LOOK_HERE, links, replies, limit)
    texts = split(text or (CHOOSE if replies else ""), limit)
    rendered: list[Json] = [{"text": one} for one in texts]
    return _with_replies(rendered, replies)


def text_of(part: Json) -> str:
    """What the customer reads in a `message` object, wherever it stands."""
    return str(part.get("text") or part["attachment"]["payload"].get("text", ""))


def _picture(url: str) -> Json:
    return {"attachment": {"type": "image", "payload": {"url": url}}}


def _with_addresses(message: Message) -> Message:
    lines = [f"{image.title}: {image.url}" if image.title else image.url for image in message.images]
    return replace(message, text=_joined(message.text.strip(), "\n".join(lines))) if lines else message


def _choices(buttons: Sequence[Button]) -> list[Button]:
    """Those that are no links, each once, with a title on one line and something to press it for."""
    titled = [(_one_line(one.title) or _one_line(one.payload.lstrip("/")), one) for one in buttons if not one.url]
    return list(dict.fromkeys(Button(title, one.payload or title) for title, one in titled if title))


def _with_choices(text: str, choices: Sequence[Button]) -> tuple[str, list[Json]]:
    """The text, with the choices as numbered lines where buttons alone would not do, and the quick replies."""
    pressed = [button for button in choices if PAYLOAD.fits(button.payload)][:MAX_QUICK_REPLIES]
    typed = [button for button in choices if button not in pressed]
    if not typed and _are_clear(pressed):
        return text, [_quick_reply(button.title, button) for button in pressed]
    lines = [f"{number}. {button.title}" for number, button in enumerate([*pressed, *typed], start=1)]
    replies = [_quick_reply(shortened(line, TITLE), button) for line, button in zip(lines, pressed, strict=False)]
    to_type = [OR_TYPE, *lines[len(pressed) :]] if typed else []
    return _joined(text, "\n".join(lines[: len(pressed)]), "\n".join(to_type)), replies


def _are_clear(buttons: Sequence[Button]) -> bool:
    """Whether each can be read in full, and told from the others."""
    titles = {button.title for button in buttons}
    return len(titles) == len(buttons) and all(TITLE.fits(title) for title in titles)


def _one_line(title: str) -> str:
    return " ".join(title.split())


def _quick_reply(title: str, button: Button) -> Json:
    return {"content_type": "text", "title": title, "payload": button.payload}


def _fit_template(links: Sequence[Button], channel: str) -> bool:
    if channel in (INSTAGRAM, COMMENT) or len(links) > MAX_LINKS:
        return False
    return all(link.title and TITLE.fits(link.title) and _is_web(link.url) for link in links)


def _is_web(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not any(character.isspace() for character in url)


def _with_links(text: str, links: Sequence[Button]) -> str:
    lines = [f"{link.title}: {link.url}" if link.title else link.url for link in links]
    return _joined(text, "\n".join(lines))


def _with_template(text: str, links: Sequence[Button], replies: list[Json], limit: Limit) -> list[Json]:
    """As much of the end of the text as a template takes stands above the buttons, the rest goes before."""
    before, end = split_off_end(text, TEMPLATE_TEXT)
    buttons = [{"type": "web_url", "url": link.url, "title": link.title} for link in links]
    payload = {"template_type": "button", "text": end, "buttons": buttons}
    rendered = [{"text": one} for one in split(before, limit)]
    return _with_replies([*rendered, {"attachment": {"type": "template", "payload": payload}}], replies)


def _with_replies(rendered: list[Json], replies: list[Json]) -> list[Json]:
    """Quick replies vanish with the next message: they belong to the last part."""
    if replies:
        rendered[-1]["quick_replies"] = replies
    return rendered


def _joined(*blocks: str) -> str:
    return "\n\n".join(block for block in blocks if block)
