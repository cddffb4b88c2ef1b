"""POST /{page}/messages: a message or a sender action, with every check before anything happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.graph import limits, threads
from tests.fakes.graph.errors import GraphError, bad_parameter, no_matching_user, not_in_control
from tests.fakes.graph.events import echo_message, event_of
from tests.fakes.graph.records import WEEK_MS, Action, Comment, Json, Line, Page, Sent, Thread, new_mid
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

RECIPIENTS = ("id", "comment_id", "post_id", "user_ref", "notification_messages_token")
TYPING_S = 20
TYPING = ("typing_on", "typing_off")
ACTIONS = (*TYPING, "mark_seen", "react", "unreact")
REACTIONS = frozenset({"smile", "angry", "sad", "wow", "love", "like", "dislike", "laugh", "other"})


async def send(graph: FakeGraph, request: GraphRequest) -> Json:
    body, page = request.params, request.the_page
    if "message" in body and "sender_action" in body:
        raise bad_parameter("Een bericht en een sender_action gaan niet samen", 2018014)
    if page.blocked:
        raise GraphError(2022, None, "(#2022) Deze pagina is geblokkeerd")
    check_persona(graph, page, body)
    kind, value = recipient_of(body)
    if "sender_action" in body:
        return act(graph, the_thread(graph, page, kind, value), body)
    if kind in ("comment_id", "post_id"):
        return await reply_in_private(graph, page, graph.comments.get(value), request)
    return await say(graph, the_thread(graph, page, kind, value), request)


def recipient_of(body: Json) -> tuple[str, str]:
    recipient = body.get("recipient")
    if not isinstance(recipient, dict):
        raise bad_parameter("The parameter recipient is required")
    kinds = [kind for kind in recipient if kind in RECIPIENTS]
    if len(kinds) != 1 or len(recipient) != 1:
        raise bad_parameter("Param recipient must have exactly one of " + ", ".join(RECIPIENTS))
    return kinds[0], str(recipient[kinds[0]])


def the_thread(graph: FakeGraph, page: Page, kind: str, value: str) -> Thread:
    """Raises GraphError for a person that this page doesn't know, or who can't be reached."""
    thread = graph.threads.get((page.id, value)) if kind == "id" else None
    if thread is None:
        raise no_matching_user("messenger")
    if not graph.customers[page.id, value].is_reachable:
        raise GraphError(551, 1545041, "(#551) Deze persoon is momenteel niet beschikbaar.")
    return thread


async def say(graph: FakeGraph, thread: Thread, request: GraphRequest) -> Json:
    body, now_ms = request.params, graph.clock.now_ms()
    limits.check_message(body.get("message"), thread.platform)
    threads.check_may_send(thread, body, graph.app_id, now_ms, human_agent=graph.human_agent)
    extra = await graph.media.check(body["message"], request.uploads, thread.page)
    sent = accept(graph, thread, body)
    await echo(graph, thread, sent)
    hand_over(graph, thread, body.get("thread_control"))
    return {"recipient_id": thread.psid, "message_id": sent.mid, **extra}


async def reply_in_private(graph: FakeGraph, page: Page, comment: Comment | None, request: GraphRequest) -> Json:
    """One message to who commented, whatever the window says."""
    now_ms = graph.clock.now_ms()
    if comment is None or comment.page is not page or comment.is_removed or not comment.psid:
        raise bad_parameter("Deze reactie bestaat niet of is niet van een bezoeker")
    if comment.private_reply:
        raise bad_parameter("Op deze reactie is al een privebericht gestuurd")
    if now_ms - comment.at_ms > WEEK_MS:
        raise bad_parameter("Deze reactie is ouder dan zeven dagen")
    thread = the_thread(graph, page, "id", comment.psid)
    limits.check_message(request.params.get("message"), thread.platform)
    await graph.media.check(request.params["message"], request.uploads, page)
    sent = accept(graph, thread, request.params, comment.id)
    comment.private_reply = sent.mid
    await echo(graph, thread, sent)
    return {"recipient_id": thread.psid, "message_id": sent.mid}


def accept(graph: FakeGraph, thread: Thread, body: Json, comment_id: str = "") -> Sent:
    message, now_ms = body["message"], graph.clock.now_ms()
    sent = Sent(
        page_id=thread.page.id,
        psid=thread.psid,
        platform=thread.platform,
        mid=new_mid(thread.platform),
        at_ms=now_ms,
        message=message,
        metadata=str(message.get("metadata", "")),
        persona_id=str(body.get("persona_id", "")),
        tag=str(body.get("tag", "")),
        messaging_type=str(body.get("messaging_type", "")),
        reply_to=str((body.get("reply_to") or {}).get("mid", "")),
        comment_id=comment_id,
    )
    graph.sent.append(sent)
    thread.lines.append(Line(sent.mid, True, sent.text, now_ms, message, graph.app_id, sent.persona_id))
    thread.typing_until_ms = 0
    graph.happened()
    return sent


async def echo(graph: FakeGraph, thread: Thread, sent: Sent) -> None:
    """Before the answer, or behind it; with it the receipt, where the fake is to send those by itself."""
    message = echo_message(sent.mid, graph.app_id, sent.message, sent.metadata)
    event = event_of(thread, sent.at_ms, {"message": message}, from_page=True)
    if graph.echo_order == "before":
        await graph.emit(thread, event)
    else:
        graph.emit_later(thread, event, graph.echo_delay_s)
    if graph.sends_receipts:
        content = {"delivery": {"mids": [sent.mid], "watermark": sent.at_ms}}
        graph.emit_later(thread, event_of(thread, sent.at_ms, content))


def hand_over(graph: FakeGraph, thread: Thread, control: Json | None) -> None:
    """`thread_control` of a message: the floor goes with it."""
    if not control:
        return
    if control.get("control_type") == "release":
        thread.owner = None
        thread.owner_until_ms = 0
    else:
        app_id = control.get("app_id") or thread.page.default_app or thread.inbox
        threads.give_to(thread, int(app_id), graph.clock.now_ms())


def act(graph: FakeGraph, thread: Thread, body: Json) -> Json:
    action, now_ms = str(body["sender_action"]), graph.clock.now_ms()
    if action not in ACTIONS:
        raise bad_parameter("Param sender_action must be one of " + ", ".join(ACTIONS))
    if body.get("persona_id") and action not in TYPING:
        raise bad_parameter("Met een persona gaat alleen typing_on en typing_off")
    if action != "mark_seen":
        if not threads.has_floor(thread, graph.app_id, now_ms):
            raise not_in_control()
        threads.check_may_send(thread, {}, graph.app_id, now_ms, human_agent=False)
    payload = body.get("payload") or {}
    _carry_out(thread, action, payload, now_ms)
    persona_id = str(body.get("persona_id", ""))
    graph.actions.append(Action(thread.page.id, thread.psid, action, now_ms, payload, persona_id))
    graph.happened()
    return {"recipient_id": thread.psid}


def _carry_out(thread: Thread, action: str, payload: Json, now_ms: int) -> None:
    if action in TYPING:
        thread.typing_until_ms = now_ms + TYPING_S * 1000 if action == "typing_on" else 0
    elif action == "mark_seen":
        thread.seen_ms = now_ms
    else:
        _react(thread, action, payload)


def _react(thread: Thread, action: str, payload: Json) -> None:
    line = thread.line(str(payload.get("message_id", "")))
    if line is None:
        raise bad_parameter("Dit bericht bestaat niet")
    if action == "unreact":
        line.reactions.pop(thread.page.id, None)
    elif payload.get("reaction") in REACTIONS:
        line.reactions[thread.page.id] = payload["reaction"]
    else:
        raise bad_parameter("Param payload[reaction] is not valid")


def check_persona(graph: FakeGraph, page: Page, body: Json) -> None:
    if persona_id := body.get("persona_id"):
        persona = graph.personas.get(str(persona_id))
        if persona is None or persona.page_id != page.id or persona.is_deleted:
            raise bad_parameter("Deze persona bestaat niet")
