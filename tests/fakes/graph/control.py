"""Conversation routing: the calls that hand a thread over, and who has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.graph import threads
from tests.fakes.graph.errors import bad_parameter, no_matching_user, not_in_control, not_owner
from tests.fakes.graph.records import Json, Thread
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

MAX_EXTENSION_S = 7 * 24 * 3600
SUCCESS: Json = {"success": True}


def pass_control(graph: FakeGraph, request: GraphRequest) -> Json:
    thread = _thread(graph, request)
    target = request.params.get("target_app_id")
    if not target:
        raise bad_parameter("The parameter target_app_id is required")
    if not threads.has_floor(thread, graph.app_id, graph.clock.now_ms()):
        raise not_owner()
    threads.give_to(thread, int(target), graph.clock.now_ms())
    graph.happened()
    return SUCCESS


def take_control(graph: FakeGraph, request: GraphRequest) -> Json:
    thread = _thread(graph, request)
    threads.control_calls_allowed(thread.page)
    if not thread.page.may_take_control and thread.page.default_app != graph.app_id:
        raise not_in_control()
    threads.give_to(thread, graph.app_id, graph.clock.now_ms())
    graph.happened()
    return SUCCESS


def release_control(graph: FakeGraph, request: GraphRequest) -> Json:
    thread = _owned(graph, request)
    thread.owner, thread.owner_until_ms = None, 0
    graph.happened()
    return SUCCESS


def request_control(graph: FakeGraph, request: GraphRequest) -> Json:
    thread = _thread(graph, request)
    if threads.owner_of(thread, graph.clock.now_ms()) is None:
        threads.give_to(thread, graph.app_id, graph.clock.now_ms())
    graph.happened()
    return SUCCESS


def extend_control(graph: FakeGraph, request: GraphRequest) -> Json:
    thread = _owned(graph, request)
    duration_s = int(request.params.get("duration") or 0)
    if not 0 < duration_s <= MAX_EXTENSION_S:
        raise bad_parameter(f"Param duration must be between 1 and {MAX_EXTENSION_S}")
    thread.owner_until_ms = graph.clock.now_ms() + duration_s * 1000
    return SUCCESS


def thread_owner(graph: FakeGraph, request: GraphRequest) -> Json:
    """The app is named to the owner and to the default app only; an idle thread has none."""
    thread = _thread(graph, request)
    owner = threads.owner_of(thread, graph.clock.now_ms())
    if owner is None:
        return {"data": []}
    answer: Json = {"expiration": thread.owner_until_ms // 1000}
    if graph.app_id in (owner, thread.page.default_app):
        answer["app_id"] = str(owner)
    return {"data": [{"thread_owner": answer}]}


def _owned(graph: FakeGraph, request: GraphRequest) -> Thread:
    thread = _thread(graph, request)
    if threads.owner_of(thread, graph.clock.now_ms()) != graph.app_id:
        raise not_owner()
    return thread


def _thread(graph: FakeGraph, request: GraphRequest) -> Thread:
    thread = graph.threads.get((request.the_page.id, request.psid))
    if thread is None:
        raise no_matching_user("messenger")
    return thread
