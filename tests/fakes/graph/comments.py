"""Comments under the page's posts: who writes, changes, hides or removes one, and the `feed` events of that."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Literal

from tests.fakes.graph.deliveries import Delivery
from tests.fakes.graph.errors import bad_parameter, missing_object
from tests.fakes.graph.records import Comment, Json, Page, iso_time
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

Verb = Literal["add", "edited", "remove", "hide", "unhide"]
MAX_COMMENT_CHARS = 8000


def new_comment(
    graph: FakeGraph,
    page: Page,
    post_id: str,
    text: str,
    *,
    from_id: str,
    from_name: str,
    psid: str = "",
    parent_id: str = "",
) -> Comment:
    """post_id: empty for a post of the visitor's own. psid: of a visitor. parent_id: if it is a reply."""
    number, now_ms = str(secrets.randbelow(10**15)), graph.clock.now_ms()
    comment_id = f"{post_id.partition('_')[2] or post_id}_{number}" if post_id else f"{page.id}_{number}"
    post_id = post_id or comment_id
    comment = Comment(comment_id, page, post_id, parent_id or post_id, from_id, from_name, text, now_ms, psid)
    graph.comments[comment.id] = comment
    graph.happened()
    return comment


def feed_event(graph: FakeGraph, comment: Comment, verb: Verb) -> Json:
    value: Json = {
        "item": "status" if comment.is_post else "comment",
        "verb": verb,
        "post_id": comment.post_id,
        **({} if comment.is_post else {"comment_id": comment.id, "parent_id": comment.parent_id}),
        "from": {"id": comment.from_id, "name": comment.from_name},
        "created_time": graph.clock.now_ms() // 1000,
        "post": {"id": comment.post_id, "is_published": True, "status_type": "added_photos"},
    }
    if verb != "remove":
        value["message"] = comment.text
    return {"field": "feed", "value": value}


async def tell(graph: FakeGraph, comment: Comment, verb: Verb) -> Delivery:
    return await graph.deliver(feed_event(graph, comment, verb), "changes", page=comment.page.id)


def tell_later(graph: FakeGraph, comment: Comment, verb: Verb) -> None:
    """Behind the answer to the call that caused it."""
    delivery = graph.delivery([("changes", feed_event(graph, comment, verb))], page=comment.page.id)
    graph.deliveries.later(f"feed {comment.page.id}", delivery)


def create(graph: FakeGraph, request: GraphRequest) -> Json:
    """POST /{comment or post}/comments: the page answers in public, and hears of it like everybody."""
    page, text = request.the_page, request.params.get("message")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_COMMENT_CHARS:
        raise bad_parameter("The parameter message is required")
    post_id, parent_id = _place(graph, request)
    comment = new_comment(graph, page, post_id, text, from_id=page.id, from_name=page.name, parent_id=parent_id)
    tell_later(graph, comment, "add")
    return {"id": comment.id}


def listed(graph: FakeGraph, request: GraphRequest) -> Json:
    """GET /{comment or post}/comments."""
    found = [c for c in graph.comments.values() if c.parent_id == request.node and not c.is_removed]
    return {"data": [_described(each, request) for each in found]}


def read(graph: FakeGraph, request: GraphRequest) -> Json:
    return _described(_existing(graph, request), request)


def change(graph: FakeGraph, request: GraphRequest) -> Json:
    """POST /{comment}: `is_hidden`, or a new `message` for one of our own."""
    comment = _existing(graph, request)
    if "is_hidden" in request.params:
        comment.is_hidden = str(request.params["is_hidden"]).lower() == "true"
        tell_later(graph, comment, "hide" if comment.is_hidden else "unhide")
    elif comment.psid:
        raise bad_parameter("Alleen een eigen reactie kan worden veranderd")
    else:
        comment.text = str(request.params.get("message", comment.text))
        tell_later(graph, comment, "edited")
    return {"success": True}


def delete(graph: FakeGraph, request: GraphRequest) -> Json:
    comment = _existing(graph, request)
    comment.is_removed = True
    tell_later(graph, comment, "remove")
    return {"success": True}


def _place(graph: FakeGraph, request: GraphRequest) -> tuple[str, str]:
    """The post, and what exactly the new comment stands under."""
    if request.node.startswith(request.the_page.id + "_"):
        return request.node, request.node
    comment = _existing(graph, request)
    return comment.post_id, comment.id


def _existing(graph: FakeGraph, request: GraphRequest) -> Comment:
    comment = graph.comments.get(request.node)
    if comment is None or comment.page is not request.the_page or comment.is_removed:
        raise missing_object(request.node)
    return comment


def _described(comment: Comment, request: GraphRequest) -> Json:
    known: Json = {
        "message": comment.text,
        "from": {"id": comment.from_id, "name": comment.from_name},
        "created_time": iso_time(comment.at_ms),
        "is_hidden": comment.is_hidden,
        "can_reply_privately": bool(comment.psid) and not comment.private_reply,
    }
    if comment.parent_id != comment.post_id:
        known["parent"] = {"id": comment.parent_id}
    wanted = request.fields or ["message", "from", "created_time"]
    return {**{name: known[name] for name in wanted if name in known}, "id": comment.id}
