"""What became of the messages: of ours as the store says, of plain Rasa's as its trackers say."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.model import ASSISTANT, Message, TranscriptLine
from bot.store import Store
from tools.bench.webhook.meta import OUR_PAGE, Accepted
from tools.bench.webhook.traffic import ASKED, Traffic, Written

SETTLE_S = 180.0
PHOTOS_S = 30.0
LOOK_EVERY_S = 0.25


@dataclass
class Outcome:
    """Counts of messages. human: in the queue, or with an agent. lost: neither kept, nor answered or with a human."""

    written: int = 0
    asked: int = 0
    answered: int = 0
    human: int = 0
    lost: int = 0
    unsent: int = 0  # said to the customer, and not accepted by Meta
    reactions_lost: int = 0
    photos_lost: int = 0  # of which we have no copy
    set_aside: int = 0
    stored_s: list[float] = field(default_factory=list)  # from the moment that the request was due
    answered_s: list[float] = field(default_factory=list)  # until Meta accepted the first answer to a customer
    settled: bool = True


async def settle(store: Store, *, timeout_s: float = SETTLE_S) -> bool:
    """Wait until every event had its effect, and everything is answered and sent. False if that takes too long."""
    deadline_s, quiet = time.monotonic() + timeout_s, 0
    while quiet < 3:
        left = await store.inbound.size() + await store.work.waiting() + await store.sending.size()
        quiet = quiet + 1 if left == 0 else 0
        if time.monotonic() > deadline_s:
            return False
        await asyncio.sleep(LOOK_EVERY_S)
    return True


async def of_ours_at_last(store: Store, traffic: Traffic, *, begun_ms: int) -> Outcome:
    """After the last photo was fetched, or after a time in which that should have been done."""
    deadline_s = time.monotonic() + PHOTOS_S
    while (found := await of_ours(store, traffic, begun_ms=begun_ms)).photos_lost and time.monotonic() < deadline_s:
        await asyncio.sleep(LOOK_EVERY_S)
    return found


async def of_ours(store: Store, traffic: Traffic, *, begun_ms: int) -> Outcome:
    """Look at every conversation. begun_ms: when the first request was due, by the clock."""
    odd = [event for event, _ in await store.inbound.odd() if event.received_at_ms >= begun_ms]
    found = Outcome(written=len(traffic.written), set_aside=len(odd))
    kept: dict[str, TranscriptLine] = {}
    answered: set[str] = set()
    owner: dict[str, str] = {}
    for psid in traffic.psids:
        conversation_id = f"messenger-{OUR_PAGE}-{psid}"
        lines = await store.conversations.transcript(conversation_id)
        kept |= {line.message.id: line for line in lines if line.message.sender == "customer"}
        said = [line for line in lines if line.message.to_customer]
        answered |= {line.message.in_reply_to for line in said if not _is_handover(line.message)}
        found.unsent += sum(line.state not in ("sent", "delivered", "read") for line in said)
        owner[psid] = (await store.conversations.get(conversation_id)).owner if lines else ""
    for one in traffic.written:
        _count(found, one, kept.get(one.mid), one.mid in answered, owner.get(one.psid, ""), begun_ms)
    found.photos_lost = sum(
        not (one.mid in kept and any(media.key for media in kept[one.mid].marks.media.values()))
        for one in traffic.written
        if one.kind == "photo"
    )
    found.reactions_lost = sum(not (mid in kept and kept[mid].marks.reaction) for mid in traffic.reactions)
    return found


def _is_handover(said: Message) -> bool:
    return bool(said.notice) or said.template.startswith(("utter_overdracht", "utter_niet_geholpen"))


def _count(
    found: Outcome, one: Written, line: TranscriptLine | None, is_answered: bool, owner: str, begun_ms: int
) -> None:
    if line is None:
        found.lost += 1
        return
    stored_ms = int(line.message.entry_id.partition("-")[0])
    found.stored_s.append((stored_ms - begun_ms) / 1000 - one.due_s)
    if one.kind == "sticker":
        return
    found.asked += 1
    if is_answered:
        found.answered += 1
    elif owner not in ("", ASSISTANT):
        found.human += 1
    else:
        found.lost += 1


def of_rasa(port: int, traffic: Traffic) -> Outcome:
    """Its trackers say what its dialogue was given: the text, the payload of a button, the address of a photo."""
    found = Outcome(written=len(traffic.written))
    by_psid: dict[str, list[Written]] = {}
    for one in traffic.written:
        by_psid.setdefault(one.psid, []).append(one)
    for psid, written in by_psid.items():
        given = Counter(_given(port, psid))
        texts = Counter(one.text for one in written if one.kind in ASKED)
        files = sum(one.kind not in ASKED for one in written)
        missing_files = max(0, files - sum(count for text, count in given.items() if text.startswith("http")))
        found.lost += sum((texts - given).values()) + missing_files
    found.asked = found.written
    found.answered = found.written - found.lost
    return found


def _given(port: int, psid: str) -> Iterable[str]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/conversations/{psid}/tracker", timeout=60) as answer:
        events = json.load(answer)["events"]
    return [event["text"] for event in events if event["event"] == "user" and event.get("text")]


def first_messages(traffic: Traffic) -> list[Written]:
    """Of each customer who asks something, the first."""
    return [one for one in traffic.written if one.is_first and one.kind in ASKED]


def first_answers_s(traffic: Traffic, accepted: Sequence[Accepted], *, begun_ms: int) -> list[float]:
    """From the moment that a customer's first message was due until the first answer to them was accepted."""
    first: dict[str, int] = {}
    for psid, at_ms in accepted:
        first.setdefault(psid, at_ms)
    return [(first[one.psid] - begun_ms) / 1000 - one.due_s for one in first_messages(traffic) if one.psid in first]
