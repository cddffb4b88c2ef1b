"""What the page shows, as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.fakes.graph import threads
from tests.fakes.graph.customers import Customer, buttons_of
from tests.fakes.graph.deliveries import Delivery
from tests.fakes.graph.records import (
    INSTAGRAM_INBOX,
    LEAD_FLOW,
    PAGE_INBOX,
    WEEK_MS,
    Call,
    Comment,
    Json,
    Line,
    Page,
    Thread,
)

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

NEWEST = 60  # calls and deliveries
SECRET_FIELDS = frozenset({"access_token", "appsecret_proof", "appsecret_time", "input_token"})
NAMES = {PAGE_INBOX: "Meta's inbox", INSTAGRAM_INBOX: "Meta's inbox", LEAD_FLOW: "Meta's advertentieformulier"}


def state_of(graph: FakeGraph) -> Json:
    """Everything; small enough to send whole, since it only goes over this machine's own network."""
    now_ms = graph.clock.now_ms()
    return {
        "version": graph.version,
        "now_ms": now_ms,
        "offset_ms": graph.clock.offset_ms,
        "webhook": {"url": graph.webhook_url, "verified": graph.deliveries.verified},
        "human_agent": graph.human_agent,
        "pages": [_page(graph, page) for page in graph.pages.values()],
        "customers": [_customer(graph, customer, now_ms) for customer in graph.customers.values()],
        "comments": [_comment(each) for each in graph.comments.values()],
        "personas": [_persona(each) for each in graph.personas.values() if not each.is_deleted],
        "calls": [_call(number, call) for number, call in _newest(graph.calls)],
        "deliveries": [_delivery(number, each) for number, each in _newest(graph.deliveries.all)],
        "faults": [{"name": fault.name, "on": fault.on, "times": fault.times} for fault in graph.faults.waiting],
        "alerts": graph.alerts,
        "sent": len(graph.sent),
        "sent_twice": graph.sent_twice(),
    }


def _newest(items: Sequence[Any]) -> list[tuple[int, Any]]:
    """With their numbers, newest first."""
    first = max(0, len(items) - NEWEST)
    return list(enumerate(items[first:], start=first))[::-1]


def _page(graph: FakeGraph, page: Page) -> Json:
    return {
        "id": page.id,
        "name": page.name,
        "instagram_id": page.instagram_id,
        "fields": sorted(page.fields),
        "default_app": _app(graph, page.default_app),
        "blocked": page.blocked,
        "failing_since_ms": page.failing_since_ms,
        "profile": page.profile,
    }


def _customer(graph: FakeGraph, customer: Customer, now_ms: int) -> Json:
    thread = customer.thread
    states = _states(graph, thread)
    return {
        "page": customer.page.id,
        "psid": customer.psid,
        "name": customer.name,
        "platform": customer.platform,
        "reachable": customer.is_reachable,
        "lines": [_line(graph, line, states) for line in customer.lines],
        "typing_until_ms": thread.typing_until_ms if now_ms < thread.typing_until_ms else 0,
        "read_ms": thread.read_ms,
        "seen_ms": thread.seen_ms,
        "owner": _app(graph, threads.owner_of(thread, now_ms)),
        "owner_until_ms": thread.owner_until_ms,
        "has_floor": threads.has_floor(thread, graph.app_id, now_ms),
        "window_ends_ms": threads.window_ends_ms(thread),
        "agent_ends_ms": thread.wrote_ms + WEEK_MS if thread.wrote_ms else None,
    }


def _app(graph: FakeGraph, app_id: int | None) -> str:
    if app_id is None:
        return ""
    return "Vraagbaak" if app_id == graph.app_id else NAMES.get(app_id, str(app_id))


