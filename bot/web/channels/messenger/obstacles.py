"""Why something could not be sent to a customer of a platform now, as far as we can know before we try."""

from __future__ import annotations

from bot.model import Conversation
from bot.web.channels.messenger.config import COMMENT, MessengerConfig
from bot.web.channels.messenger.window import window_of


def obstacle(conversation: Conversation, config: MessengerConfig | None, *, by_agent: bool, now_ms: int) -> str:
    """A key of PROBLEMS, or an empty string; also for every conversation that is not on a platform.

    A page in trouble is no obstacle: what is said waits until that is mended. config: None while the channel is off.
    """
    if not conversation.page_id:
        return ""
    if config is None or config.page(conversation.page_id) is None:
        return "off"
    if conversation.private_reply and not conversation.wrote_at_ms:
        # The only message before the customer answers was sent, or its comment was removed before.
        return "private_reply" if conversation.private_reply == "sent" else "comment_gone"
    if conversation.unreachable:
        return conversation.unreachable
    if not window_of(conversation, human_agent=config.human_agent).is_open(by_agent=by_agent, now_ms=now_ms):
        return "comment_gone" if conversation.channel == COMMENT else "window"
    return ""
