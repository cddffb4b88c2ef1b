"""Which sources a page may use."""

from __future__ import annotations

from sanic import HTTPResponse

_POLICY = (
    "default-src 'self'; img-src 'self' data:{}; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
CONTENT_POLICY = _POLICY.format("")


def with_pictures(response: HTTPResponse) -> HTTPResponse:
    """For a page that shows the pictures of answers, which are wherever their editors keep them."""
    response.headers["content-security-policy"] = _POLICY.format(" https:")
    return response
