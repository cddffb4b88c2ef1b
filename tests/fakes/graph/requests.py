"""Reading a call: versioned path or not, and fields from the query, JSON, a form or multipart."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

from tests.fakes.graph.errors import bad_parameter
from tests.fakes.graph.records import Call, Json, Page

VERSION = re.compile(r"v\d+\.\d+")


@dataclass(frozen=True)
class Upload:
    """A file of a multipart body."""

    name: str
    content_type: str
    data: bytes


@dataclass
class GraphRequest:
    """`POST /v26.0/1001/messages` has the node 1001 and the edge messages. `page` is that of the token."""

    method: str
    node: str
    edge: str
    params: Json
    uploads: list[Upload] = field(default_factory=list)
    page: Page | None = None

    @property
    def the_page(self) -> Page:
        assert self.page is not None, "authenticate() comes first"
        return self.page

    @property
    def fields(self) -> list[str]:
        """Names of `fields=a,b{c,d}`, without what stands in braces."""
        raw = self.params.get("fields", "")
        names = raw if isinstance(raw, list) else re.sub(r"\{[^}]*\}|\([^)]*\)|\.limit", "", str(raw)).split(",")
        return [name.strip() for name in names if name.strip()]

    @property
    def psid(self) -> str:
        """For whom it is, if it says so."""
        recipient = self.params.get("recipient")
        return str(recipient.get("id", "") if isinstance(recipient, dict) else recipient or "")


def begin_request(http: web.Request, now_ms: int) -> tuple[Call, GraphRequest]:
    """What is known before the body."""
    parts = [part for part in http.path.split("/") if part]
    version = parts.pop(0) if parts and VERSION.fullmatch(parts[0]) else ""
    call = Call(http.method, "/" + "/".join(parts), version, dict(http.query), {}, now_ms)
    request = GraphRequest(http.method, parts[0] if parts else "", "/".join(parts[1:]), {})
    call.endpoint = request.edge or request.node
    return call, request


async def read_body(http: web.Request, call: Call, request: GraphRequest) -> None:
    """Raises GraphError for a body that can't be read."""
    call.body = await _body(http, request.uploads)
    request.params = {**{name: _value(value) for name, value in http.query.items()}, **call.body}


async def _body(http: web.Request, uploads: list[Upload]) -> Json:
    if http.content_type == "application/json":
        return _json_body(await http.read())
    if http.content_type == "multipart/form-data":
        return await _multipart(http, uploads)
    return {name: _value(value) for name, value in (await http.post()).items()}


def _json_body(raw: bytes) -> Json:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as exc:
        raise bad_parameter("The request body is not valid JSON") from exc
    if not isinstance(body, dict):
        raise bad_parameter("The request body must be a JSON object")
    return body


async def _multipart(http: web.Request, uploads: list[Upload]) -> Json:
    fields: Json = {}
    reader = await http.multipart()
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        if part.filename:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            uploads.append(Upload(part.filename, kind, bytes(await part.read())))
        else:
            fields[part.name or ""] = _value(await part.text())
    return fields


def _value(text: Any) -> Any:
    """A form or query field holds JSON, or it is plain text."""
    if isinstance(text, str) and text[:1] in ("{", "["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
