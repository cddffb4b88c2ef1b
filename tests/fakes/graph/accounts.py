"""The page and the app themselves: tokens, what is subscribed, and who a person is."""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING

from tests.fakes.graph.errors import GraphError, bad_parameter, dead_token, missing_object
from tests.fakes.graph.records import INSTAGRAM_FIELDS, PAGE_FIELDS, Json, Page
from tests.fakes.graph.requests import GraphRequest
from tests.fakes.graph.signing import secret_proof

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

PROOF_LIFE_S = 300
SCOPES = (
    "pages_messaging",
    "pages_manage_metadata",
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "instagram_basic",
    "instagram_manage_messages",
)
APP_ENDPOINTS = ("debug_token", "subscriptions")


def authenticate(graph: FakeGraph, request: GraphRequest, bearer: str) -> None:
    """Find the page of the token, and make `me` mean it. Raises GraphError 190, or 100 for the proof."""
    token = str(request.params.get("access_token") or bearer)
    if not token:
        raise GraphError(104, None, "An access token is required to request this resource.", status=401)
    if request.node == "debug_token" or request.edge == "subscriptions":
        if token != f"{graph.app_id}|{graph.app_secret}":
            raise dead_token()
        return
    page = next((page for page in graph.pages.values() if page.token == token), None)
    if page is None:
        raise dead_token()
    if page.dead_subcode is not None:
        raise dead_token(page.dead_subcode or None)
    check_proof(graph, request, token)
    request.page = page
    if request.node == "me":
        request.node = page.id


def check_proof(graph: FakeGraph, request: GraphRequest, token: str) -> None:
    proof, seconds = request.params.get("appsecret_proof"), str(request.params.get("appsecret_time", ""))
    if proof is None:
        if graph.requires_proof:
            raise GraphError(100, None, "API calls from the server require an appsecret_proof argument")
        return
    # Real time: the fake's clock may have been moved, and the bot's was not.
    is_late = bool(seconds) and not (seconds.isdigit() and abs(time.time() - int(seconds)) < PROOF_LIFE_S)
    if is_late or not hmac.compare_digest(secret_proof(graph.app_secret, token, seconds), str(proof)):
        raise GraphError(100, None, "Invalid appsecret_proof provided in the API argument")


def read_page(graph: FakeGraph, request: GraphRequest) -> Json:
    """The fields that were asked for, as far as they are known; `id` always."""
    page = request.the_page
    known: Json = {
        "name": page.name,
        "messaging_feature_status": {"hop_v2": True, "msgr_multi_app": True, "ig_multi_app": True},
        "link": f"https://www.facebook.com/{page.id}",
    }
    if page.instagram_id:
        known["instagram_business_account"] = {"id": page.instagram_id}
    wanted = request.fields or ["name"]
    return {**{name: known[name] for name in wanted if name in known}, "id": page.id}


def debug_token(graph: FakeGraph, request: GraphRequest) -> Json:
    token = str(request.params.get("input_token", ""))
    page = next((page for page in graph.pages.values() if page.token == token), None)
    if page is None or page.dead_subcode is not None:
        error = {"code": 190, "message": "The session has been invalidated."}
        return {"data": {"app_id": graph.app_id_text, "error": error, "is_valid": False, "scopes": []}}
    scopes = [scope for scope in SCOPES if scope not in graph.missing_scopes]
    return {
        "data": {
            "app_id": graph.app_id_text,
            "type": "PAGE",
            "application": "Vraagbaak",
            "expires_at": 0,
            "data_access_expires_at": 0,
            "is_valid": True,
            "profile_id": page.id,
            "scopes": scopes,
            "granular_scopes": [{"scope": scope, "target_ids": [page.id]} for scope in scopes],
        }
    }


