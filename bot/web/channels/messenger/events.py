"""What happens on a page, as the rest of the channel knows it; parsing.py makes these of Meta's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.model import Attachment
from bot.web.channels.messenger.config import Page


@dataclass(frozen=True)
class Where:
    """Whose conversation an event belongs to, and when it happened.

    channel: messenger or instagram. account_id: of the page, or of the Instagram account. customer_id: PSID or IGSID;
    empty for an event of the page itself. at_ms: Meta's clock, 0 when it is not said. standby: another app has the
    thread, and we only listen.
    """

    channel: str
    page: Page
    account_id: str
    customer_id: str
    at_ms: int
    standby: bool = False

    @property
    def conversation_id(self) -> str:
        """Without the alias that a public comment may have given it."""
        return f"{self.channel}-{self.account_id}-{self.customer_id}"


@dataclass(frozen=True)
class Wrote:
    """The customer sent a message, or pressed a button. `about`: what Meta adds, in Dutch for agents; mostly empty."""

    where: Where
    mid: str
    text: str
    payload: str = ""
    attachments: tuple[Attachment, ...] = ()
    quoted_id: str = ""
    about: str = ""


@dataclass(frozen=True)
class Echoed:
    """The page sent something, whoever did it. `app_id` and `metadata` are empty when Meta doesn't say."""

    where: Where
    mid: str
    text: str
    app_id: str
    metadata: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class Edited:
    where: Where
    mid: str
    text: str
    number: int


@dataclass(frozen=True)
class Unsent:
    where: Where
    mid: str


@dataclass(frozen=True)
class Reacted:
    """`reaction` is an emoji; empty takes it back."""

    where: Where
    mid: str
    reaction: str


@dataclass(frozen=True)
class Arrived:
    """What we sent was delivered or read: the messages `mids`, and all until `watermark_ms` (0 for none)."""

    where: Where
    state: Literal["delivered", "read"]
    mids: tuple[str, ...]
    watermark_ms: int


@dataclass(frozen=True)
class ControlMoved:
    """Who may write in the thread changed, or somebody asks for it. Ids of apps; empty when Meta doesn't say."""

    where: Where
    kind: Literal["pass", "take", "request"]
    new_owner: str
    previous_owner: str


@dataclass(frozen=True)
class Told:
    """Something that agents should know and that asks for no answer: a note in Dutch. `key` recognises a repeat."""

    where: Where
    key: str
    text: str
    opens_window: bool = False


@dataclass(frozen=True)
class PolicyEnforced:
    """Meta warns, blocks or unblocks the page."""

    where: Where
    action: str
    reason: str


@dataclass(frozen=True)
class CommentChanged:
    """Somebody commented on a post of the page, in public. `where.customer_id` is who, as the feed knows them.

    verb: add, edited, remove, hide, unhide or one that is new to us. parent_id: the post's, or the comment's above it.
    """

    where: Where
    verb: str
    comment_id: str
    post_id: str
    parent_id: str
    author_name: str
    text: str


Event = Wrote | Echoed | Edited | Unsent | Reacted | Arrived | ControlMoved | Told | PolicyEnforced | CommentChanged
