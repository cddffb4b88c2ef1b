"""What Meta sends for many customers: deliveries of signed events, each with the moment that it is due."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.graph.signing import escaped, signature_headers

Kind = Literal["text", "button", "photo", "sticker", "reaction", "read", "delivered"]
Event = dict[str, Any]

# Of a hundred events. For what a customer writes, Meta also tells what of ours arrived and was read.
SHARES: dict[Kind, int] = {
    "text": 45, "button": 5, "photo": 3, "sticker": 3, "reaction": 6, "read": 18, "delivered": 20
}  # fmt: skip
WRITTEN: frozenset[Kind] = frozenset({"text", "button", "photo", "sticker"})
# What the assistant answers, in words or with a button.
ASKED: frozenset[Kind] = frozenset({"text", "button"})
# Of a hundred requests; Meta sends several events in one when many come.
BATCHES = 10
BATCH_SIZES = (2, 3, 4, 5)
TEXTS_OF_A_CUSTOMER = 4
BUTTONS = ("/faq_openingstijden", "/faq_retourneren", "/faq_bezorgkosten", "/faq_garantie", "/groet")


@dataclass(frozen=True)
class Written:
    """A message of a customer. is_first: nobody wrote before under this id."""

    kind: Kind
    psid: str
    mid: str
    text: str
    due_s: float
    is_first: bool


@dataclass(frozen=True)
class Delivery:
    """One POST, due so many seconds after the begin. `make` writes its body when the time has come."""

    due_s: float
    events: tuple[Callable[[int], Event], ...] = field(repr=False)
    page_id: str

    def body(self, at_ms: int) -> bytes:
        """at_ms: what its events say about when they happened."""
        entry = {"id": self.page_id, "time": at_ms, "messaging": [make(at_ms) for make in self.events]}
        return escaped({"object": "page", "entry": [entry]})

    def request(self, path: str, secret: str, at_ms: int) -> bytes:
        """The whole of HTTP/1.1. Meta's two signatures: Rasa reads only the older one."""
        body = self.body(at_ms)
        headers = {
            "Host": "127.0.0.1",
            "User-Agent": "facebookexternalua",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **signature_headers(body, secret),
        }
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Traffic:
    """All deliveries in the order in which they are due, and what is to be found again of them."""

    deliveries: list[Delivery]
    written: list[Written]
    reactions: dict[str, str]  # mid of what they reacted to: whose
    psids: list[str]
    events: int
    texts: int  # that were used up


def of(
    texts: Sequence[str], *, page_id: str, first_psid: int, per_s: float, seconds: float, photo_url: str, seed: int = 1
) -> Traffic:
    """So many events a second, for so long. texts: each is used once at most. Raises ValueError if they run out.

    first_psid: customers have this id and those after it; nobody else may have them.
    """
    made = _Making(texts, page_id, first_psid, int(per_s * seconds), photo_url, random.Random(seed))
    return made.traffic(per_s)


class _Making:
    def __init__(
        self, texts: Sequence[str], page_id: str, first_psid: int, events: int, photo_url: str, dice: random.Random
    ) -> None:
        self._texts = texts
        self._page_id = page_id
        self._photo_url = photo_url
        self._dice = dice
        self._kinds = dice.choices(list(SHARES), list(SHARES.values()), k=events)
        asked = sum(kind in ASKED for kind in self._kinds)
        if asked > len(texts):
            raise ValueError(f"so much traffic needs {asked} texts")
        self._writers = [str(first_psid + number) for number in range(max(1, asked // TEXTS_OF_A_CUSTOMER))]
        # A photo goes to a human, and with it all that the customer asks later.
        self._next_psid = first_psid + len(self._writers)
        self._photographers: list[str] = []
        self._asked = 0
        self._written: list[Written] = []
        self._reactions: dict[str, str] = {}

    def traffic(self, per_s: float) -> Traffic:
        deliveries, done = [], 0
        while done < len(self._kinds):
            # A batch is due when its last event has happened.
            size = min(self._size(), len(self._kinds) - done)
            done += size
            due_s = done / per_s
            events = tuple(self._event(kind, due_s) for kind in self._kinds[done - size : done])
            deliveries.append(Delivery(due_s, events, self._page_id))
        psids = [*self._writers, *self._photographers]
        return Traffic(deliveries, self._written, self._reactions, psids, done, self._asked)

    def _size(self) -> int:
        return self._dice.choice(BATCH_SIZES) if self._dice.random() * 100 < BATCHES else 1

    def _event(self, kind: Kind, due_s: float) -> Callable[[int], Event]:
        if kind in WRITTEN:
            return self._message(kind, due_s)
        if kind == "reaction" and (earlier := self._reacted_to()):
            self._reactions[earlier.mid] = earlier.psid
            content = {"mid": earlier.mid, "action": "react", "reaction": "love", "emoji": "❤"}
            return self._by(earlier.psid, lambda at_ms: {"reaction": content})
        psid = self._dice.choice(self._writers)
        name = "read" if kind == "read" else "delivery"
        return self._by(psid, lambda at_ms: {name: {"watermark": at_ms}})

    def _reacted_to(self) -> Written | None:
        """Something that was asked a second ago or more, so that it is there."""
        now_s = self._written[-1].due_s if self._written else 0.0
        old = [one for one in self._written[-200:] if one.kind in ASKED and one.due_s < now_s - 1]
        return self._dice.choice(old) if old else None

    def _message(self, kind: Kind, due_s: float) -> Callable[[int], Event]:
        psid, is_first = self._writer(kind)
        mid = f"m_{psid}_{len(self._written)}"
        text = self._text(kind)
        self._written.append(Written(kind, psid, mid, text, due_s, is_first))
        content: Event
        if kind == "button":
            content = {"postback": {"mid": mid, "title": text.strip("/"), "payload": text}}
        elif kind == "text":
            content = {"message": {"mid": mid, "text": text}}
        else:
            payload: Event = {"url": self._photo_url}
            if kind == "sticker":
                payload["sticker_id"] = 1000
            content = {"message": {"mid": mid, "attachments": [{"type": "image", "payload": payload}]}}
        return self._by(psid, lambda at_ms: content)

    def _writer(self, kind: Kind) -> tuple[str, bool]:
        """Whose message it is, and whether it is their first."""
        if kind == "photo":
            psid = str(self._next_psid)
            self._next_psid += 1
            self._photographers.append(psid)
            return psid, True
        number = self._asked
        if kind in ASKED:
            self._asked += 1
        # One after the other, so that a customer's next message comes when most have had their answer.
        return self._writers[number % len(self._writers)], kind in ASKED and number < len(self._writers)

    def _text(self, kind: Kind) -> str:
        if kind == "button":
            return self._dice.choice(BUTTONS)
        return self._texts[self._asked - 1] if kind == "text" else ""

    def _by(self, psid: str, content: Callable[[int], Event]) -> Callable[[int], Event]:
        page_id = self._page_id

        def event(at_ms: int) -> Event:
            who = {"sender": {"id": psid}, "recipient": {"id": page_id}, "timestamp": at_ms}
            return {**who, **content(at_ms)}

        return event


def now_ms() -> int:
    return int(time.time() * 1000)
