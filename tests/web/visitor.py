"""Somebody with a browser without JavaScript: keeps cookies, follows nothing by itself, reads pages as text."""

from __future__ import annotations

import html
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import Any

from tests.conftest import HANG_S


@dataclass(frozen=True)
class Page:
    """An answer of the server. `body` is the source, `text` what a person reads of it."""

    status: int
    headers: Message
    body: str

    @property
    def text(self) -> str:
        without_tags = re.sub(r"<[^>]*>", " ", self.body)
        return " ".join(html.unescape(without_tags).split())

    @property
    def location(self) -> str:
        return self.headers.get("location", "")

    def value(self, name: str) -> str:
        """What the first control called `name` holds."""
        area = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\n?(.*?)</textarea>', self.body, re.DOTALL)
        if area:
            return html.unescape(area[1])
        control = re.search(rf'<input[^>]*name="{name}"[^>]*>', self.body)
        assert control, f"no control {name!r}"
        value = re.search(r'value="([^"]*)"', control[0])
        return html.unescape(value[1]) if value else ""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Visitor:
    """Talks to the site at `url`, signed in if given a session's token. headers: go with every request."""

    def __init__(self, url: str, token: str = "", headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.cookies = {"bot_session": token} if token else {}
        self._headers = headers or {}
        self._opener = urllib.request.build_opener(_NoRedirect)

    @property
    def token(self) -> str:
        """Of the session; empty when signed out."""
        return self.cookies.get("bot_session", "")

    def get(self, path: str) -> Page:
        return self._send(urllib.request.Request(self.url + path))

    def post(self, path: str, headers: dict[str, str] | None = None, **fields: Any) -> Page:
        """Post a form; a field that is a list is there more than once."""
        return self.post_form(path, fields, headers)

    def post_form(self, path: str, fields: dict[str, Any], headers: dict[str, str] | None = None) -> Page:
        body = urllib.parse.urlencode(fields, doseq=True).encode()
        return self._send(urllib.request.Request(self.url + path, data=body, headers=headers or {}))

    def _send(self, request: urllib.request.Request) -> Page:
        for name, value in self._headers.items():
            request.add_header(name, value)
        if self.cookies:
            request.add_header("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        try:
            response = self._opener.open(request, timeout=HANG_S)
        except urllib.error.HTTPError as exc:
            response = exc
        with response:
            page = Page(response.status, response.headers, response.read().decode())
        self._keep_cookie(page)
        return page

    def _keep_cookie(self, page: Page) -> None:
        for cookie in page.headers.get_all("set-cookie", []):
            match = re.match(r'(\w+)="?([^";]*)', cookie)
            if match and match[2]:
                self.cookies[match[1]] = match[2]
            elif match:
                self.cookies.pop(match[1], None)
