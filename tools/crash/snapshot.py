"""Everything that Redis has about conversations, read key by key.

The verdict must not depend on the code that is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.model import Message
from bot.store.connection import connect
from bot.store.conversations import stored_message
from bot.store.keys import WORK_GROUP, Keys


@dataclass(frozen=True)
class Stored:
    """One conversation: its hash, its log in order, and what hangs on it.

    overtaken: see timeline.py; the store doesn't say it.
    """

    id: str
    fields: dict[str, str]
    log: list[Message]
    message_ids: dict[str, str] = field(default_factory=dict)
    pending: list[str] = field(default_factory=list)
    nlu: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    to_send: list[str] = field(default_factory=list)
    sends: dict[str, str] = field(default_factory=dict)
    marks: dict[str, str] = field(default_factory=dict)
    overtaken: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        return self.fields.get("owner", "")


@dataclass(frozen=True)
class Snapshot:
    """All conversations, and the sets that lead to them.

    work: entries of the stream, and those that an assistant took and did not acknowledge.
    outbox: as (conversation id, message id). sending: conversations with something to send to a platform. inbound,
    inbound_odd: how many events of platforms had no effect yet, and how many nobody understood.
    """

    conversations: dict[str, Stored]
    work: list[str]
    work_taken: int
    due: set[str]
    queue: set[str]
    claimed: set[str]
    outbox: set[tuple[str, str]]
    sending: set[str] = field(default_factory=set)
    inbound: int = 0
    inbound_odd: int = 0


async def take(url: str, prefix: str) -> Snapshot:
    """Raises redis's own errors: who looks has made sure that it runs."""
    keys = Keys(prefix)
    client = connect(url, keys.secret)
    try:
        pipeline = client.pipeline(transaction=True)
        for key in (keys.active, keys.due, keys.queue, keys.claimed, keys.outbox, keys.sending):
            pipeline.zrange(key, 0, -1)
        pipeline.xrange(keys.work)
        pipeline.xpending(keys.work, WORK_GROUP)
        pipeline.xlen(keys.inbound)
        pipeline.xlen(keys.inbound_odd)
        active, due, queue, claimed, outbox, sending, work, pending, *inbound = await pipeline.execute()
        conversations = {one: await _conversation(client, keys, one) for one in active}
    finally:
        await client.aclose()
    members = [member.rpartition(" ") for member in outbox]
    return Snapshot(
        conversations,
        [fields["conversation_id"] for _, fields in work],
        int(pending["pending"]),
        set(due),
        set(queue),
        set(claimed),
        {(conversation_id, message_id) for conversation_id, _, message_id in members},
        set(sending),
        *inbound,
    )


async def _conversation(client: Any, keys: Keys, conversation_id: str) -> Stored:
    pipeline = client.pipeline(transaction=True)
    pipeline.hgetall(keys.conversation(conversation_id))
    pipeline.xrange(keys.log(conversation_id))
    pipeline.hgetall(keys.message_ids(conversation_id))
    pipeline.lrange(keys.pending(conversation_id), 0, -1)
    pipeline.hgetall(keys.nlu(conversation_id))
    pipeline.hgetall(keys.states(conversation_id))
    pipeline.lrange(keys.to_send(conversation_id), 0, -1)
    pipeline.hgetall(keys.sends(conversation_id))
    pipeline.hgetall(keys.marks(conversation_id))
    fields, entries, *rest = await pipeline.execute()
    # What agents are told of messages that they got is no turn of the assistant.
    rest[2] = {name: nlu for name, nlu in rest[2].items() if not nlu.startswith('{"outcome":"read"')}
    log = [stored_message(entry_id, entry["message"]) for entry_id, entry in entries]
    return Stored(conversation_id, fields, log, *rest)
