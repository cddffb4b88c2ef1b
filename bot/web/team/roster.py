"""Who has duty: in the evening and the weekend, and whenever else a manager wants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timezone
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request
from sanic.response import redirect

from bot.errors import Forbidden, InvalidMessage
from bot.model import Account
from bot.opening_hours import DAYS, OpeningHours, clock
from bot.store import Store
from bot.store.departments import Department
from bot.store.duty import Shift
from bot.store.work import now_ms
from bot.web.access import signed_in
from bot.web.audit.noting import note_deed
from bot.web.form_fields import line_field
from bot.web.pages import render
from bot.web.rights import AGENTS, MANAGERS
from bot.web.team.week import DAYS_AHEAD, Week, gaps, shift_on, weeks_later

MAX_WEEKS = 26
_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)")
# Everybody in the department, on the page.
ALL = ""


@dataclass(frozen=True)
class ShiftForm:
    """As it was typed; `weeks`: in how many weeks, this one included."""

    account: str = ""
    department: str = ALL
    day: str = ""
    begins: str = "18:00"
    ends: str = "23:00"
    weeks: str = "1"

    @classmethod
    def read(cls, request: Request) -> ShiftForm:
        """From the fields of a request."""
        return cls(**{name: line_field(request, name) for name in cls.__dataclass_fields__})

    def errors(self, accounts: Sequence[str], departments: Sequence[str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence."""
        errors = {}
        if self.account not in accounts:
            errors["account"] = "Kies wie er dienst heeft."
        if self.department not in (ALL, *departments):
            errors["department"] = "Kies een afdeling."
        if _date(self.day) is None:
            errors["day"] = "Kies een dag."
        for name in ("begins", "ends"):
            if not _TIME.fullmatch(getattr(self, name)):
                errors[name] = "Vul een tijd in, zoals 18:00."
        if not re.fullmatch(r"\d{1,2}", self.weeks) or not 1 <= int(self.weeks) <= MAX_WEEKS:
            errors["weeks"] = f"Vul een aantal weken in van 1 tot {MAX_WEEKS}."
        return errors

    def shift(self, zone: ZoneInfo) -> Shift:
        """The first of them; the form has no errors."""
        day = _date(self.day)
        assert day is not None
        return shift_on(self.account, self.department, day, _time(self.begins), _time(self.ends), zone)


@dataclass(frozen=True)
class ShiftRow:
    """One shift in the week."""

    shift: Shift
    name: str
    department: str
    """Its name, empty for all."""
    times: str
    is_past: bool
    is_now: bool


@dataclass(frozen=True)
class DayColumn:
    """One day of the week."""

    day: date
    title: str
    hours: str
    is_today: bool
    shifts: list[ShiftRow]


@dataclass(frozen=True)
class RosterPage:
    """What roster.html shows."""

    week: Week
    days: list[DayColumn]
    now: list[str]
    """Who has duty now, in Dutch."""
    gaps: list[str]
    """What nobody has duty in yet, in the coming week."""
    agents: list[Account]
    departments: Sequence[Department]
    form: ShiftForm
    may_edit: bool
    is_past: bool
    """Whether the whole week is over."""
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""


@signed_in(*AGENTS)
async def show_week(request: Request) -> HTTPResponse:
    """A week of the roster; everybody on the desk may see it."""
    notices = {"added": "De dienst staat op het rooster.", "removed": "De dienst is weg.", "copied": _copied(request)}
    notice = next((text for name, text in notices.items() if name in request.args), "")
    return await _show(request, _week(request, request.args.get("week", "")), notice=notice)


@signed_in(*MANAGERS)
async def add_shift(request: Request) -> HTTPResponse:
    """One shift, or the same in each of so many weeks."""
    store, zone, form = request.app.ctx.store, _zone(request), ShiftForm.read(request)
    agents = _agents(await store.accounts.all())
    departments = await store.departments.all()
    errors = form.errors([one.id for one in agents], [one.id for one in departments])
    week = _week(request, line_field(request, "week"))
    if not errors:
        first = form.shift(zone)
        if first.until_ms <= now_ms():
            errors["day"] = "Deze dienst is al voorbij. Kies een latere dag of tijd."
    if not errors:
        try:
            await store.duty.add([weeks_later(first, number, zone) for number in range(int(form.weeks))])
        except InvalidMessage:
            errors[""] = "Er staan te veel diensten op het rooster. Kies minder weken."
    if errors:
        return await _show(request, week, 400, form=form, errors=errors)
    await note_deed(request, "duty.added", form.account)
    at = datetime.fromtimestamp(first.from_ms / 1000, zone)
    return redirect(f"/team/rooster?week={Week.of('', zone, at).name}&added=1", status=303)


@signed_in(*MANAGERS)
async def remove_shift(request: Request, shift_id: str) -> HTTPResponse:
    """Take away a shift that is not over."""
    store = request.app.ctx.store
    shift = await store.duty.get(shift_id)
    if shift.until_ms <= now_ms():
        raise Forbidden("the shift is over")
    await store.duty.remove(shift_id)
    await note_deed(request, "duty.removed", shift.account_id)
    at = datetime.fromtimestamp(shift.from_ms / 1000, _zone(request))
    return redirect(f"/team/rooster?week={Week.of('', _zone(request), at).name}&removed=1", status=303)


