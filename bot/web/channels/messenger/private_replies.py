"""What a customer gets under a public comment: all that was said in one turn, as the one message that Meta allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.model import Message
from bot.web.channels.messenger.config import COMMENT
from bot.web.channels.messenger.rendering import parts


def joined(waiting: Sequence[Message]) -> tuple[Message, list[Message]]:
    """The first message with those of its turn behind it that fit beside it, and which those are.

    What does not fit is left where it is, and fails there where agents see it.
    """
    first, *others = waiting
    whole, with_it = first, list[Message]()
    for other in others:
        if other.in_reply_to not in ("", first.in_reply_to):
            break
        longer = replace(
            whole,
            text="\n\n".join(text for text in (whole.text.strip(), other.text.strip()) if text),
            buttons=whole.buttons + other.buttons,
            attachments=whole.attachments + other.attachments,
            template=whole.template or other.template,
        )
        if len(parts(longer, channel=COMMENT)) > 1:
            break
        whole = longer
        with_it.append(other)
    return whole, with_it
