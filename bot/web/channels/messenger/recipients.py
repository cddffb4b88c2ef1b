"""Whom a message goes to, as the Send API names them."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Conversation
from bot.web.channels.messenger.config import COMMENT


@dataclass(frozen=True)
class Recipient:
    """is_private_reply: the one message under a comment that Meta allows until the customer answers."""

    wire: dict[str, str]
    is_private_reply: bool = False


def recipient_of(conversation: Conversation) -> Recipient:
    if conversation.channel == COMMENT:
        return Recipient({"comment_id": conversation.comment_id}, is_private_reply=True)
    return Recipient({"id": conversation.customer_id})
