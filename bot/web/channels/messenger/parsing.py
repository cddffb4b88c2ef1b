"""From Meta's JSON to the events of events.py. Nothing of any shape raises more than `Odd`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from bot.model import Attachment
from bot.store.inbound import RawEvent
from bot.web.channels.intake import MAX_ID_CHARS, PAYLOAD
from bot.web.channels.messenger import notes
from bot.web.channels.messenger.attachments import attachments_of, is_like, story_of
from bot.web.channels.messenger.config import INSTAGRAM, MESSENGER, MessengerConfig, Page
from bot.web.channels.messenger.events import (
    Arrived,
    CommentChanged,
    ControlMoved,
    Echoed,
    Edited,
    Event,
    PolicyEnforced,
    Reacted,
    Told,
    Unsent,
    Where,
    Wrote,
)
from bot.web.channels.messenger.fields import (
    Json,
    ident,
    line,
    number,
    record,
    shortened,
    time_ms,
    words,
)

_PLATFORMS = {"page": MESSENGER, "instagram": INSTAGRAM}
# Reactions that come by name only.
_EMOJI = {
    "smile": "😆",
    "laugh": "😆",
    "angry": "😠",
    "sad": "😢",
    "wow": "😮",
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
}
_SOME_EMOJI = "❔"
_MAX_EMOJI_CHARS = 16
# Clocks of two machines differ; a time further ahead than this is no time.
_AHEAD_MS = 24 * 3_600_000
# What a page's feed tells of beside comments.
_FEED_ITEMS = frozenset(
    "album event group_message like link milestone note offer page_admins photo poll post reaction reel share status "
    "story timeline_cover video".split()
)


class Odd(Exception):
    """Nothing can be done with an event. Its text says why, in English and without a customer's words."""


@dataclass(frozen=True)
class _Found:
    """One event with what is known around it. key: the same when the same event comes again."""

    where: Where
    event: Json
    key: str
    max_text_chars: int


def parse(raw: RawEvent, config: MessengerConfig, *, max_text_chars: int) -> list[Event]:
    """What a raw event says; nothing for what is known and does not concern us. Raises Odd."""
    try:
        event = json.loads(bytes(raw.event))
        key = _digest(event)
    except (ValueError, RecursionError):
        raise Odd("not readable") from None
    if raw.platform not in _PLATFORMS:
        raise Odd("unknown object")
    if not isinstance(event, dict) or not raw.array:
        raise Odd("not an event")
    array = raw.array
    if array == "changes":
        if record(event, "value") and ident(event, "field") == "feed":
            return _feed(raw, config, record(event, "value"), max_text_chars)
        # The dashboard's test button sends what belongs in `messaging` as {field, value}.
        array, event = ident(event, "field"), record(event, "value")
    where = _where(raw, config, event, is_standby=array == "standby")
    return _events(_Found(where, event, key, max_text_chars))


def _events(found: _Found) -> list[Event]:
    known = [name for name in _READERS if name in found.event]
    if not known:
        raise Odd(f"unknown event: {_names(found.event)}")
    events: list[Event] = []
    problem: Odd | None = None
    for name in known:
        try:
            if not found.where.customer_id and name not in _OF_PAGES:
                raise Odd(f"{name} without a customer")
            events += _READERS[name](found)
        except Odd as exc:
            problem = exc
    if problem and not events:
        raise problem
    return events


def _where(raw: RawEvent, config: MessengerConfig, event: Json, *, is_standby: bool) -> Where:
    sender, recipient = ident(record(event, "sender"), "id"), ident(record(event, "recipient"), "id")
    page, account_id = _page(raw, config, raw.account_id, recipient, sender)
    is_echo = record(event, "message").get("is_echo") is True
    pair = (recipient, sender) if is_echo else (sender, recipient)
    customer_id = next((one for one in pair if one and one != account_id), "")
    at_ms = time_ms(event, "timestamp")
    if at_ms > raw.received_at_ms + _AHEAD_MS:
        at_ms = 0
    return Where(_PLATFORMS[raw.platform], page, account_id, customer_id, at_ms, is_standby)


def _page(raw: RawEvent, config: MessengerConfig, *candidates: str) -> tuple[Page, str]:
    """Whose event it is, by the first id that we know, and that id."""
    find = config.page if raw.platform == "page" else config.page_of_instagram
    for account_id in candidates:
        if page := find(account_id):
            return page, account_id
    raise Odd("unknown page")


# Messages.


def _message(found: _Found) -> list[Event]:
    message = record(found.event, "message")
    if not message:
        raise Odd("message is no object")
    if _is_of_page(found):
        return _echo(found, message)
    if message.get("is_deleted") is True:
        return [Unsent(found.where, _known_mid(message))]
    if "admin_text" in message and "mid" not in message:
        return [_told(found, "admin", f"Melding van Meta: {line(message, 'admin_text')}")]
    return [_wrote(found, message)]


