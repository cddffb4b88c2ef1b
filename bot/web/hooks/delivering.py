"""Delivers webhooks: what happens is spread over the subscriptions, and each delivery is tried until it arrives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Literal
from urllib.parse import urlsplit

import structlog

from bot.errors import NotFound, StoreUnavailable
from bot.logs import described
from bot.settings import Settings
from bot.store import Store
from bot.store.happenings import Batch, Happening
from bot.store.hooks import READER, Delivery, Hook, OffReason
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.hooks.client import TIMEOUT_S, HookClient, Outcome
from bot.web.hooks.payload import body_of
from bot.web.leading import InHand, Leading
from bot.web.operations.metrics import Metrics

log = structlog.get_logger()

# Waits after a try that failed: a day in all. Then the delivery is given up, and the next one of its conversation goes.
RETRIES_S = (5, 30, 120, 600, 3_600, 6 * 3_600, 16 * 3_600)
MAX_RETRY_AFTER_S = 6 * 3_600
# A subscription to which nothing got through for so long is switched off.
OFF_AFTER_MS = 3 * 86_400_000
# What waited so long behind others of its conversation is tried once.
OLD_MS = 3 * 86_400_000
AT_A_TIME = 32
AT_A_TIME_PER_HOST = 4
# Read at once of what is due: many of one conversation must not hide the others.
DUE_READ = 200
BLOCK_MS = 500
BUSY_S = 0.1
GONE = 410
_OFF_TEXTS: dict[OffReason, str] = {
    "failing": "De webhook naar {host} lukte drie dagen niet en staat nu uit.",
    "gone": "De webhook naar {host} bestaat niet meer volgens de ontvanger, en staat nu uit.",
}
_LOST_TEXT = "De webhook naar {host} heeft gebeurtenissen gemist. Op de pagina staat welke tijd het was."
Lost = Literal["behind", "too_many"]


class Hooks:
    """What `app.ctx.hooks` is. Every web process has one; one of them delivers."""

    def __init__(self, store: Store, settings: Settings, metrics: Metrics, *, timeout_s: float = TIMEOUT_S) -> None:
        self.allows_private = settings.hooks_private == "on"
        self._store = store
        self._site_url = settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"
        self._metrics = metrics
        self._client = HookClient(private=self.allows_private, timeout_s=timeout_s)
        self._in_hand = InHand(AT_A_TIME)
        self._hosts: Counter[str] = Counter()
        self._leading = Leading(store.hooks_leader, self._turn, self._in_hand)
        self._began = False

    async def open(self) -> None:
        await self._client.open()

    async def run(self) -> None:
        """For ever. Cancel it, then `close`."""
        await self._leading.run()

    async def close(self) -> None:
        await self._leading.close()
        await self._client.close()

    async def try_now(self, hook: Hook, delivery: Delivery) -> Delivery:
        """Try once, whatever the time, and note what came of it. Raises StoreUnavailable."""
        tried = _settled(delivery, await self._send(hook, delivery), now_ms())
        if await self._store.hooks.settle(tried):
            await self._note(hook, tried)
        return tried

    async def _send(self, hook: Hook, delivery: Delivery) -> Outcome:
        try:
            body = await body_of(self._store, delivery, with_text=hook.with_text, site_url=self._site_url)
            return await self._client.send(hook.url, hook.secrets(now_ms()), delivery.id, body)
        except StoreUnavailable:
            raise
        except Exception as exc:  # a mistake of ours must not keep those behind it waiting for ever
            log.error("hook.broken", hook_id=hook.id, error=described(exc))
            return Outcome(problem="broken")

    async def _turn(self) -> None:
        hooks = await self._store.hooks.all()
        await self._begin(hooks)
        until = await self._store.happenings.read_until(READER)
        batch = await self._store.happenings.after(until)
        found = batch.happenings
        if batch.lost_until_ms:
            await self._note_behind(hooks, batch)
        if found:
            deliveries = [_delivery(hook, one) for one in found for hook in hooks if _wants(hook, one)]
            await self._store.hooks.spread(deliveries, until=found[-1].entry_id)
            for hook in hooks:
                await self._trim(hook)
        is_busy = False
        for hook in hooks:
            is_busy |= await self._begin_due(hook)
        if is_busy:
            await asyncio.sleep(BUSY_S)
        elif not found:
            await self._store.happenings.wait(until, BLOCK_MS)

    async def _begin(self, hooks: Sequence[Hook]) -> None:
        """The first time that this process leads."""
        if not self._began:
            for hook in hooks:
                await self._store.hooks.mend(hook.id)
            self._began = True

    async def _begin_due(self, hook: Hook) -> bool:
        """Begin what is due and may begin. Returns whether anything is due."""
        due = await self._store.hooks.due(hook.id, now_ms(), DUE_READ)
        if not hook.is_active:
            for delivery in due:
                await self._store.hooks.settle(replace(delivery, state="dropped", problem="off", next_at_ms=0))
            return bool(due)
        host = urlsplit(hook.url).netloc
        for delivery in due:
            # The next one of its conversation is due when this one is done.
            lane = f"{hook.id} {delivery.lane}"
            if self._in_hand.is_full or self._hosts[host] >= AT_A_TIME_PER_HOST:
                break
            if not self._in_hand.has(lane):
                self._hosts[host] += 1
                self._in_hand.begin(lane, self._deliver(hook, delivery, host))
        return bool(due)

    async def _deliver(self, hook: Hook, delivery: Delivery, host: str) -> None:
        try:
            await self.try_now(hook, delivery)
            await self._trim(hook)
        finally:
            self._hosts[host] -= 1

    async def _trim(self, hook: Hook) -> None:
        if dropped := await self._store.hooks.trim(hook.id):
            times_ms = [one.at_ms for one in dropped]
            await self._note_lost(hook, min(times_ms), max(times_ms), "too_many")

    async def _note_behind(self, hooks: Sequence[Hook], batch: Batch) -> None:
        for hook in hooks:
            if hook.is_active and hook.created_at_ms < batch.lost_until_ms:
                from_ms = max(batch.lost_from_ms, hook.created_at_ms)
                await self._note_lost(hook, from_ms, batch.lost_until_ms, "behind")

    async def _note_lost(self, hook: Hook, from_ms: int, until_ms: int, reason: Lost) -> None:
        """Some of what happened in between never gets to a subscription: whoever looks after it must know."""
        self._metrics.hook_losses.labels(reason).inc()
        log.error("hook.lost", hook_id=hook.id, reason=reason, from_ms=from_ms, until_ms=until_ms)
        with suppress(NotFound):  # removed meanwhile
            if await self._store.hooks.lost(await self._store.hooks.get(hook.id), from_ms, until_ms):
                await self._tell_admins(hook, _LOST_TEXT)

    async def _note(self, hook: Hook, tried: Delivery) -> None:
        """Count it, and keep the subscription's health."""
        outcome: Literal["delivered", "retried", "failed"] = (
            "delivered" if tried.state == "delivered" else "retried" if tried.next_at_ms else "failed"
        )
        self._metrics.hook_deliveries.labels(outcome).inc()
        facts = {"hook_id": hook.id, "kind": tried.type, "status": tried.status, "took_ms": tried.took_ms}
        if outcome == "delivered":
            log.info("hook.delivered", tries=tried.tries, **facts)
            await self._store.hooks.arrived(hook.id)
            return
        log.warning("hook.missed", tries=tried.tries, problem=tried.problem, given_up=outcome == "failed", **facts)
        if tried.type == "test":
            return  # somebody is trying it out
        since_ms = await self._store.hooks.missed(hook.id, now_ms())
        if tried.status == GONE:
            await self._switch_off(hook, "gone")
        elif now_ms() - since_ms > OFF_AFTER_MS:
            await self._switch_off(hook, "failing")

    async def _switch_off(self, hook: Hook, reason: OffReason) -> None:
        if not await self._store.hooks.switch_off(hook.id, reason):
            return
        log.error("hook.off", hook_id=hook.id, reason=reason)
        await self._tell_admins(hook, _OFF_TEXTS[reason])

    async def _tell_admins(self, hook: Hook, text: str) -> None:
        """text: with a place for the host."""
        text = text.format(host=urlsplit(hook.url).hostname)
        told = Notification("webhook", text, f"/koppelingen/webhooks/{hook.id}", at_ms=now_ms())
        for account in await self._store.accounts.active():
            if "admin" in account.roles:
                await self._store.notifications.tell(account.id, told)


