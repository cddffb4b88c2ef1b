"""The shapes of what is delivered, and which subscription field each belongs to."""

from __future__ import annotations

from typing import Any, Literal

from tests.fakes.graph.records import Json, Platform, Thread

Array = Literal["messaging", "standby", "changes"]

_PAGE_FIELDS = {
    "message": "messages",
    "message_edit": "message_edits",
    "delivery": "message_deliveries",
    "read": "message_reads",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referrals",
    "optin": "messaging_optins",
    "account_linking": "messaging_account_linking",
    "pass_thread_control": "messaging_handovers",
    "take_thread_control": "messaging_handovers",
    "request_thread_control": "messaging_handovers",
    "app_roles": "messaging_handovers",
    "policy_enforcement": "messaging_policy_enforcement",
    "response_feedback": "response_feedback",
}
_INSTAGRAM_FIELDS = {
    "message": "messages",
    "message_edit": "message_edit",
    "read": "messaging_seen",
    "reaction": "message_reactions",
    "postback": "messaging_postbacks",
    "referral": "messaging_referral",
    "pass_thread_control": "messaging_handover",
    "take_thread_control": "messaging_handover",
    "request_thread_control": "messaging_handover",
}


def fields_of(event: Json, array: Array, platform: Platform) -> set[str]:
    """What a page must be subscribed to for the event; empty for a shape that is not known."""
    if array == "changes":
        return {str(event.get("field", ""))}
    known = _PAGE_FIELDS if platform == "messenger" else _INSTAGRAM_FIELDS
    names = {name for key, name in known.items() if key in event}
    if platform == "messenger" and (event.get("message") or {}).get("is_echo"):
        names = {"message_echoes"}
    return names | ({"standby"} if array == "standby" else set())


def event_of(thread: Thread, now_ms: int, content: Json, *, from_page: bool = False) -> Json:
    """`content` with who sent it to whom. A delivery has no timestamp, as in Meta's sample."""
    customer, account = {"id": thread.psid}, {"id": thread.account_id}
    sender, recipient = (account, customer) if from_page else (customer, account)
    event: Json = {"sender": sender, "recipient": recipient}
    return {**event, **({} if "delivery" in content else {"timestamp": now_ms}), **content}


def without_payload(event: Json) -> Json:
    """As in standby: the payload of a button is for the app that sent it."""
    if "postback" not in event:
        return event
    return {**event, "postback": {key: value for key, value in event["postback"].items() if key != "payload"}}


def envelope(platform: Platform, entries: list[Json]) -> Json:
    return {"object": "page" if platform == "messenger" else "instagram", "entry": entries}


def entry(account_id: str, now_ms: int, array: Array, events: list[Json]) -> Json:
    """Its time is in ms, but in seconds for changes."""
    return {"id": account_id, "time": now_ms // 1000 if array == "changes" else now_ms, array: events}


def echo_message(mid: str, app_id: int, message: Json, metadata: str = "") -> Json:
    """The `message` of an echo: a template comes as an attachment with title and url beside its payload."""
    echo: Json = {"mid": mid, "is_echo": True, "app_id": app_id}
    if metadata:
        echo["metadata"] = metadata
    if message.get("text"):
        echo["text"] = message["text"]
    given = message.get("attachments") or ([message["attachment"]] if message.get("attachment") else [])
    if given:
        echo["attachments"] = [_echo_attachment(each) for each in given]
    return echo


def _echo_attachment(attachment: Json) -> Json:
    payload: Any = dict(attachment.get("payload") or {})
    payload.pop("is_reusable", None)
    if attachment.get("type") == "template":
        return {"type": "template", "title": "", "url": "https://www.facebook.com/", "payload": payload}
    return {"type": attachment.get("type"), "payload": payload}
