"""A customer behind the REST channel: a program that sends until it gets a 200, and fetches what agents wrote."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from tools.crash.customers import CONNECTION_ERRORS, Customer
from tools.crash.processes import REST_TOKEN
from tools.crash.witness import Seen, Sent

# Longer than the channel's own longest wait: the turn's limit and 3 s.
POST_TIMEOUT_S = 12.0
GET_TIMEOUT_S = 5.0
POLL_EVERY_S = 1.0


class RestCustomer(Customer):
    """`sender` is the conversation's id without the channel."""

    channel = "rest"
    # It has waited for the answer already.
    haste = 0.4
    _after = ""

    def named(self, sender: str) -> RestCustomer:
        self._sender = sender
        self.witness.conversation_id = f"rest-{sender}"
        return self

    async def read(self) -> None:
        """Fetch what was said, for ever."""
        while True:
            await self._fetch()
            await asyncio.sleep(POLL_EVERY_S)

    async def _send(self, sent: Sent) -> None:
        body = {"sender": self._sender, "message": sent.text, "message_id": sent.id}
        while not sent.acked:
            self._said(self.witness.conversation_id)
            answer = await self._call("POST", "/webhooks/rest/webhook", POST_TIMEOUT_S, json=body)
            if answer is None:
                await self._web.failed()
                continue
            self.witness.acknowledged(sent.id)
            if answer:
                self.witness.replied()
            self.witness.answers[sent.id] = [reply["text"] for reply in answer]

    async def _fetch(self) -> None:
        params = {"sender": self._sender, "after": self._after}
        messages = await self._call("GET", "/webhooks/rest/messages", GET_TIMEOUT_S, params=params)
        if messages is None:
            return await self._web.failed()
        for message in messages:
            self._after = message["entry_id"]
            self.witness.saw(Seen(message["entry_id"], message["sender"], message["text"]))

    async def _call(self, method: str, path: str, timeout_s: float, **what: Any) -> list[dict[str, Any]] | None:
        """The answer, or None when it is worth another try."""
        headers = {"authorization": f"Bearer {REST_TOKEN}"}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._client.request(
                method, self._web.url + path, headers=headers, timeout=timeout, **what
            ) as response:
                if response.status == 200:
                    found: list[dict[str, Any]] = await response.json()
                    return found
                if response.status < 500:
                    self.witness.troubles.append(f"{method} {path} was answered with {response.status}")
        except CONNECTION_ERRORS:
            pass
        return None