def subscribed_apps(graph: FakeGraph, request: GraphRequest) -> Json:
    page = request.the_page
    if not page.fields:
        return {"data": []}
    app = {"id": graph.app_id_text, "name": "Vraagbaak", "link": "", "category": "Bedrijf"}
    return {"data": [{**app, "subscribed_fields": sorted(page.fields)}]}


def subscribe_page(graph: FakeGraph, request: GraphRequest) -> Json:
    """Replaces what was subscribed before. The answer is a text, as in Meta's sample."""
    request.the_page.fields = _fields(request, "subscribed_fields", PAGE_FIELDS)
    request.the_page.failing_since_ms, request.the_page.is_alerted = None, False
    graph.happened()
    return {"success": "true"}


def unsubscribe_page(graph: FakeGraph, request: GraphRequest) -> Json:
    request.the_page.fields = set()
    graph.happened()
    return {"success": "true"}


async def subscribe_app(graph: FakeGraph, request: GraphRequest) -> Json:
    """The callback is asked for the challenge before it is kept."""
    kind = str(request.params.get("object", ""))
    if kind not in graph.app_fields:
        raise bad_parameter("Param object must be one of {page, instagram}")
    fields = _fields(request, "fields", PAGE_FIELDS if kind == "page" else INSTAGRAM_FIELDS)
    before = graph.webhook_url, graph.verify_token
    graph.webhook_url = str(request.params.get("callback_url", ""))
    graph.verify_token = str(request.params.get("verify_token", ""))
    if not await graph.verify():
        graph.webhook_url, graph.verify_token = before
        raise GraphError(2200, None, "(#2200) callback verification failed")
    graph.app_fields[kind] = fields
    return {"success": True}


def app_subscriptions(graph: FakeGraph, request: GraphRequest) -> Json:
    return {
        "data": [
            {
                "object": kind,
                "callback_url": graph.webhook_url,
                "active": True,
                "fields": [{"name": name, "version": "v26.0"} for name in sorted(fields)],
            }
            for kind, fields in graph.app_fields.items()
            if fields and graph.webhook_url
        ]
    }


def unsubscribe_app(graph: FakeGraph, request: GraphRequest) -> Json:
    for kind in [str(request.params["object"])] if request.params.get("object") else list(graph.app_fields):
        graph.app_fields[kind] = set()
    return {"success": True}


def read_person(graph: FakeGraph, request: GraphRequest) -> Json:
    """First name, last name and picture; or an empty object, or an error, as the customer's `profile` says."""
    page = request.the_page
    customer = graph.customers.get((page.id, request.node))
    thread = graph.threads.get((page.id, request.node))
    if customer is None or thread is None:
        raise missing_object(request.node)
    if customer.profile == "phone_only":
        raise bad_parameter("Dit account is gemaakt met een telefoonnummer", 2018218)
    if customer.profile == "no_right":
        raise bad_parameter("De app mag dit profiel niet lezen", 2018247)
    if customer.profile == "empty" or thread.wrote_ms is None:
        return {}
    first, _, last = customer.name.partition(" ")
    known = {
        "first_name": first,
        "last_name": last,
        "name": customer.name,
        "profile_pic": graph.media.url("profile.png"),
        "id": customer.psid,
    }
    wanted = request.fields or ["first_name", "last_name", "profile_pic"]
    return {name: known[name] for name in [*wanted, "id"] if name in known}


def _fields(request: GraphRequest, name: str, known: frozenset[str]) -> set[str]:
    given = request.params.get(name, "")
    fields = {str(each).strip() for each in (given if isinstance(given, list) else str(given).split(","))} - {""}
    if not fields:
        raise bad_parameter(f"The parameter {name} is required")
    if fields - known:
        raise bad_parameter(f"Param {name} has an unknown field: {sorted(fields - known)[0]}")
    return fields


def page_of(graph: FakeGraph, page_id: str) -> Page:
    """Of its own id or that of its Instagram account. Raises KeyError."""
    return next((p for p in graph.pages.values() if page_id in (p.id, p.instagram_id)), None) or graph.pages[page_id]
