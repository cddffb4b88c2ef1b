"""The customers: an asyncio load generator for Rasa's REST channel, the same for both sides.

A closed loop without think time: so many customers at once, each sends its next message when it has the answer. It
shares the processor with what it measures, so it must be light: this client takes about 18 µs a message, aiohttp's
takes about 120 (measured once, against a server that does nothing).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from tools.bench.messages import Conversation

ANSWER_TIMEOUT_S = 120.0


class LoadError(RuntimeError):
    """A side did not answer as it should; the figures would mean nothing."""


@dataclass(frozen=True)
class Address:
    """Where a side answers, and how.

    hands_over: after a hand-over a human has the conversation and nothing is replied: the customer begins a new one.
    """

    port: int
    token: str = ""
    hands_over: bool = False


@dataclass
class Load:
    """What was measured: seconds of each message in the order of their answers, and of it all."""

    times_s: list[float] = field(default_factory=list)
    took_s: float = 0.0
    # Answers without a reply, and how many messages were asked once more in a new conversation because of that.
    empty: int = 0
    begun_again: int = 0


class RestClient:
    """One connection that stays open. HTTP/1.1, as far as the REST channel needs it."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._headers = (
            f"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {address.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )

    async def __aenter__(self) -> RestClient:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._address.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, sender: str, text: str) -> list[dict[str, Any]]:
        """The replies. Raises LoadError for any other answer than 200."""
        body = json.dumps({"sender": sender, "message": text}).encode()
        self._writer.write(f"{self._headers}{len(body)}\r\n\r\n".encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer = await self._reader.readexactly(length)
        if head.split(maxsplit=2)[1] != "200":
            raise LoadError(f"port {self._address.port} answered {head.splitlines()[0]}: {answer[:500]!r}")
        replies: list[dict[str, Any]] = json.loads(answer)
        return replies


class Customer:
    """Writes messages, and notes how long each answer took."""

    def __init__(self, address: Address, client: RestClient, load: Load, name: str) -> None:
        """name: of no customer before; part of the sender's."""
        self._address = address
        self._client = client
        self._load = load
        self._name = name
        self._conversation = 0

    async def say(self, text: str) -> None:
        """Send one message and wait for the answer. Raises LoadError."""
        replies, took_s = await self._ask(text)
        if not replies:
            self._load.empty += 1
            if self._address.hands_over:
                self._load.begun_again += 1
                self._conversation += 1
                replies, took_s = await self._ask(text)
                if not replies:
                    raise LoadError(f"port {self._address.port} has no reply to the first message of a conversation")
        self._load.times_s.append(took_s)

    async def _ask(self, text: str) -> tuple[list[dict[str, Any]], float]:
        started_s = time.perf_counter()
        asked = self._client.ask(f"{self._name}-{self._conversation}", text)
        replies = await asyncio.wait_for(asked, ANSWER_TIMEOUT_S)
        return replies, time.perf_counter() - started_s


async def run_load(address: Address, conversations: Sequence[Conversation], *, concurrent: int, name: str) -> Load:
    """So many conversations at a time, each on a connection of its own, until all were held. Raises LoadError."""
    load = Load()
    waiting = enumerate(conversations)
    started_s = time.perf_counter()
    await asyncio.gather(*(_one_after_another(address, waiting, load, name) for _ in range(concurrent)))
    load.took_s = time.perf_counter() - started_s
    return load


async def _one_after_another(
    address: Address, waiting: Iterator[tuple[int, Conversation]], load: Load, name: str
) -> None:
    for number, conversation in waiting:
        async with RestClient(address) as client:
            customer = Customer(address, client, load, f"{name}-{number}")
            for text in conversation:
                await customer.say(text)


async def run_in_turn(addresses: Sequence[Address], conversations: Sequence[Conversation], *, name: str) -> list[Load]:
    """Hold the same conversations with all of them, message by message, each the first in turn. Raises LoadError."""
    loads = [Load() for _ in addresses]
    turn = 0
    for number, conversation in enumerate(conversations):
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(RestClient(address)) for address in addresses]
            customers = [
                Customer(address, client, load, f"{name}-{number}")
                for address, client, load in zip(addresses, clients, loads, strict=True)
            ]
            for text in conversation:
                turn += 1
                for customer in customers if turn % 2 else reversed(customers):
                    await customer.say(text)
    for load in loads:
        load.took_s = sum(load.times_s)
    return loads
