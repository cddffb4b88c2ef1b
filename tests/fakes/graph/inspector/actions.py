"""What the page can do: one function for each button, by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.graph.accounts import page_of
from tests.fakes.graph.customers import Customer
from tests.fakes.graph.records import PAGE_FIELDS, Json, Platform

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

Action = Callable[["FakeGraph", Json], Awaitable[Any]]
MAX_TEXT_CHARS = 20_000
MAX_SHIFT_HOURS = 24 * 400


async def do(graph: FakeGraph, name: str, given: Json) -> Any:
    """Raises LookupError or ValueError with what is wrong."""
    action = ACTIONS.get(name)
    if action is None:
        raise LookupError(f"no such action: {name}")
    result = await action(graph, given)
    graph.happened()
    return result


def _who(graph: FakeGraph, given: Json) -> Customer:
    return graph.customers[page_of(graph, _text(given, "page")).id, _text(given, "psid")]


def _text(given: Json, name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"{name}: expected a text")
    return value


async def _joins(graph: FakeGraph, given: Json) -> Any:
    """Somebody new, with the next free id."""
    page = page_of(graph, _text(given, "page"))
    number = len(graph.customers) + 1
    platform: Platform = "instagram" if given.get("platform") == "instagram" else "messenger"
    graph.customer(str(6000 + number), name=f"Klant {number}", page=page.id, platform=platform)


async def _says(graph: FakeGraph, given: Json) -> Any:
    if not _text(given, "text").strip():
        raise ValueError("text: expected something")
    return await _who(graph, given).says(_text(given, "text"), reply_to=_text(given, "reply_to"))


async def _sends(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).sends(attachments=[_text(given, "kind")])


async def _presses(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).presses(_text(given, "title"))


async def _posts_back(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).posts_back(_text(given, "title"), _text(given, "payload"))


async def _gets_started(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).gets_started()


async def _edits(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).edits(_text(given, "mid"), _text(given, "text"))


async def _unsends(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).unsends(_text(given, "mid"))


async def _reacts(graph: FakeGraph, given: Json) -> Any:
    """Once more takes it back."""
    who, mid = _who(graph, given), _text(given, "mid")
    line = who.thread.line(mid)
    if line and line.reactions.get(who.psid) == given.get("reaction"):
        return await who.unreacts(mid)
    return await who.reacts(mid, _text(given, "reaction"))


async def _reads(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).reads()


async def _comments(graph: FakeGraph, given: Json) -> Any:
    if not _text(given, "text").strip():
        raise ValueError("text: expected something")
    return await _who(graph, given).comments(_text(given, "text"), parent=_text(given, "parent"))


async def _edits_comment(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).edits_comment(_text(given, "id"), _text(given, "text"))


async def _removes_comment(graph: FakeGraph, given: Json) -> Any:
    return await _who(graph, given).removes_comment(_text(given, "id"))


async def _hides_comment(graph: FakeGraph, given: Json) -> Any:
    comment = graph.comments[_text(given, "id")]
    return await graph.hides_comment(comment.id, hidden=not comment.is_hidden)


async def _inbox_replies(graph: FakeGraph, given: Json) -> Any:
    if not _text(given, "text").strip():
        raise ValueError("text: expected something")
    return await graph.inbox_replies(_text(given, "psid"), _text(given, "text"), page=_text(given, "page"))


async def _inbox_takes(graph: FakeGraph, given: Json) -> Any:
    psid, page = _text(given, "psid"), _text(given, "page")
    return await graph.inbox_takes(psid, page=page, silently=bool(given.get("silently")))


async def _inbox_done(graph: FakeGraph, given: Json) -> Any:
    psid, page = _text(given, "psid"), _text(given, "page")
    return await graph.inbox_done(psid, page=page, silently=bool(given.get("silently")))


async def _fails(graph: FakeGraph, given: Json) -> Any:
    """code and subcode, or `hang`, `hang_before`, `html`, `cut`; times: how often."""
    times, kind = int(given.get("times", 1)), given.get("kind", "error")
    if not 1 <= times <= 1000:
        raise ValueError("times: expected 1 to 1000")
    if kind == "hang":
        return graph.hang_next(times=times)
    if kind == "hang_before":
        return graph.hang_next(times=times, accept_first=False)
    if kind == "cut":
        return graph.cut_next(times=times)
    if kind == "html":
        return graph.html_next(times=times)
    subcode = given.get("subcode")
    return graph.fail_next(code=int(given["code"]), subcode=int(subcode) if subcode else None, times=times)


async def _mends(graph: FakeGraph, given: Json) -> Any:
    graph.faults.waiting.clear()


async def _advances(graph: FakeGraph, given: Json) -> Any:
    hours = float(given.get("hours", 0))
    if not abs(hours) <= MAX_SHIFT_HOURS:
        raise ValueError(f"hours: expected at most {MAX_SHIFT_HOURS}")
    graph.clock.advance(hours=hours)


async def _subscribes(graph: FakeGraph, given: Json) -> Any:
    page = page_of(graph, _text(given, "page"))
    page.fields = set() if given.get("off") else set(PAGE_FIELDS)
    page.failing_since_ms = None


async def _reaches(graph: FakeGraph, given: Json) -> Any:
    who = _who(graph, given)
    who.is_reachable = not who.is_reachable


async def _polices(graph: FakeGraph, given: Json) -> Any:
    page = page_of(graph, _text(given, "page"))
    return await graph.police("unblock" if page.blocked else "block", page=page.id)


async def _repeats(graph: FakeGraph, given: Json) -> Any:
    """The same delivery once more, as Meta sometimes does."""
    delivery = graph.deliveries.all[int(given["number"])]
    return await graph.deliver_body(delivery.body, page=delivery.page.id)


ACTIONS: dict[str, Action] = {
    "joins": _joins,
    "says": _says,
    "sends": _sends,
    "presses": _presses,
    "posts_back": _posts_back,
    "gets_started": _gets_started,
    "edits": _edits,
    "unsends": _unsends,
    "reacts": _reacts,
    "reads": _reads,
    "comments": _comments,
    "edits_comment": _edits_comment,
    "removes_comment": _removes_comment,
    "hides_comment": _hides_comment,
    "inbox_replies": _inbox_replies,
    "inbox_takes": _inbox_takes,
    "inbox_done": _inbox_done,
    "fails": _fails,
    "mends": _mends,
    "advances": _advances,
    "subscribes": _subscribes,
    "reaches": _reaches,
    "polices": _polices,
    "repeats": _repeats,
}
