"""Live agents: they take who waits in the queue, and conversations that the assistant has; over the JSON API."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp

from tools.crash.customers import CONNECTION_ERRORS, Web
from tools.crash.processes import API_TOKEN
from tools.crash.witness import AgentSaid

LOOK_EVERY_S = 0.5
CALL_TIMEOUT_S = 8.0
OWNER = "agent:api"
# How often an agent takes over at the very moment that a customer writes, and how long after it at most.
TAKEOVER_SHARE = 0.08
TAKEOVER_WITHIN_S = 0.015
# How an agent ends a conversation, and how often; who is put back waits for a colleague.
ENDINGS = {"hand-back": 0.6, "close": 0.25, "put-back": 0.15}
REPLIES = ("Goedemiddag, ik kijk het voor je na.", "Dat is geregeld.", "Je krijgt er een e-mail over.")


@dataclass
class Agents:
    """Some people who share the account of the API's token; each conversation is one person's at a time."""

    client: aiohttp.ClientSession
    urls: Sequence[str]
    random: Random
    people: int = 16
    takeover_share: float = TAKEOVER_SHARE
    claims: int = 0
    takeovers: int = 0
    said: list[AgentSaid] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    _in_hand: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _leaving: bool = False

    async def serve(self) -> None:
        """Look at the queue again and again, until `leave`."""
        web = Web(self.urls, self.random)
        while not self._leaving:
            status, queue = await self._call(web, "GET", "/queue", tries=1)
            for item in queue.get("items", []) if status == 200 else []:
                self._begin(item["conversation"]["id"], "queue", delay_s=0)
            await asyncio.sleep(LOOK_EVERY_S)

    def customer_wrote(self, conversation_id: str) -> None:
        """Now and then an agent takes over just then, while the assistant is at it."""
        if self.random.random() < self.takeover_share:
            self._begin(conversation_id, "assistant", delay_s=self.random.uniform(0, TAKEOVER_WITHIN_S))

    async def leave(self) -> None:
        """Finish what is in hand, and take nothing new."""
        self._leaving = True
        await asyncio.gather(*self._in_hand.values())

    def _begin(self, conversation_id: str, seen_owner: str, *, delay_s: float) -> None:
        if self._leaving or conversation_id in self._in_hand or len(self._in_hand) >= self.people:
            return
        task = asyncio.create_task(self._handle(conversation_id, seen_owner, delay_s))
        self._in_hand[conversation_id] = task
        task.add_done_callback(lambda _: self._in_hand.pop(conversation_id, None))

    async def _handle(self, conversation_id: str, seen_owner: str, delay_s: float) -> None:
        """From the claim to the end of one person's part."""
        web = Web(self.urls, self.random)
        await asyncio.sleep(delay_s)
        if not await self._claim(web, conversation_id, seen_owner):
            return
        for text in REPLIES[: self.random.choice((0, 1, 1, 2, 3))]:
            await asyncio.sleep(self.random.uniform(0.1, 0.6))
            await self._reply(web, conversation_id, text)
        await asyncio.sleep(self.random.uniform(0.1, 1.0))
        [ending] = self.random.choices(list(ENDINGS), list(ENDINGS.values()))
        await self._call(web, "POST", f"/conversations/{conversation_id}/{ending}")

    async def _claim(self, web: Web, conversation_id: str, seen_owner: str) -> bool:
        """Whether the conversation is ours; an answer that was lost on its way is found out by looking."""
        path = f"/conversations/{conversation_id}"
        status, _ = await self._call(web, "POST", f"{path}/claim", json={"seen_owner": seen_owner})
        if status == 409:
            status, found = await self._call(web, "GET", path)
            if status != 200 or found["conversation"]["owner"] != OWNER:
                return False
        self.claims += status == 200
        self.takeovers += status == 200 and seen_owner == "assistant"
        return status == 200

    async def _reply(self, web: Web, conversation_id: str, text: str) -> None:
        message_id = uuid.UUID(int=self.random.getrandbits(128)).hex
        body = {"text": text, "message_id": message_id}
        status, stored = await self._call(web, "POST", f"/conversations/{conversation_id}/reply", json=body)
        if status == 200:
            self.said.append(AgentSaid(conversation_id, message_id, stored["entry_id"]))

    async def _call(self, web: Web, method: str, path: str, *, tries: int = 0, **what: Any) -> tuple[int, Any]:
        """Status and body; tried again until there is an answer, or until `tries` are over: then the status is 0."""
        headers = {"authorization": f"Bearer {API_TOKEN}"}
        timeout = aiohttp.ClientTimeout(total=CALL_TIMEOUT_S)
        attempt = 0
        while not tries or attempt < tries:
            attempt += 1
            try:
                async with self.client.request(
                    method, f"{web.url}/api/v1{path}", headers=headers, timeout=timeout, **what
                ) as response:
                    body = await response.json()
            except (*CONNECTION_ERRORS, ValueError):
                await web.failed()
                continue
            if response.status < 500:
                if response.status not in (200, 404, 409):
                    self.troubles.append(f"{method} {path} was answered with {response.status}")
                return response.status, body
            await web.failed()
        return 0, {}
