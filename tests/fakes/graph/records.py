"""What the fake keeps: pages, threads with their lines, what was sent, and every call that it got."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Literal

Platform = Literal["messenger", "instagram"]
Json = dict[str, Any]

PAGE_INBOX = 263902037430900
INSTAGRAM_INBOX = 1217981644879628
LEAD_FLOW = 413038776280800

DAY_MS = 24 * 3600 * 1000
WEEK_MS = 7 * DAY_MS

PAGE_FIELDS = frozenset(
    {
        "messages",
        "message_echoes",
        "message_edits",
        "message_deliveries",
        "message_reads",
        "message_reactions",
        "messaging_postbacks",
        "messaging_referrals",
        "messaging_optins",
        "messaging_account_linking",
        "messaging_handovers",
        "standby",
        "messaging_policy_enforcement",
        "response_feedback",
        "messaging_feedback",
        "send_cart",
        "messaging_customer_information",
        "messaging_in_thread_lead_form_submit",
        "messaging_game_plays",
        "inbox_labels",
        "messenger_template_status_update",
        "feed",
    }
)
INSTAGRAM_FIELDS = frozenset(
    {
        "messages",
        "message_edit",
        "message_reactions",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_seen",
        "messaging_handover",
        "standby",
        "comments",
    }
)


def iso_time(at_ms: int) -> str:
    """As the Graph API writes a time."""
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")


def new_mid(platform: Platform = "messenger") -> str:
    """As long as Meta's, so that nobody counts on short ones."""
    return ("aWdf" if platform == "instagram" else "m_") + secrets.token_urlsafe(75)


@dataclass
class Page:
    """A page with our app on it. `default_app` None is what Meta calls zero config: everybody may answer."""

    id: str
    name: str
    token: str
    instagram_id: str | None = None
    fields: set[str] = field(default_factory=set)  # what our app is subscribed to
    default_app: int | None = None
    may_take_control: bool = True
    dead_subcode: int | None = None  # set: the token is dead, with this subcode (0: without one)
    blocked: bool = False  # after a policy violation
    profile: Json = field(default_factory=dict)  # the messenger profile
    failing_since_ms: int | None = None
    is_alerted: bool = False

    def account_id(self, platform: Platform) -> str:
        """The id that stands in events: of the page, or of its Instagram account."""
        return self.id if platform == "messenger" else self.instagram_id or self.id


@dataclass
class Line:
    """One message of a thread, whoever wrote it."""

    mid: str
    from_page: bool
    text: str
    at_ms: int
    message: Json = field(default_factory=dict)  # as it was sent, or as it stood in the event
    app_id: int | None = None  # who sent it, for a line of the page
    persona_id: str = ""
    edits: int = 0
    is_deleted: bool = False
    reactions: dict[str, str] = field(default_factory=dict)  # by whom: the customer's id or the page's


@dataclass
class Thread:
    """A customer and a page: what was said, until when we may write, and which app has the floor."""

    page: Page
    psid: str
    platform: Platform
    id: str = field(default_factory=lambda: "t_" + str(secrets.randbelow(10**15)))
    lines: list[Line] = field(default_factory=list)
    window_from_ms: int | None = None  # the last thing that opened it
    wrote_ms: int | None = None  # the person's last message
    owner: int | None = None
    owner_until_ms: int = 0
    typing_until_ms: int = 0
    read_ms: int = 0  # how far the customer has read
    seen_ms: int = 0  # how far the page has

    @property
    def account_id(self) -> str:
        return self.page.account_id(self.platform)

    @property
    def inbox(self) -> int:
        return PAGE_INBOX if self.platform == "messenger" else INSTAGRAM_INBOX

    def line(self, mid: str) -> Line | None:
        return next((line for line in self.lines if line.mid == mid), None)


@dataclass(frozen=True)
class Sent:
    """A message that was accepted from our app. `message` is what stood in the request."""

    page_id: str
    psid: str
    platform: Platform
    mid: str
    at_ms: int
    message: Json
    metadata: str = ""
    persona_id: str = ""
    tag: str = ""
    messaging_type: str = ""
    reply_to: str = ""
    comment_id: str = ""  # it was a private reply to this comment or post

    @property
    def text(self) -> str:
        """Of the message, or of its button template."""
        return str(self.message.get("text") or self.template.get("text") or "")

    @property
    def attachment(self) -> Json:
        return dict(self.message.get("attachment") or {})

    @property
    def template(self) -> Json:
        return dict(self.attachment.get("payload") or {}) if self.attachment.get("type") == "template" else {}

    @property
    def quick_replies(self) -> list[Json]:
        return list(self.message.get("quick_replies") or [])

    @property
    def buttons(self) -> list[Json]:
        """Of the template or of all its elements."""
        elements = self.template.get("elements") or []
        return [*(self.template.get("buttons") or []), *(b for e in elements for b in e.get("buttons") or [])]

    @property
    def titles(self) -> list[str]:
        """What the customer can press."""
        return [str(each.get("title", "")) for each in [*self.quick_replies, *self.buttons]]


@dataclass(frozen=True)
class Action:
    """A sender action that was accepted: typing_on, typing_off, mark_seen, react, unreact."""

    page_id: str
    psid: str
    action: str
    at_ms: int
    payload: Json = field(default_factory=dict)
    persona_id: str = ""


@dataclass
class Call:
    """A request of ours. `path` is without the version; `body` has the fields of JSON, form or multipart alike."""

    method: str
    path: str
    version: str
    query: dict[str, str]
    body: Json
    at_ms: int
    endpoint: str = ""  # what `fail_next(on=...)` goes by
    status: int | None = None  # None: not answered, or not yet
    answer: Any = None
    took_ms: int = 0


@dataclass
class Comment:
    """A comment on a post of the page; or a visitor's own post on it, whose `post_id` is its id."""

    id: str
    page: Page
    post_id: str
    parent_id: str
    from_id: str
    from_name: str
    text: str
    at_ms: int
    psid: str = ""  # of the customer, empty for the page's own
    is_removed: bool = False
    is_hidden: bool = False
    private_reply: str = ""  # the mid of the one that it may get

    @property
    def is_post(self) -> bool:
        return self.id == self.post_id


@dataclass
class Persona:
    id: str
    page_id: str
    name: str
    picture: str
    is_deleted: bool = False