@signed_in(*MANAGERS)
async def copy_week(request: Request) -> HTTPResponse:
    """The same in the week after; what is there already stays as it is, and what would be over is left out."""
    store, zone = request.app.ctx.store, _zone(request)
    week = _week(request, line_field(request, "week"))
    there = {_same(one) for one in await store.duty.between(week.next.from_ms, week.next.until_ms)}
    shifts = await store.duty.between(week.from_ms, week.until_ms)
    copies = [weeks_later(one, 1, zone) for one in shifts if one.from_ms >= week.from_ms]
    new = [one for one in copies if _same(one) not in there and one.until_ms > now_ms()]
    await store.duty.add(new)
    if new:
        await note_deed(request, "duty.copied", week.name)
    return redirect(f"/team/rooster?week={week.next.name}&copied={len(new)}", status=303)


async def _show(
    request: Request,
    week: Week,
    status: int = 200,
    *,
    form: ShiftForm | None = None,
    errors: dict[str, str] | None = None,
    notice: str = "",
) -> HTTPResponse:
    store: Store = request.app.ctx.store
    zone, now = _zone(request), datetime.now(timezone.utc)
    accounts = {one.id: one for one in await store.accounts.all()}
    departments = await store.departments.all()
    hours = [store.departments.hours(one) for one in departments]
    ahead = await store.duty.between(now_ms(), now_ms() + DAYS_AHEAD * 86_400_000)
    known = [one for one in ahead if one.account_id in accounts and not accounts[one.account_id].is_disabled]
    rows = [_row(one, accounts, departments, zone) for one in await store.duty.between(week.from_ms, week.until_ms)]
    today = now.astimezone(zone).date()
    page = RosterPage(
        week=week,
        days=[_column(day, today, rows, hours, zone) for day in week.days],
        now=[_now(_row(one, accounts, departments, zone)) for one in known if one.from_ms <= now_ms()],
        gaps=gaps(known, hours, now, zone),
        agents=_agents(list(accounts.values())),
        departments=departments,
        form=form or ShiftForm(day=max(today, week.monday).isoformat()),
        may_edit=bool(set(MANAGERS) & set(request.ctx.account.roles)),
        is_past=week.until_ms <= now_ms(),
        errors=errors or {},
        notice=notice,
    )
    return render(request, "team/roster.html", status=status, page=page)


def _column(day: date, today: date, rows: list[ShiftRow], hours: Sequence[OpeningHours], zone: ZoneInfo) -> DayColumn:
    open_hours = [found for found in (one.hours_on(day) for one in hours) if found]
    shown = "gesloten"
    if open_hours:
        shown = f"open {clock(min(one[0] for one in open_hours))}–{clock(max(one[1] for one in open_hours))}"
    of_day = [one for one in rows if datetime.fromtimestamp(one.shift.from_ms / 1000, zone).date() == day]
    title = f"{DAYS[day.weekday()]} {day.day}-{day.month}"
    return DayColumn(day, title, shown, day == today, of_day)


def _row(shift: Shift, accounts: dict[str, Account], departments: Sequence[Department], zone: ZoneInfo) -> ShiftRow:
    begins, ends = (datetime.fromtimestamp(ms / 1000, zone) for ms in (shift.from_ms, shift.until_ms))
    account = accounts.get(shift.account_id)
    names = {one.id: one.name for one in departments}
    return ShiftRow(
        shift=shift,
        name=account.name if account else f"{shift.account_id} (verwijderd)",
        department=names.get(shift.department, shift.department),
        times=f"{clock(begins)}–{clock(ends)}",
        is_past=shift.until_ms <= now_ms(),
        is_now=shift.from_ms <= now_ms() < shift.until_ms,
    )


def _now(row: ShiftRow) -> str:
    until = row.times.rpartition("–")[2]
    return f"{row.name} (tot {until} uur{f', {row.department}' if row.department else ''})"


def _same(shift: Shift) -> Shift:
    """Without its id."""
    return replace(shift, id="")


def _agents(accounts: Sequence[Account]) -> list[Account]:
    """Who can have duty, by name."""
    found = [one for one in accounts if set(AGENTS) & set(one.roles) and not one.is_disabled]
    return sorted(found, key=lambda one: one.name.casefold())


def _copied(request: Request) -> str:
    count = request.args.get("copied", "")
    if not (count.isascii() and count.isdigit() and len(count) < 6) or int(count) == 0:
        return "Er was niets nieuws om te kopiëren."
    return "1 dienst gekopieerd." if int(count) == 1 else f"{int(count)} diensten gekopieerd."


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.ctx.settings.timezone)


def _week(request: Request, text: str) -> Week:
    return Week.of(text, _zone(request), datetime.now(timezone.utc))


def _date(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 < day.year < 2200 else None


def _time(text: str) -> time:
    match = _TIME.fullmatch(text)
    assert match is not None
    return time(int(match[1]), int(match[2]))
