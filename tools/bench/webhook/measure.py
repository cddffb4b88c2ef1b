"""The measure: the same traffic for both sides in turn, at a rate that leaves time and at one that does not."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tools.bench.figures import percentile
from tools.bench.measures import CpuOf
from tools.bench.sides import PlainRasa, Side, Vraagbaak
from tools.bench.webhook import outcome, traffic
from tools.bench.webhook.meta import APP_SECRET, OUR_PAGE, OUR_PATH, THEIR_PAGE, THEIR_PATH, Meta
from tools.bench.webhook.outcome import Outcome
from tools.bench.webhook.post import GIVES_UP_S, Posted, post

Result = dict[str, Any]


@dataclass(frozen=True)
class Rate:
    """So many events a second, for so long."""

    per_s: float
    seconds: float


WARM_UP = Rate(10, 3)
RATES = (Rate(10, 30), Rate(100, 60))
QUICK_RATES = (Rate(10, 5), Rate(50, 5))


def webhook(
    ours: Vraagbaak,
    theirs: PlainRasa | None,
    meta: Meta,
    texts: Sequence[str],
    rates: Sequence[Rate],
    *,
    warm_up: Rate = WARM_UP,
) -> list[Result]:
    """A row for each rate, with the figures of each side. Both must run, with the channel on."""
    rows, first_psid, left = [], 5_000_000, list(texts)
    for rate in (warm_up, *rates):
        sent, same = (_traffic(page_id, left, rate, first_psid, meta) for page_id in (OUR_PAGE, THEIR_PAGE))
        row: Result = asdict(rate)
        row["customers"], row["events"], row["requests"] = len(sent.psids), sent.events, len(sent.deliveries)
        row["vraagbaak"] = _ours(ours, meta, sent)
        if theirs:
            row["rasa"] = _theirs(theirs, meta, same)
            row["ratio"] = _ratios(row["vraagbaak"], row["rasa"])
        rows.append(row)
        first_psid += len(sent.psids)
        left = left[sent.texts :]
    return rows[1:]


def _traffic(page_id: str, texts: Sequence[str], rate: Rate, first_psid: int, meta: Meta) -> traffic.Traffic:
    return traffic.of(
        texts,
        page_id=page_id,
        first_psid=first_psid,
        per_s=rate.per_s,
        seconds=rate.seconds,
        photo_url=meta.photo_url,
    )


def _ours(side: Vraagbaak, meta: Meta, sent: traffic.Traffic) -> Result:
    meta.meet(OUR_PAGE, sent.psids)
    meta.accepted(OUR_PAGE)
    used, posted = _posted(side, sent, OUR_PATH)
    found, settled_s = asyncio.run(_our_outcome(side, sent, posted))
    found.answered_s = outcome.first_answers_s(sent, meta.accepted(OUR_PAGE), begun_ms=posted.begun_ms)
    return {**_figures(sent, posted, found), **used, "settled_s": round(settled_s, 1), "sent_twice": meta.sent_twice()}


async def _our_outcome(side: Vraagbaak, sent: traffic.Traffic, posted: Posted) -> tuple[Outcome, float]:
    """What became of it, and seconds from the last request until nothing was left to do."""
    started_s = time.monotonic()
    async with side.store() as store:
        settled = await outcome.settle(store)
        settled_s = time.monotonic() - started_s
        found = await outcome.of_ours_at_last(store, sent, begun_ms=posted.begun_ms)
    found.settled = settled
    return found, settled_s


def _theirs(side: PlainRasa, meta: Meta, sent: traffic.Traffic) -> Result:
    """It answers a request when its dialogue has ended, so that nothing is left to do after the last one."""
    meta.meet(THEIR_PAGE, sent.psids)
    meta.accepted(THEIR_PAGE)
    used, posted = _posted(side, sent, THEIR_PATH)
    accepted = meta.accepted(THEIR_PAGE)
    found = outcome.of_rasa(side.address.port, sent)
    found.answered_s = outcome.first_answers_s(sent, accepted, begun_ms=posted.begun_ms)
    return {**_figures(sent, posted, found), **used}


def _posted(side: Side, sent: traffic.Traffic, path: str) -> tuple[Result, Posted]:
    """Deliver it all; with how many cores each part of the side used meanwhile."""
    used = CpuOf(side)
    posted = asyncio.run(post(sent.deliveries, port=side.address.port, path=path, secret=APP_SECRET))
    cores = {f"cores_of_{part}": round(used_s / posted.took_s, 2) for part, used_s in used.since_s().items()}
    return {"cores_used": round(sum(cores.values()), 2), **cores, "took_s": round(posted.took_s, 1)}, posted


def _figures(sent: traffic.Traffic, posted: Posted, found: Outcome) -> Result:
    counts = {name: value for name, value in asdict(found).items() if not isinstance(value, list)}
    return {
        **_times("ok", posted.times_s),
        "late_p99_ms": round(percentile(posted.late_s, 0.99) * 1000, 2),
        "after_5_s": sum(took_s > GIVES_UP_S for took_s in posted.times_s),
        "failures": len(posted.failures),
        **counts,
        **_times("stored", found.stored_s),
        **_times("answer", found.answered_s),
        "silent_customers": len(outcome.first_messages(sent)) - len(found.answered_s),
    }


def _times(name: str, times_s: Sequence[float]) -> Result:
    """Median, 99th percentile and longest, in ms."""
    if not times_s:
        return {}
    found = (statistics.median(times_s), percentile(times_s, 0.99), max(times_s))
    return {
        f"{name}_{what}_ms": round(at_s * 1000, 2) for what, at_s in zip(("median", "p99", "max"), found, strict=True)
    }


def _ratios(ours: Result, theirs: Result) -> Result:
    names = [name for name in ours if name.endswith("_ms") and theirs.get(name)]
    return {name: round(ours[name] / theirs[name], 6) for name in names}
