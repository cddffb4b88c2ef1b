"""The list of groups, and which messages a filter leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sanic import Request

from bot.store import Store
from bot.store.missed import REASONS, Group, Missed, Reason
from bot.store.work import now_ms
from bot.web.learning.words import SHORT_REASONS, Done, percent, titles_of
from bot.web.pages import CHANNELS

PER_PAGE = 30
DAYS = {1: "vandaag en gisteren", 7: "laatste 7 dagen", 30: "laatste 30 dagen"}
DAY_MS = 86_400_000
# The id of what no grouping has seen yet; those of groups have a space.
NEW = "new"


@dataclass(frozen=True)
class Filter:
    """Which messages somebody looks at; empty for all."""

    reason: str = ""
    channel: str = ""
    days: int = 0

    @classmethod
    def read(cls, request: Request) -> Filter:
        """Of the address; what we don't know asks for nothing."""
        reason, channel = request.args.get("reason", ""), request.args.get("channel", "")
        days = request.args.get("days", "")
        return cls(
            reason if reason in REASONS else "",
            channel if channel in CHANNELS else "",
            int(days) if days.isascii() and days.isdigit() and len(days) < 4 and int(days) in DAYS else 0,
        )

    def takes(self, missed: Missed, at_ms: int) -> bool:
        return (
            (not self.reason or self.reason in missed.reasons)
            and (not self.channel or self.channel == missed.channel)
            and (not self.days or missed.at_ms >= at_ms - self.days * DAY_MS)
        )

    def query(self, **more: str | int) -> str:
        """As part of an address, with `?` in front."""
        asked = {"reason": self.reason, "channel": self.channel, "days": self.days, **more}
        kept = {name: value for name, value in asked.items() if value}
        return f"?{urlencode(kept)}" if kept else ""

    @property
    def is_on(self) -> bool:
        return self != Filter()


@dataclass(frozen=True)
class Row:
    """One group. name: what one of its messages says, that is most like the others; nearest: a topic's title."""

    id: str
    name: str
    words: tuple[str, ...]
    size: int
    reasons: list[str]
    latest_ms: int
    nearest: str
    likeness: str
    url: str


@dataclass(frozen=True)
class InboxPage:
    """What list.html shows. ungrouped: how many no grouping has seen. proposed: lessons that wait for a second look."""

    rows: list[Row]
    filter: Filter
    count: int
    total: int
    ungrouped: int
    new_url: str
    personal: int
    proposed: int
    number: int
    pages: int
    earlier_url: str
    later_url: str
    done: Done = Done()
    reasons: Mapping[Reason, str] = field(default_factory=lambda: REASONS)
    channels: Mapping[str, str] = field(default_factory=lambda: CHANNELS)
    days: Mapping[int, str] = field(default_factory=lambda: DAYS)


@dataclass(frozen=True)
class Sorted:
    """What a filter leaves, by group: the largest first, and in it what is most like the others first."""

    groups: list[tuple[Group, list[Missed]]]
    ungrouped: list[Missed]

    def members(self, group_id: str) -> tuple[Group, list[Missed]]:
        """The group with that id, or with a message of that place: groups change. Empty if it is not there."""
        if group_id == NEW:
            return Group(NEW, ()), self.ungrouped
        for group, members in self.groups:
            if group.id == group_id or any(one.place == group_id for one in members):
                return group, members
        alone = [one for one in self.ungrouped if one.place == group_id]
        return Group(group_id, ()), alone


async def load_sorted(store: Store, wanted: Filter) -> tuple[Sorted, int]:
    """Sorted, and how many are open in all."""
    everything, grouping, at_ms = await store.missed.open(), await store.missed.grouping(), now_ms()
    shown = {one.place: one for one in everything if wanted.takes(one, at_ms)}
    groups = []
    grouped: set[str] = set()
    for group in grouping.groups:
        grouped.update(group.places)
        if members := [shown[place] for place in group.places if place in shown]:
            groups.append((group, members))
    groups.sort(key=lambda pair: (-len(pair[1]), -max(one.at_ms for one in pair[1])))
    return Sorted(groups, [one for one in shown.values() if one.place not in grouped]), len(everything)


async def load_inbox(store: Store, wanted: Filter, *, number: int, done: Done) -> InboxPage:
    """number: of the page, from 1."""
    found, total = await load_sorted(store, wanted)
    titles = titles_of(await store.topics.standings(), await store.templates.all_published())
    pages = max(1, -(-len(found.groups) // PER_PAGE))
    number = min(max(1, number), pages)
    proposed = [one for one in await store.lessons.all() if one.state == "proposed"]
    return InboxPage(
        rows=[_row(group, some, titles, wanted) for group, some in found.groups[(number - 1) * PER_PAGE :][:PER_PAGE]],
        filter=wanted,
        count=len(found.ungrouped) + sum(len(some) for _, some in found.groups),
        total=total,
        ungrouped=len(found.ungrouped),
        new_url="/learning/group" + wanted.query(id=NEW),
        personal=await store.missed.personal(),
        proposed=len(proposed),
        number=number,
        pages=pages,
        earlier_url="/learning" + wanted.query(page=number - 1) if number > 1 else "",
        later_url="/learning" + wanted.query(page=number + 1) if number < pages else "",
        done=done,
    )


def _row(group: Group, members: Sequence[Missed], titles: Mapping[str, str], wanted: Filter) -> Row:
    counts = Counter(reason for one in members for reason in one.reasons)
    return Row(
        id=group.id,
        name=members[0].text,
        words=group.words,
        size=len(members),
        reasons=[f"{counts[reason]}× {SHORT_REASONS[reason]}" for reason in REASONS if counts[reason]][::-1],
        latest_ms=max(one.at_ms for one in members),
        nearest=titles.get(group.intent, ""),
        likeness=percent(group.likeness),
        url="/learning/group" + wanted.query(id=group.id),
    )
