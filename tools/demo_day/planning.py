"""What the demo's people have planned: other opening hours, and a crisis that is ready."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.plans import Plan
from bot.store.work import now_ms

_ZONE = ZoneInfo("Europe/Amsterdam")
_HOURS, _DELIVERY = "utter_faq_openingstijden", "utter_faq_bezorgmoment"
CRISIS = Crisis(
    banner="Door een storing bij de bezorger komen pakketten één of twee dagen later. Excuses daarvoor.",
    texts={
        _DELIVERY: "Door een storing bij de bezorger duurt het nu één of twee dagen langer. Je hoeft niets te doen."
    },
    intents=("faq_bestelstatus",),
    by="meryem",
)


async def plan(store: Store) -> None:
    """In the coming weeks, so that it is always still to come."""
    hours = await store.templates.published(_HOURS)
    for in_days, days, text in (
        (12, 2, "We verbouwen: vandaag en morgen zijn alle winkels dicht. Daarna zijn we er weer vanaf 9.30 uur."),
        (19, 1, "Vandaag zijn we open van 9.30 tot 16.00 uur."),
    ):
        begin = datetime.combine(datetime.now(_ZONE).date() + timedelta(days=in_days), time(), _ZONE)
        from_ms, until_ms = (int(at.timestamp() * 1000) for at in (begin, begin + timedelta(days=days)))
        await store.plans.add(Plan(replace(hours, text=text), from_ms, until_ms, "lotte", now_ms()))
    await store.crisis.save(replace(CRISIS, at_ms=now_ms() - 86_400_000))
