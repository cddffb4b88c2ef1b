"""Opening hours and closed days as people type them, and as the program keeps them."""

from __future__ import annotations

import re
from datetime import date, time

from bot.opening_hours import DAY_NAMES, DAYS, MONTHS

MAX_CLOSED_DAYS = 100
_WORDS = {
    **dict(zip(DAY_NAMES, DAYS, strict=True)),
    "doordeweeks": "ma-vr",
    "door de weeks": "ma-vr",
    "werkdagen": "ma-vr",
    "weekend": "za-zo",
    "elke dag": "ma-zo",
    "dagelijks": "ma-zo",
    "alle dagen": "ma-zo",
    "tot en met": "-",
    "t/m": "-",
    "–": "-",
    "—": "-",
}
_DAY = "|".join(DAYS)
_SPAN = rf"(?:{_DAY})(?:\s*-\s*(?:{_DAY}))?"
_DAYS_ONLY = re.compile(rf"{_SPAN}(?:\s*(?:en|&|\+)\s*{_SPAN})*")
_TIME = r"\d{1,2}(?:[:.]\d\d)?"
_PART = re.compile(
    rf"(?P<days>{_DAYS_ONLY.pattern})\s*:?\s*(?:van\s+)?"
    rf"(?P<open>{_TIME})\s*(?:uur|u)?\s*(?:-|tot)\s*(?P<close>{_TIME})\s*(?:uur|u)?"
)
_CLOSED = re.compile(rf"(?P<days>{_DAYS_ONLY.pattern})\s*:?\s*(?:gesloten|dicht)")
_EXAMPLE = "Schrijf ze als: ma-vr 9:00-17:30, za 10:00-16:00."


def canonical_hours(text: str) -> str:
    """As BOT_OPENING_HOURS has them. Raises ValueError with a Dutch sentence."""
    week: dict[int, str] = {}
    spans: list[str] = []
    waiting: list[int] = []  # `ma, di, wo 9-17`: days whose times come in a later part
    for part in _parts(text):
        plain = _plain(part)
        if _CLOSED.fullmatch(plain):
            continue
        if _DAYS_ONLY.fullmatch(plain):
            waiting += _days(plain, part)
            continue
        match = _PART.fullmatch(plain)
        if not match:
            raise ValueError(f"‘{part}’ begrijpen we niet. {_EXAMPLE}")
        days, hours = [*waiting, *_days(match["days"], part)], _hours(match["open"], match["close"], part)
        waiting = []
        for day in days:
            if day in week:
                raise ValueError(f"{DAY_NAMES[day].capitalize()} staat er twee keer in. Dat kan niet.")
            week[day] = hours
        spans += [f"{span} {hours}" for span in _spans(days)]
    if waiting or not week:
        raise ValueError(f"Er staan nog geen tijden bij. {_EXAMPLE}")
    return ", ".join(spans)


def canonical_days(text: str) -> tuple[str, ...]:
    """ISO dates, the earliest first. Raises ValueError with a Dutch sentence."""
    days = sorted({_date(part).isoformat() for part in _parts(text)})
    if len(days) > MAX_CLOSED_DAYS:
        raise ValueError(f"Hoogstens {MAX_CLOSED_DAYS} dagen. Haal de dagen weg die voorbij zijn.")
    return tuple(days)


def shown_days(closed_days: tuple[str, ...]) -> str:
    """As people type them: 24-12-2026, each on a line."""
    return "\n".join(f"{date.fromisoformat(day):%d-%m-%Y}" for day in closed_days)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]


def _plain(part: str) -> str:
    plain = " ".join(part.lower().split())
    for word, meaning in _WORDS.items():
        plain = plain.replace(word, meaning)
    return plain


def _days(text: str, part: str) -> list[int]:
    found: list[int] = []
    for span in re.findall(_SPAN, text):
        first, *rest = (DAYS.index(day) for day in re.findall(_DAY, span))
        last = rest[0] if rest else first
        if first > last:
            raise ValueError(f"‘{part}’: begin met de eerste dag van de week, zoals za-zo.")
        found += range(first, last + 1)
    return found


def _spans(days: list[int]) -> list[str]:
    """Runs of days, as `ma-vr` and `zo`."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return [DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs]


def _hours(opens: str, closes: str, part: str) -> str:
    start, end = _time(opens, part), _time(closes, part, is_end=True)
    if start >= end:
        raise ValueError(f"‘{part}’: de sluitingstijd moet later op de dag zijn dan de openingstijd.")
    return f"{start.hour}:{start.minute:02d}-{end.hour}:{end.minute:02d}"


def _time(text: str, part: str, *, is_end: bool = False) -> time:
    hour, _, minute = text.replace(".", ":").partition(":")
    if is_end and (int(hour), int(minute or 0)) in ((24, 0), (0, 0)):
        return time(23, 59)  # until midnight
    try:
        return time(int(hour), int(minute or 0))
    except ValueError as exc:
        raise ValueError(f"‘{part}’: {text} is geen tijd. Gebruik uren van 0:00 tot 23:59.") from exc


def _date(text: str) -> date:
    plain = text.lower()
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", plain):
        year, month, day = match.groups()
    elif match := re.fullmatch(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})", plain):
        day, month, year = match.groups()
    elif match := re.fullmatch(rf"(\d{{1,2}}) ({'|'.join(MONTHS)}) (\d{{4}})", plain):
        day, month, year = match[1], str(MONTHS.index(match[2]) + 1), match[3]
    else:
        raise ValueError(f"‘{text}’ is geen datum. Schrijf hem als 24-12-2026.")
    try:
        return date(int(year), int(month), int(day))
    except ValueError as exc:
        raise ValueError(f"‘{text}’ bestaat niet. Schrijf een datum als 24-12-2026.") from exc
