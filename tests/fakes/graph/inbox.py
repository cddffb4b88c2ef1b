"""Meta's own inbox: a human who answers there, or gives the thread back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.graph import threads
from tests.fakes.graph.events import echo_message, event_of
from tests.fakes.graph.records import Json, Line, Thread, new_mid

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph


async def replies(graph: FakeGraph, thread: Thread, text: str, *, takes_control: bool = True, app_id: int = 0) -> str:
    """A human answers in the inbox, or another app does; returns the mid.

    The echo comes first. If it took the thread from another app, or from nobody, the take event follows; from then on
    everything comes in standby. takes_control=False: only the echo, as where no event tells of it.
    """
    now_ms, mid, app_id = graph.clock.now_ms(), new_mid(thread.platform), app_id or thread.inbox
    thread.lines.append(Line(mid, True, text, now_ms, {"text": text}, app_id))
    echo = echo_message(mid, app_id, {"text": text})
    await graph.emit(thread, event_of(thread, now_ms, {"message": echo}, from_page=True))
    if takes_control:
        await take(graph, thread, app_id=app_id)
    graph.happened()
    return mid


async def take(graph: FakeGraph, thread: Thread, *, app_id: int = 0, silently: bool = False) -> None:
    """The inbox, or another app, takes the thread: who had it is told, if not silently as by Meta's own AI."""
    now_ms, taker = graph.clock.now_ms(), app_id or thread.inbox
    before = threads.owner_of(thread, now_ms)
    was_ours = before != taker and threads.has_floor(thread, graph.app_id, now_ms)
    threads.give_to(thread, taker, now_ms)
    graph.happened()
    if was_ours and not silently:
        content = {"previous_owner_app_id": before, "new_owner_app_id": taker, "metadata": ""}
        await _tell(graph, thread, "take_thread_control", content)


async def done(graph: FakeGraph, thread: Thread, *, silently: bool = False) -> None:
    """The inbox gives the thread to us. silently: it only lets go, and nobody is told."""
    now_ms = graph.clock.now_ms()
    before = threads.owner_of(thread, now_ms)
    if silently:
        thread.owner, thread.owner_until_ms = None, 0
        graph.happened()
        return
    threads.give_to(thread, graph.app_id, now_ms)
    content = {
        "previous_owner_app_id": str(before) if before else None,
        "new_owner_app_id": graph.app_id_text,
        "metadata": "done",
    }
    await _tell(graph, thread, "pass_thread_control", content)


async def asks_for_control(graph: FakeGraph, thread: Thread) -> None:
    content = {"requested_owner_app_id": thread.inbox, "metadata": ""}
    await _tell(graph, thread, "request_thread_control", content)


async def _tell(graph: FakeGraph, thread: Thread, key: str, content: Json) -> None:
    """Handover events come in `messaging`, whoever has the thread."""
    graph.happened()
    event = event_of(thread, graph.clock.now_ms(), {key: content})
    await graph.deliver(event, "messaging", page=thread.account_id)
