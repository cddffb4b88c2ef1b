"""How much fits in one message of a channel, for who types one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.model import Conversation
from bot.web.channels.messenger.config import CHANNELS, COMMENT, INSTAGRAM
from bot.web.channels.messenger.rendering import INSTAGRAM_TEXT, TEXT


@dataclass(frozen=True)
class TextLimit:
    """size: how much goes in one part, in `unit`. parts: whether more goes in further parts. hint: in Dutch."""

    size: int
    unit: Literal["utf16", "utf8"]
    parts: bool
    hint: str


def text_limit(conversation: Conversation) -> TextLimit | None:
    """None for a channel that takes as much as an agent can send."""
    if conversation.channel == COMMENT and not conversation.wrote_at_ms:
        return TextLimit(TEXT.size, "utf16", False, "Meta staat hier één bericht toe.")
    if conversation.channel == INSTAGRAM:
        return TextLimit(INSTAGRAM_TEXT.size, "utf8", True, "Langer dan dit gaat op Instagram in delen.")
    if conversation.channel in CHANNELS:
        return TextLimit(TEXT.size, "utf16", True, "Langer dan dit gaat in Messenger in delen.")
    return None


def too_long(conversation: Conversation, text: str) -> str:
    """Why the channel would not take all of it, as a sentence; empty if it would."""
    limit = text_limit(conversation)
    if limit is None or limit.parts or TEXT.fits(text.strip()):
        return ""
    over = TEXT.count(text.strip()) - limit.size
    return f"Meta staat hier één bericht toe van hoogstens {limit.size} tekens. Haal er {over} weg."