def new_test(hook: Hook) -> Delivery:
    """What the button sends."""
    at_ms = now_ms()
    return Delivery(f"msg_{hook.id}_test{at_ms}", hook.id, "test", at_ms, next_at_ms=at_ms)


async def redelivery(store: Store, hook_id: str, delivery_id: str) -> tuple[Hook, Delivery]:
    """A delivery that somebody wants again, with its hook. Raises NotFound."""
    hook = await store.hooks.get(hook_id)
    delivery = await store.hooks.delivery(hook_id, delivery_id)
    if delivery.hook_id != hook.id:
        raise NotFound(f"no delivery {delivery_id!r}")
    return hook, delivery


def _wants(hook: Hook, happening: Happening) -> bool:
    return hook.is_active and happening.type in hook.events and happening.at_ms >= hook.created_at_ms


def _delivery(hook: Hook, happening: Happening) -> Delivery:
    """The same one whenever the same happening is read."""
    return Delivery(
        id=f"msg_{hook.id}_{happening.entry_id}",
        hook_id=hook.id,
        type=happening.type,
        at_ms=happening.at_ms,
        conversation_id=happening.conversation_id,
        about=happening.about,
        next_at_ms=happening.at_ms,
    )


def _settled(delivery: Delivery, outcome: Outcome, at_ms: int) -> Delivery:
    tries = delivery.tries + 1
    tried = replace(
        delivery,
        tries=tries,
        tried_at_ms=at_ms,
        took_ms=outcome.took_ms,
        status=outcome.status,
        problem=outcome.problem,
        next_at_ms=0,
    )
    if outcome.is_good:
        return replace(tried, state="delivered")
    is_last = tries > len(RETRIES_S) or at_ms - delivery.at_ms > OLD_MS or outcome.status == GONE
    # What was given up and sent again by hand is tried once.
    if is_last or delivery.type == "test" or delivery.state != "waiting":
        return tried if delivery.state == "delivered" else replace(tried, state="failed")
    wait_s = max(RETRIES_S[tries - 1], min(outcome.retry_after_s, MAX_RETRY_AFTER_S))
    return replace(tried, state="waiting", next_at_ms=at_ms + round(wait_s * 1000))