def _is_of_page(found: _Found) -> bool:
    """Whether the page did it. On Instagram an echo is among the customers' messages."""
    sender = ident(record(found.event, "sender"), "id")
    return record(found.event, "message").get("is_echo") is True or sender == found.where.account_id


def _echo(found: _Found, message: Json) -> list[Event]:
    if message.get("is_deleted") is True:
        return []
    text = shortened(words(message, "text"), found.max_text_chars)
    attachments = attachments_of(message) or (() if text else (Attachment("other"),))
    app_id, metadata = ident(message, "app_id"), line(message, "metadata", 1_000)
    return [Echoed(found.where, _mid(message, found), text, app_id, metadata, attachments)]


def _wrote(found: _Found, message: Json) -> Wrote:
    quick_reply = record(message, "quick_reply")
    attachments = attachments_of(message) + story_of(message)
    text = words(message, "text") or line(quick_reply, "payload")
    if not text and is_like(message):
        text, attachments = "👍", ()
    if not text and not attachments:
        attachments = (Attachment("other", title=_command(message)),)
    about = [notes.referral(record(message, "referral"))]
    if len(text) > found.max_text_chars:
        about.append(f"De klant schreef {len(text)} tekens. Alleen het begin is bewaard.")
    return Wrote(
        found.where,
        _mid(message, found),
        shortened(text, found.max_text_chars),
        payload=_payload(quick_reply),
        attachments=attachments,
        quoted_id=_valid_mid(words(record(message, "reply_to"), "mid")),
        about=" ".join(filter(None, about)),
    )


def _command(message: Json) -> str:
    commands = message.get("commands")
    names = [line(one, "name", 40) for one in commands] if isinstance(commands, list) else []
    return shortened(", ".join(f"/{name}" for name in names if name), 200)


def _postback(found: _Found) -> list[Event]:
    postback = record(found.event, "postback")
    if _is_of_page(found):
        return []
    if not postback:
        raise Odd("postback is no object")
    payload = _payload(postback)
    text = line(postback, "title") or payload or line(postback, "payload") or "Knop"
    about = notes.referral(record(postback, "referral"))
    text = shortened(text, found.max_text_chars)
    return [Wrote(found.where, _mid(postback, found), text, payload=payload, about=about)]


def _edit(found: _Found) -> list[Event]:
    edit = record(found.event, "message_edit")
    if _is_of_page(found):
        return []
    text = shortened(words(edit, "text"), found.max_text_chars)
    return [Edited(found.where, _known_mid(edit), text, number(edit, "num_edit") or 1)]


def _reaction(found: _Found) -> list[Event]:
    reaction = record(found.event, "reaction")
    if _is_of_page(found):
        return []
    emoji = ""
    if ident(reaction, "action") != "unreact":
        named = _EMOJI.get(ident(reaction, "reaction"), _SOME_EMOJI)
        emoji = line(reaction, "emoji", _MAX_EMOJI_CHARS) or named
    return [Reacted(found.where, _known_mid(reaction), emoji)]


# What became of our messages.


def _delivery(found: _Found) -> list[Event]:
    delivery = record(found.event, "delivery")
    mids = delivery.get("mids")
    known = [_valid_mid(mid) for mid in mids if isinstance(mid, str)] if isinstance(mids, list) else []
    return _arrived(found, "delivered", tuple(filter(None, known)), time_ms(delivery, "watermark"))


def _read(found: _Found) -> list[Event]:
    read = record(found.event, "read")
    mid = _valid_mid(words(read, "mid"))
    return _arrived(found, "read", (mid,) if mid else (), time_ms(read, "watermark"))


def _arrived(found: _Found, state: str, mids: tuple[str, ...], watermark_ms: int) -> list[Event]:
    if _is_of_page(found):
        return []
    if not mids and not watermark_ms:
        raise Odd(f"{state}, but not what")
    return [Arrived(found.where, "read" if state == "read" else "delivered", mids, watermark_ms)]


# Who has the thread, and the page.


def _pass(found: _Found) -> list[Event]:
    moved = record(found.event, "pass_thread_control")
    previous = ident(moved, "previous_owner_app_id")
    return [ControlMoved(found.where, "pass", ident(moved, "new_owner_app_id"), previous)]


def _take(found: _Found) -> list[Event]:
    moved = record(found.event, "take_thread_control")
    previous = ident(moved, "previous_owner_app_id")
    return [ControlMoved(found.where, "take", ident(moved, "new_owner_app_id"), previous)]


def _request(found: _Found) -> list[Event]:
    asked = record(found.event, "request_thread_control")
    return [ControlMoved(found.where, "request", ident(asked, "requested_owner_app_id"), "")]


