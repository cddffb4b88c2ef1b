"""How long sending waits for what."""

from __future__ import annotations

from dataclasses import dataclass

from bot.web.channels.messenger.outcomes import BACK_OFF_MS, WAIT_MS


@dataclass(frozen=True)
class Times:
    """How long things take; ms where the store is told, s of the steady clock else.

    echo_wait_ms: an answer or an echo comes within that, longer than a request may take. Then we look in the thread.
    echo_look_ms: how soon we look whether the echo settled it, at first. look_every_s: between two looks in threads of
    one page; Meta allows two calls a second. blind_wait_ms: when the thread can't be read either, we send again after
    that. park_ms: what waits for its page looks again by itself. unreachable_ms: how long until the next try when there
    was no connection, at first and at most.
    """

    echo_wait_ms: int = 30_000
    echo_look_ms: int = 1_000
    blind_wait_ms: int = 300_000
    look_every_s: float = 1.0
    park_ms: int = 30_000
    back_off_ms: tuple[int, ...] = BACK_OFF_MS
    wait_ms: int = WAIT_MS
    unreachable_ms: tuple[int, int] = (1_000, 30_000)