def _line(graph: FakeGraph, line: Line, states: dict[str, str]) -> Json:
    persona = graph.personas.get(line.persona_id)
    message = line.message
    return {
        "mid": line.mid,
        "from_page": line.from_page,
        "by": (persona.name if persona else _app(graph, line.app_id)) if line.from_page else "",
        "text": "" if line.is_deleted else line.text,
        "at_ms": line.at_ms,
        "quick_replies": message.get("quick_replies") or [],
        "buttons": [] if _is_generic(message) else buttons_of(message),
        "elements": _elements(message),
        "attachments": _attachments(message),
        "pressed": "title" in message and not line.from_page,
        "edits": line.edits,
        "deleted": line.is_deleted,
        "reactions": line.reactions,
        "delivery": states.get(line.mid, ""),
    }


def _is_generic(message: Json) -> bool:
    return bool(_elements(message))


def _elements(message: Json) -> list[Json]:
    attachment = message.get("attachment") or {}
    return (attachment.get("payload") or {}).get("elements") or [] if attachment.get("type") == "template" else []


def _attachments(message: Json) -> list[Json]:
    """Of a message of either side: kind and address."""
    given = message.get("attachments") or ([message["attachment"]] if message.get("attachment") else [])
    return [
        {"type": each.get("type"), "url": (each.get("payload") or {}).get("url", "")}
        for each in given
        if each.get("type") != "template"
    ]


def _states(graph: FakeGraph, thread: Thread) -> dict[str, str]:
    """What became of the delivery of each message, by mid; the first one counts."""
    states: dict[str, str] = {}
    for delivery in graph.deliveries.all[-400:]:
        for event in _events(delivery):
            content = event.get("message") or event.get("postback") or {}
            if not content.get("is_echo") and (event.get("sender") or {}).get("id") == thread.psid:
                states.setdefault(str(content.get("mid", "")), delivery.state)
    return states


def _events(delivery: Delivery) -> list[Json]:
    if not isinstance(delivery.body, dict):
        return []
    entries = [each for each in delivery.body.get("entry") or [] if isinstance(each, dict)]
    found = (each.get(array) or [] for each in entries for array in ("messaging", "standby", "changes"))
    return [event for events in found for event in events if isinstance(event, dict)]


def _comment(comment: Comment) -> Json:
    return {
        "id": comment.id,
        "page": comment.page.id,
        "post_id": comment.post_id,
        "parent_id": "" if comment.is_post else comment.parent_id,
        "name": comment.from_name,
        "psid": comment.psid,
        "text": comment.text,
        "at_ms": comment.at_ms,
        "removed": comment.is_removed,
        "hidden": comment.is_hidden,
        "replied": bool(comment.private_reply),
    }


def _persona(persona: Any) -> Json:
    return {"id": persona.id, "page": persona.page_id, "name": persona.name, "picture": persona.picture}


def _call(number: int, call: Call) -> Json:
    """Without tokens, so that a screenshot can be passed on."""
    shown = dataclasses.asdict(call)
    for part in ("query", "body"):
        shown[part] = {name: value for name, value in shown[part].items() if name not in SECRET_FIELDS}
    answer = call.answer if isinstance(call.answer, dict) else None
    return {**shown, "answer": answer, "number": number}


def _delivery(number: int, delivery: Delivery) -> Json:
    return {
        "number": number,
        "page": delivery.page.id,
        "at_ms": delivery.at_ms,
        "state": delivery.state,
        "signature": delivery.signature,
        "attempts": [dataclasses.asdict(each) for each in delivery.attempts],
        "what": [_what(event) for event in _events(delivery)],
        "standby": any("standby" in each for each in _entries(delivery)),
        "body": delivery.body if isinstance(delivery.body, dict) else repr(delivery.body),
    }


def _entries(delivery: Delivery) -> list[Json]:
    entries = delivery.body.get("entry") or [] if isinstance(delivery.body, dict) else []
    return [each for each in entries if isinstance(each, dict)]


def _what(event: Json) -> str:
    """The key that says what it is, and the text if there is one."""
    if "field" in event:
        value = event.get("value") or {}
        return f"{event['field']}: {value.get('item', '')} {value.get('verb', '')}".strip()
    kinds = [key for key in event if key not in ("sender", "recipient", "timestamp")]
    message = event.get("message") or {}
    return "echo" if message.get("is_echo") else " + ".join(kinds)
