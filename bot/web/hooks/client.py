"""Sends one webhook: to where it may go, within a time limit, once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import SplitResult, urlsplit

import aiohttp

from bot.web.hooks.signing import headers
from bot.web.media.download import PrivateAddress, PublicResolver, is_public

TIMEOUT_S = 10.0
CONNECT_S = 5.0
# Nobody reads the answer: so much is taken in, to keep the connection, and no more.
MAX_ANSWER_BYTES = 16 * 1024
MAX_URL_CHARS = 500


class BadAddress(ValueError):
    """The text is a Dutch sentence: what was expected."""


@dataclass(frozen=True)
class Outcome:
    """status: of the answer, 0 without one; problem: a code, why there was none. retry_after_s: as it asks, or 0."""

    status: int = 0
    problem: str = ""
    took_ms: int = 0
    retry_after_s: int = 0

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300


def check_address(url: str, *, private: bool) -> str:
    """The address as we use it. Raises BadAddress. private: BOT_HOOKS_PRIVATE is on."""
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # a port that is no number is found here
    except ValueError as exc:
        raise BadAddress("Vul een adres in, zoals https://www.example.nl/webhook.") from exc
    _check_parts(parts, private=private)
    if len(url) > MAX_URL_CHARS:
        raise BadAddress(f"Het adres is te lang: hoogstens {MAX_URL_CHARS} tekens.")
    return url.strip()


def _check_parts(parts: SplitResult, *, private: bool) -> None:
    if parts.scheme not in (("https", "http") if private else ("https",)):
        raise BadAddress("Het adres moet met https:// beginnen.")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise BadAddress("Vul een adres in, zoals https://www.example.nl/webhook, zonder naam en wachtwoord erin.")
    if not private and not _may_be_public(parts.hostname):
        raise BadAddress("Dit adres ligt in een eigen netwerk. De beheerder kan dat toestaan met BOT_HOOKS_PRIVATE.")


def _may_be_public(host: str) -> bool:
    """A name is looked at when it is resolved; an address that stands in its place is never resolved."""
    try:
        return is_public(host.strip("[]"))
    except ValueError:
        return host != "localhost" and not host.endswith((".localhost", ".local", ".internal"))


class HookClient:
    """One HTTP client for all webhooks. `open` and `close` it on the loop that uses it."""

    def __init__(self, *, private: bool, timeout_s: float = TIMEOUT_S) -> None:
        self._private = private
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, connect=min(CONNECT_S, timeout_s))
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        resolver = None if self._private else PublicResolver(())
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(resolver=resolver),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": "vraagbaak-webhooks", "content-type": "application/json"},
            auto_decompress=False,
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def send(self, url: str, secrets: Sequence[str], message_id: str, body: bytes) -> Outcome:
        """Try once; whatever goes wrong is in the outcome."""
        assert self._session, "open() first"
        began_s = time.monotonic()
        try:
            # Again each time: what the setting forbids now may have been allowed when the hook was made.
            check_address(url, private=self._private)
            signed = headers(secrets, message_id, int(time.time()), body)
            async with self._session.post(url, data=body, headers=signed, allow_redirects=False) as response:
                await response.content.read(MAX_ANSWER_BYTES)
                wait_s = _retry_after_s(response.headers.get("retry-after", ""))
                return Outcome(response.status, took_ms=_since_ms(began_s), retry_after_s=wait_s)
        except BadAddress:
            problem = "not_allowed"
        except TimeoutError:
            problem = "timeout"
        except aiohttp.ClientConnectorError as exc:
            problem = "not_allowed" if isinstance(exc.os_error, PrivateAddress) else "connection"
        except (aiohttp.ClientError, OSError, ValueError):
            problem = "connection"
        return Outcome(problem=problem, took_ms=_since_ms(began_s))


def _since_ms(began_s: float) -> int:
    return round((time.monotonic() - began_s) * 1000)


def _retry_after_s(header: str) -> int:
    """Seconds, or a date; 0 for what is neither."""
    try:
        return max(0, int(header))
    except ValueError:
        pass
    try:
        return max(0, int(parsedate_to_datetime(header).timestamp() - time.time()))
    except (TypeError, ValueError):
        return 0
