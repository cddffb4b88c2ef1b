"""Calls to Chatwoot's application API, and the two ways in which one can fail.

Paths, header and shapes as in swagger/paths/application and app/views/api/v1 of chatwoot/chatwoot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import aiohttp
import msgspec

from bot.errors import UpstreamError
from bot.web.bodies import AnswerTooLong, read_answer
from bot.web.connectors.chatwoot.config import ChatwootConfig

TIMEOUT_S = 10.0
CONNECT_S = 3.0
MAX_ANSWER_BYTES = 4 * 1024 * 1024
# What app/finders/message_finder.rb gives at most behind an id.
PAGE = 100
INCOMING, OUTGOING = 0, 1

Json = dict[str, Any]
Shape = TypeVar("Shape")


class ChatwootRefused(UpstreamError):
    """It answered with an error of its own (app/controllers/concerns/request_exception_handler.rb)."""

    def __init__(self, status: int, path: str) -> None:
        self.http_status = status
        super().__init__(f"Chatwoot refused {path} with HTTP {status}")


class ChatwootUnreachable(UpstreamError):
    """No answer, or none of Chatwoot's: what was asked for may have happened."""

    def __init__(self, reason: str, status: int = 0) -> None:
        self.http_status = status
        super().__init__(f"no answer of Chatwoot: {reason}")


class Id(msgspec.Struct):
    id: int


class Person(msgspec.Struct):
    id: int | None = None
    name: str | None = None
    available_name: str | None = None


class File(msgspec.Struct):
    data_url: str | None = None


class ChatwootMessage(msgspec.Struct):
    """message_type: 0 incoming, 1 outgoing, 2 activity, 3 template. source_id: what we named it, of our own."""

    id: int
    message_type: int
    content: str | None = None
    private: bool = False
    source_id: str | None = None
    sender: Person | None = None
    attachments: list[File] = []


class Meta(msgspec.Struct):
    assignee: Person | None = None


class ChatwootConversation(msgspec.Struct):
    """id: the display id, by which the API and agents know it. status: open, resolved, pending or snoozed."""

    id: int
    status: str = "open"
    inbox_id: int = 0
    custom_attributes: Json | None = None
    meta: Meta = msgspec.field(default_factory=Meta)


class Contact(msgspec.Struct):
    id: int
    identifier: str | None = None


class Client:
    """One HTTP client. `open` and `close` it on the loop that uses it. Every call raises the two errors above."""

    def __init__(self, config: ChatwootConfig, *, timeout_s: float = TIMEOUT_S) -> None:
        self._base = f"{config.url}/api/v1/accounts/{config.account}"
        self._token = config.token
        self._inbox = config.inbox
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._timeout_s, connect=CONNECT_S),
            # A proxy may drop a name with an underscore: docs/how-to/chatwoot.md.
            headers={"api_access_token": self._token},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def contact(self, identifier: str) -> int | None:
        """Who has exactly this identifier."""
        wanted = {
            "attribute_key": "identifier",
            "filter_operator": "equal_to",
            "values": [identifier],
            "query_operator": None,
        }
        found = await self._call("POST", "contacts/filter", {"payload": [wanted]})
        # The filter is not case-sensitive.
        contacts = _shaped(found.get("payload", []), list[Contact])
        return next((one.id for one in contacts if one.identifier == identifier), None)

    async def create_contact(self, identifier: str, name: str, source_id: str, attributes: Json) -> int:
        """HTTP 422 if the identifier is taken: `index uniq_identifier_per_account_contact`."""
        body = {
            "inbox_id": self._inbox,
            "source_id": source_id,
            "name": name,
            "identifier": identifier,
            "custom_attributes": attributes,
        }
        made = await self._call("POST", "contacts", body)
        return _shaped(made.get("payload", {}).get("contact"), Id).id

    async def conversations_of(self, contact_id: int) -> list[ChatwootConversation]:
        """The last twenty of a contact."""
        found = await self._call("GET", f"contacts/{contact_id}/conversations")
        return _shaped(found.get("payload", []), list[ChatwootConversation])

    async def create_conversation(self, contact_id: int, source_id: str, attributes: Json) -> int:
        body = {
            "source_id": source_id,
            "inbox_id": self._inbox,
            "contact_id": contact_id,
            "status": "open",
            "custom_attributes": attributes,
        }
        return _shaped(await self._call("POST", "conversations", body), Id).id

    async def conversation(self, chatwoot_id: int) -> ChatwootConversation:
        return _shaped(await self._call("GET", f"conversations/{chatwoot_id}"), ChatwootConversation)

    async def messages_after(self, chatwoot_id: int, message_id: int) -> list[ChatwootMessage]:
        """At most PAGE, by id."""
        found = await self._call("GET", f"conversations/{chatwoot_id}/messages?after={message_id}")
        messages = _shaped(found.get("payload", []), list[ChatwootMessage])
        return sorted(messages, key=lambda message: message.id)

    async def say(self, chatwoot_id: int, content: str, message_type: str, source_id: str, *, private: bool) -> int:
        """Returns the message's id there. message_type: `incoming` (of the contact) or `outgoing`."""
        body = {"content": content, "message_type": message_type, "private": private, "source_id": source_id}
        return _shaped(await self._call("POST", f"conversations/{chatwoot_id}/messages", body), Id).id

    async def set_status(self, chatwoot_id: int, status: str) -> None:
        await self._call("POST", f"conversations/{chatwoot_id}/toggle_status", {"status": status})

    async def set_priority(self, chatwoot_id: int, priority: str) -> None:
        await self._call("POST", f"conversations/{chatwoot_id}/toggle_priority", {"priority": priority})

    async def set_attributes(self, chatwoot_id: int, attributes: Json) -> None:
        """`merge` is of newer versions; older ones replace what there is, which is ours anyway."""
        body = {"custom_attributes": attributes, "merge": True}
        await self._call("POST", f"conversations/{chatwoot_id}/custom_attributes", body)

    async def add_labels(self, chatwoot_id: int, labels: Sequence[str]) -> None:
        """Beside those that it has: the API replaces all of them."""
        known = (await self._call("GET", f"conversations/{chatwoot_id}/labels")).get("payload", [])
        wanted = list(dict.fromkeys([*(str(one) for one in known), *labels]))
        if wanted != known:
            await self._call("POST", f"conversations/{chatwoot_id}/labels", {"labels": wanted})

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        assert self._session, "open() first"
        try:
            async with self._session.request(
                method, f"{self._base}/{path}", json=body, allow_redirects=False
            ) as response:
                content = await read_answer(response, max_bytes=MAX_ANSWER_BYTES)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, AnswerTooLong) as exc:
            raise ChatwootUnreachable(type(exc).__name__) from None
        return _answer(content, status, path.partition("?")[0])


def _answer(content: bytes, status: int, path: str) -> Json:
    """What it says. A proxy in front of it says 404 as well: only errors in Chatwoot's own shape are its own."""
    try:
        answer = msgspec.json.decode(content) if content.strip() else {}
    except msgspec.DecodeError:
        answer = None
    if status >= 500 or status == 429 or (status >= 400 and not isinstance(answer, dict)):
        raise ChatwootUnreachable(f"HTTP {status}", status)
    if status >= 400:
        raise ChatwootRefused(status, path)
    if status >= 300 or not isinstance(answer, dict):
        raise ChatwootUnreachable(f"HTTP {status} without JSON", status)
    return answer


def _shaped(value: object, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as exc:
        raise ChatwootUnreachable("an answer of another shape") from exc
