"""Who may write in a thread, and until when: the rules of windows, tags and conversation routing."""

from __future__ import annotations

from tests.fakes.graph.errors import GraphError, bad_parameter, not_in_control, outside_window
from tests.fakes.graph.records import DAY_MS, WEEK_MS, Json, Page, Thread

RETIRED_TAGS = frozenset({"ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE"})
MESSAGING_TYPES = frozenset({"", "RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"})


def owner_of(thread: Thread, now_ms: int) -> int | None:
    """None: idle, since nobody wrote for a day or it was released."""
    return thread.owner if now_ms < thread.owner_until_ms else None


def has_floor(thread: Thread, app_id: int, now_ms: int) -> bool:
    """Whether the app may write, and gets events in `messaging`. In an idle thread only the default app may."""
    owner = owner_of(thread, now_ms)
    return owner == app_id if owner is not None else thread.page.default_app in (None, app_id)


def give_to(thread: Thread, app_id: int | None, now_ms: int, *, for_ms: int = DAY_MS) -> None:
    thread.owner, thread.owner_until_ms = app_id, now_ms + for_ms


def person_came(thread: Thread, now_ms: int, *, wrote: bool) -> None:
    """The window opens, and an idle thread gets the default app as its owner.

    wrote: a message; the seven days of HUMAN_AGENT count from there.
    """
    thread.window_from_ms = now_ms
    if wrote:
        thread.wrote_ms = now_ms
    if owner_of(thread, now_ms) is None:
        give_to(thread, thread.page.default_app, now_ms)
    thread.owner_until_ms = max(thread.owner_until_ms, now_ms + DAY_MS)


def window_ends_ms(thread: Thread) -> int | None:
    return None if thread.window_from_ms is None else thread.window_from_ms + DAY_MS


def check_may_send(thread: Thread, body: Json, app_id: int, now_ms: int, *, human_agent: bool) -> None:
    """Raises GraphError. human_agent: whether the app has that feature."""
    check_tag(thread, body)
    if not has_floor(thread, app_id, now_ms):
        raise not_in_control()
    if is_open(thread, now_ms):
        return
    if not (human_agent and body.get("tag") == "HUMAN_AGENT" and _within(thread.wrote_ms, WEEK_MS, now_ms)):
        raise outside_window(thread.platform)


def is_open(thread: Thread, now_ms: int) -> bool:
    return _within(thread.window_from_ms, DAY_MS, now_ms)


def check_tag(thread: Thread, body: Json) -> None:
    kind, tag = body.get("messaging_type", ""), body.get("tag", "")
    if kind not in MESSAGING_TYPES:
        raise bad_parameter("Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}")
    if tag in RETIRED_TAGS:
        raise bad_parameter("Deze tag wordt niet meer ondersteund", 1893061)
    if kind == "MESSAGE_TAG" and not tag or tag and tag not in _tags_of(thread.platform):
        raise bad_parameter("Param tag is not a valid message tag")
    if tag == "CUSTOMER_FEEDBACK" and _template_type(body) != "customer_feedback":
        raise bad_parameter("De tag CUSTOMER_FEEDBACK hoort bij een feedbacksjabloon")


def control_calls_allowed(page: Page) -> None:
    if page.default_app is None:
        raise GraphError(27, None, "(#27) Geen standaardapp ingesteld voor deze pagina")


def _tags_of(platform: str) -> frozenset[str]:
    return frozenset({"HUMAN_AGENT"} if platform == "instagram" else {"HUMAN_AGENT", "CUSTOMER_FEEDBACK"})


def _template_type(body: Json) -> str:
    payload = ((body.get("message") or {}).get("attachment") or {}).get("payload") or {}
    return str(payload.get("template_type", ""))


def _within(since_ms: int | None, span_ms: int, now_ms: int) -> bool:
    return since_ms is not None and now_ms - since_ms < span_ms
