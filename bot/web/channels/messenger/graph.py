"""Calls to Meta's Graph API, and the three ways in which one can fail."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import msgspec

from bot.errors import UpstreamError
from bot.web.bodies import read_answer
from bot.web.channels.messenger.config import MessengerConfig, Page

TIMEOUT_S = 20.0
CONNECT_S = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
# A date has whole seconds, and comes after the answer was made.
SAME_S = 4
Json = dict[str, Any]


class GraphRefused(UpstreamError):
    """Meta answered with an error. Branch on `error_code` and `subcode`, never on the text, which is translated."""

    def __init__(self, error: Mapping[str, Any], status: int, headers: Mapping[str, str]) -> None:
        self.error_code = _number(error.get("code"))
        self.subcode = _number(error.get("error_subcode"))
        self.is_transient = error.get("is_transient") is True
        self.http_status = status
        self.headers = dict(headers)
        super().__init__(f"Graph API refused with {self.error_code}/{self.subcode} (HTTP {status})")


class GraphUnknown(UpstreamError):
    """No answer that we can read: whatever was asked for may have happened."""


class GraphUnreachable(UpstreamError):
    """There was no connection: what was asked for surely did not happen."""


class Graph:
    """One HTTP client for all pages. `open` and `close` it on the loop that uses it."""

    def __init__(self, config: MessengerConfig, *, timeout_s: float = TIMEOUT_S) -> None:
        self._config = config
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        # How far our clock is ahead of Meta's, negative if it is behind, as its last answer shows; 0 when it is right.
        self.ahead_s = 0

    async def open(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._timeout_s, connect=CONNECT_S)
        self._session = aiohttp.ClientSession(timeout=timeout)

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def call(
        self, page: Page, method: str, path: str, *, body: Json | None = None, query: Mapping[str, str] | None = None
    ) -> tuple[Json, Mapping[str, str]]:
        """Ask for something with the page's token; returns Meta's answer and its headers.

        path: behind the version, as `1001/messages`. Raises GraphRefused, GraphUnknown, GraphUnreachable.
        """
        assert self._session, "open() first"
        url = f"{self._config.graph_url}/{page.version}/{path}"
        params = {**(query or {}), **proof(page.token, self._config.app_secret, now_s=int(time.time()) - self.ahead_s)}
        try:
            async with self._session.request(method, url, params=params, json=body, allow_redirects=False) as response:
                self.ahead_s = ahead_s(response.headers.get("date", ""), now_s=time.time())
                content = await read_answer(response, max_bytes=MAX_ANSWER_BYTES)
                return _answer(content, response.status, response.headers), response.headers
        except aiohttp.ClientConnectorError as exc:
            raise GraphUnreachable(f"no connection to the Graph API: {type(exc).__name__}") from exc
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            # The address has the token in it: of the error only its kind is told.
            raise GraphUnknown(f"no answer of the Graph API: {type(exc).__name__}") from None


def ahead_s(date: str, *, now_s: float) -> int:
    """How far `now_s` is ahead of a `Date` header, in whole seconds; 0 without a clear difference or a date.

    An own clock that is wrong by minutes makes every event look late and every proof of the secret wrong.
    """
    try:
        ahead = round(now_s - parsedate_to_datetime(date).timestamp())
    except (ValueError, TypeError):
        return 0
    return ahead if abs(ahead) > SAME_S else 0


def proof(token: str, app_secret: str, *, now_s: int) -> dict[str, str]:
    """The token with the proof that we know the app's secret, which Meta accepts for five minutes."""
    signed = hmac.new(app_secret.encode(), f"{token}|{now_s}".encode(), hashlib.sha256).hexdigest()
    return {"access_token": token, "appsecret_proof": signed, "appsecret_time": str(now_s)}


def _answer(content: bytes, status: int, headers: Mapping[str, str]) -> Json:
    try:
        answer = msgspec.json.decode(content, type=dict[str, Any])
    except msgspec.DecodeError as exc:
        raise ValueError(f"HTTP {status} without JSON") from exc
    if isinstance(answer.get("error"), dict):
        raise GraphRefused(answer["error"], status, headers)
    if status >= 400:
        raise ValueError(f"HTTP {status} without an error")
    return answer


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0