def _policy(found: _Found) -> list[Event]:
    policy = record(found.event, "policy_enforcement")
    action = ident(policy, "action")
    if not action:
        raise Odd("policy enforcement without an action")
    return [PolicyEnforced(found.where, action, line(policy, "reason"))]


def _nothing(_: _Found) -> list[Event]:
    """Known, and of no use to anybody here."""
    return []


# What agents read.


def _referral(found: _Found) -> list[Event]:
    referral = record(found.event, "referral")
    lead = notes.lead(referral, record(found.event, "lead"))
    if lead:
        return [_told(found, "lead", lead)]
    # A link opens the thread again; after an advertisement that takes a message.
    opens = ident(referral, "source") != "ADS"
    text = notes.referral(referral) or "De klant opende het gesprek opnieuw."
    return [_told(found, "referral", text, opens_window=opens)]


def _optin(found: _Found) -> list[Event]:
    optin = record(found.event, "optin")
    is_marketing = ident(optin, "type") == "notification_messages"
    return [_told(found, "optin", notes.optin(optin), opens_window=not is_marketing)]


def _account_linking(found: _Found) -> list[Event]:
    return [_told(found, "account", notes.account_linking(record(found.event, "account_linking")))]


def _response_feedback(found: _Found) -> list[Event]:
    return [_told(found, "feedback", notes.response_feedback(record(found.event, "response_feedback")))]


def _messaging_feedback(found: _Found) -> list[Event]:
    return [_told(found, "feedback", "De klant vulde de vragenlijst van Messenger in.")]


def _told(found: _Found, kind: str, text: str, *, opens_window: bool = False) -> Told:
    return Told(found.where, f"{kind}-{found.key}", text, opens_window=opens_window)


# By the key in the event; one event may have several.
_READERS: dict[str, Callable[[_Found], list[Event]]] = {
    "message": _message,
    "message_edit": _edit,
    "postback": _postback,
    "reaction": _reaction,
    "delivery": _delivery,
    "read": _read,
    "referral": _referral,
    "optin": _optin,
    "account_linking": _account_linking,
    "pass_thread_control": _pass,
    "take_thread_control": _take,
    "request_thread_control": _request,
    "policy_enforcement": _policy,
    "response_feedback": _response_feedback,
    "messaging_feedback": _messaging_feedback,
    "app_roles": _nothing,
}
_OF_PAGES = frozenset({"policy_enforcement", "app_roles"})


# Public comments.


def _feed(raw: RawEvent, config: MessengerConfig, value: Json, max_text_chars: int) -> list[Event]:
    item = ident(value, "item")
    if item in _FEED_ITEMS:
        return []
    if item != "comment":
        raise Odd(f"unknown item in the feed: {_names({item: None})}")
    comment_id, verb = ident(value, "comment_id"), ident(value, "verb")
    if not comment_id or not verb:
        raise Odd("comment without an id or a verb")
    page, account_id = _page(raw, config, raw.account_id, ident(value, "post_id").partition("_")[0])
    author = record(value, "from")
    where = Where(
        channel=_PLATFORMS[raw.platform],
        page=page,
        account_id=account_id,
        customer_id=ident(author, "id"),
        at_ms=time_ms(value, "created_time"),
    )
    return [
        CommentChanged(
            where,
            verb=verb,
            comment_id=comment_id,
            post_id=ident(value, "post_id"),
            parent_id=ident(value, "parent_id"),
            author_name=line(author, "name", 80),
            text=shortened(words(value, "message"), max_text_chars),
        )
    ]


# Ids.


def _mid(of: Json, found: _Found) -> str:
    """The platform's id of a message; one of ours, always the same, when it has none."""
    return _valid_mid(words(of, "mid")) or f"~{found.key}"


def _known_mid(of: Json) -> str:
    mid = _valid_mid(words(of, "mid"))
    if not mid:
        raise Odd("about a message that is not named")
    return mid


def _valid_mid(mid: str) -> str:
    """What the store can't take as an id goes by its hash."""
    if len(mid) <= MAX_ID_CHARS and mid.isprintable() and " " not in mid:
        return mid
    return f"~{hashlib.sha256(mid.encode(errors='replace')).hexdigest()[:32]}"


def _payload(of: Json) -> str:
    payload = words(of, "payload")
    return payload if PAYLOAD.fullmatch(payload) else ""


def _digest(event: object) -> str:
    canonical = json.dumps(event, sort_keys=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def _names(event: Json) -> str:
    """The event's own keys, as far as they are names."""
    names = [name for name in event if name.isascii() and name.replace("_", "").isalpha() and len(name) <= 40]
    return ", ".join(sorted(names)[:8]) or "nothing that is a name"
