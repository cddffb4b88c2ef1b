"""An answer as customers would read it now, on each channel."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from bot.answers import render, unknown_variables
from bot.model import Attachment, Image, Message, Template
from bot.web.channels.messenger.rendering import parts
from bot.web.editor.compare import Piece

WIDGET = "widget"
# Those that a reader can choose from beside the widget.
PLATFORMS = ("messenger", "instagram", "comment", "rest")
_VARIABLE = re.compile(r"(\{\w+\})")


@dataclass(frozen=True)
class Bubble:
    """One message as it is shown. text: in pieces; one that differs is a variable that doesn't exist.

    links: buttons inside the bubble. replies: buttons under it.
    """

    text: tuple[Piece, ...] = ()
    image: Image | None = None
    links: tuple[str, ...] = ()
    replies: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChannelPreview:
    """wordings: each what one customer gets; with more than one they take turns. note: what to know, in Dutch."""

    channel: str
    wordings: tuple[tuple[Bubble, ...], ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preview:
    """The widget and one other channel beside each other."""

    widget: ChannelPreview
    other: ChannelPreview
    channels: tuple[str, ...] = field(default=PLATFORMS)


def preview(
    template: Template, values: dict[str, dict[str, str]], *, other: str, takes_buttons: bool = True
) -> Preview:
    """values: what variables are, by channel. other: which channel stands beside the widget."""
    chosen = other if other in PLATFORMS else PLATFORMS[0]
    if not takes_buttons:
        template = Template(template.name, template.title, template.text, variants=template.variants)
    return Preview(_of_widget(template, WIDGET, values[WIDGET]), _of_other(template, chosen, values[chosen]))


def _of_other(template: Template, channel: str, values: dict[str, str]) -> ChannelPreview:
    return _of_widget(template, channel, values) if channel == "rest" else _of_platform(template, channel, values)


def _of_widget(template: Template, channel: str, values: dict[str, str]) -> ChannelPreview:
    replies = tuple(button.title for button in template.buttons)
    return ChannelPreview(
        channel,
        tuple(
            (Bubble(_pieces(_filled(text, values)), template.image, (), replies),)
            for text in template.wordings(channel)
        ),
    )


def _of_platform(template: Template, channel: str, values: dict[str, str]) -> ChannelPreview:
    image = template.image
    attachments = (Attachment("image", image.url, image.alt),) if image else ()
    wordings = []
    for text in template.wordings(channel):
        message = Message(
            "", "", "assistant", _filled(text, values), 0, "", template.buttons, template="-", attachments=attachments
        )
        wordings.append(tuple(_bubble(part, image) for part in parts(message, channel=channel)))
    most = max((sum(bool(bubble.text) for bubble in one) for one in wordings), default=0)
    return ChannelPreview(channel, tuple(wordings), _notes(most, channel))


def _notes(messages: int, channel: str) -> tuple[str, ...]:
    if messages < 2:
        return ()
    if channel == "comment":
        return ("Dit past niet in één privébericht, en Meta staat er maar één toe. Alleen het begin komt aan.",)
    return (f"Dit gaat als {messages} berichten, want het is te lang voor één.",)


def _bubble(part: dict[str, Any], image: Image | None) -> Bubble:
    attachment = part.get("attachment", {})
    if attachment.get("type") == "image":
        return Bubble(image=image)
    payload = attachment.get("payload", {})
    return Bubble(
        _pieces(str(part.get("text") or payload.get("text", ""))),
        links=tuple(str(one["title"]) for one in payload.get("buttons", ())),
        replies=tuple(str(one["title"]) for one in part.get("quick_replies", ())),
    )


def _filled(text: str, values: dict[str, str]) -> str:
    """As a customer reads it, but for a variable that doesn't exist: that stays, for its editor to see."""
    return render(text, {**values, **{name: f"{{{name}}}" for name in unknown_variables(text, values)}})


def _pieces(text: str) -> tuple[Piece, ...]:
    # Every second part is a variable that was left.
    return tuple(Piece(part, differs=bool(at % 2)) for at, part in enumerate(_VARIABLE.split(text)) if part)
