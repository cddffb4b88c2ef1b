"""What all virtual customers do: write, message by message, and read until the end."""

from __future__ import annotations

import asyncio
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import aiohttp

from tools.crash.witness import Sent, Witness

# As people who see that it does not work: soon, and not all at the same moment.
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.1, 0.6
# What a connection to a process that was just killed may end in.
CONNECTION_ERRORS = (aiohttp.ClientError, asyncio.TimeoutError, OSError)


@dataclass(frozen=True)
class Pace:
    """How long a customer thinks between two messages, in seconds: at least, at most."""

    shortest_s: float
    longest_s: float

    def pause_s(self, random: Random) -> float:
        return random.uniform(self.shortest_s, self.longest_s)


class Web:
    """The web processes as a proxy shows them: one at a time, another one after a failure."""

    def __init__(self, urls: Sequence[str], random: Random) -> None:
        self._urls = urls
        self._at = random.randrange(len(urls))
        self._random = random

    @property
    def url(self) -> str:
        return self._urls[self._at]

    async def failed(self) -> None:
        """Wait for a moment, and go to the next one."""
        self._at = (self._at + 1) % len(self._urls)
        await asyncio.sleep(self._random.uniform(SHORTEST_WAIT_S, LONGEST_WAIT_S))


class Customer(ABC):
    """One customer in one conversation; what happens is in `witness`."""

    channel: str
    # Of the pause that a plan has in mind between two messages.
    haste = 1.0

    def __init__(
        self,
        client: aiohttp.ClientSession,
        urls: Sequence[str],
        random: Random,
        *,
        said: Callable[[str], None] = lambda conversation_id: None,
    ) -> None:
        """said: told the conversation's id each time that a message is on its way."""
        self.witness = Witness(self.channel)
        self._client = client
        self._random = random
        self._web = Web(urls, random)
        self._said = said

    async def write(self, texts: Sequence[str], pace: Pace) -> None:
        """Send them all, one after the other; a message is sent until it is acknowledged."""
        for text in texts:
            await asyncio.sleep(pace.pause_s(self._random) * self.haste)
            await self.say(text)

    async def say(self, text: str) -> Sent:
        sent = Sent(uuid.UUID(int=self._random.getrandbits(128)).hex, text)
        self.witness.sent.append(sent)
        await self._send(sent)
        return sent

    @abstractmethod
    async def read(self) -> None:
        """Take in what is said, for ever."""

    @abstractmethod
    async def _send(self, sent: Sent) -> None:
        """Return when it is acknowledged, however long that takes."""
