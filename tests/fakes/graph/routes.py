"""Which function answers which call, and by what name a test can let it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.fakes.graph import accounts, comments, control, conversations, personas, profile, send
from tests.fakes.graph.errors import GraphError, missing_object
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

Handler = Callable[["FakeGraph", GraphRequest], Any]  # a dict, or a coroutine of one

OF_THE_PAGE: dict[tuple[str, str], Handler] = {
    ("POST", "messages"): send.send,
    ("POST", "message_attachments"): lambda graph, request: graph.media.upload(request),
    ("POST", "pass_thread_control"): control.pass_control,
    ("POST", "take_thread_control"): control.take_control,
    ("POST", "release_thread_control"): control.release_control,
    ("POST", "request_thread_control"): control.request_control,
    ("POST", "extend_thread_control"): control.extend_control,
    ("GET", "thread_owner"): control.thread_owner,
    ("GET", "messenger_profile"): profile.read,
    ("POST", "messenger_profile"): profile.write,
    ("DELETE", "messenger_profile"): profile.delete,
    ("GET", "personas"): personas.listed,
    ("POST", "personas"): personas.create,
    ("GET", "subscribed_apps"): accounts.subscribed_apps,
    ("POST", "subscribed_apps"): accounts.subscribe_page,
    ("DELETE", "subscribed_apps"): accounts.unsubscribe_page,
    ("GET", "conversations"): conversations.listed,
}
OF_OTHERS: dict[tuple[str, str], Handler] = {
    ("GET", "comments"): comments.listed,
    ("POST", "comments"): comments.create,
    ("GET", "messages"): conversations.messages,
    ("GET", "subscriptions"): accounts.app_subscriptions,
    ("POST", "subscriptions"): accounts.subscribe_app,
    ("DELETE", "subscriptions"): accounts.unsubscribe_app,
}
NODES: dict[tuple[str, str], Handler] = {
    ("GET", "page"): accounts.read_page,
    ("GET", "debug_token"): accounts.debug_token,
    ("GET", "profile"): accounts.read_person,
    ("GET", "persona"): personas.read,
    ("DELETE", "persona"): personas.delete,
    ("GET", "comment"): comments.read,
    ("POST", "comment"): comments.change,
    ("DELETE", "comment"): comments.delete,
    ("GET", "conversation"): conversations.read,
    ("GET", "message"): conversations.read_message,
}


def handler_of(graph: FakeGraph, request: GraphRequest) -> tuple[Handler, str]:
    """The function, and the name of the endpoint. Raises GraphError for what there is not."""
    if request.edge:
        handler = OF_THE_PAGE.get((request.method, request.edge)) if is_page(graph, request.node) else None
        handler = handler or OF_OTHERS.get((request.method, request.edge))
        name = "sender_action" if "sender_action" in request.params else request.edge
    else:
        name = kind_of(graph, request.node)
        handler = NODES.get((request.method, name))
    return handler or _nothing, name


def kind_of(graph: FakeGraph, node: str) -> str:
    """What an id belongs to."""
    if is_page(graph, node):
        return "page"
    if node == "debug_token":
        return "debug_token"
    if any(psid == node for _, psid in graph.threads):
        return "profile"
    if node in graph.personas:
        return "persona"
    if node in graph.comments:
        return "comment"
    return "conversation" if node.startswith("t_") else "message"


def is_page(graph: FakeGraph, node: str) -> bool:
    return node == "me" or any(node in (page.id, page.instagram_id) for page in graph.pages.values())


def _nothing(graph: FakeGraph, request: GraphRequest) -> Any:
    """Also for a page that is not the token's."""
    if not request.edge:
        raise missing_object(request.node)
    raise GraphError(2500, None, f"Unknown path components: /{request.edge}", status=400)
