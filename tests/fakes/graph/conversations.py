"""The Conversations API: which threads there are, and the twenty newest messages of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.graph import threads
from tests.fakes.graph.errors import GraphError, missing_object
from tests.fakes.graph.records import Json, Line, Thread, iso_time
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

NEWEST = 20


def listed(graph: FakeGraph, request: GraphRequest) -> Json:
    platform, psid = request.params.get("platform", "messenger"), str(request.params.get("user_id", ""))
    found = [
        thread
        for thread in graph.threads.values()
        if thread.page is request.the_page and thread.platform == platform and thread.lines
        if psid in ("", thread.psid)
    ]
    found.sort(key=lambda thread: -thread.lines[-1].at_ms)
    return {"data": [_described(graph, thread, request) for thread in found]}


def read(graph: FakeGraph, request: GraphRequest) -> Json:
    return _described(graph, _thread(graph, request), request)


def messages(graph: FakeGraph, request: GraphRequest) -> Json:
    return _messages(graph, _thread(graph, request))


def read_message(graph: FakeGraph, request: GraphRequest) -> Json:
    """One message, if it is among the twenty newest of its thread."""
    for thread in graph.threads.values():
        if thread.page is request.the_page and (line := thread.line(request.node)):
            if line not in thread.lines[-NEWEST:]:
                raise GraphError(10900, None, "(#10900) Dit bericht is verwijderd of te oud")
            return _message(graph, thread, line)
    raise missing_object(request.node)


def _thread(graph: FakeGraph, request: GraphRequest) -> Thread:
    for thread in graph.threads.values():
        if thread.id == request.node and thread.page is request.the_page:
            return thread
    raise missing_object(request.node)


def _described(graph: FakeGraph, thread: Thread, request: GraphRequest) -> Json:
    answer: Json = {"id": thread.id}
    if "messages" in request.fields:
        answer["messages"] = _messages(graph, thread)
    if "updated_time" in request.fields and thread.lines:
        answer["updated_time"] = iso_time(thread.lines[-1].at_ms)
    if "is_owner" in request.fields:
        answer["is_owner"] = threads.has_floor(thread, graph.app_id, graph.clock.now_ms())
    return answer


def _messages(graph: FakeGraph, thread: Thread) -> Json:
    """Newest first."""
    return {"data": [_message(graph, thread, line) for line in reversed(thread.lines[-NEWEST:])]}


def _message(graph: FakeGraph, thread: Thread, line: Line) -> Json:
    customer = {"name": graph.customers[thread.page.id, thread.psid].name, "id": thread.psid}
    page = {"name": thread.page.name, "id": thread.account_id}
    sender, recipient = (page, customer) if line.from_page else (customer, page)
    return {
        "id": line.mid,
        "created_time": iso_time(line.at_ms),
        "from": sender,
        "to": {"data": [recipient]},
        "message": "" if line.is_deleted else line.text,
    }
