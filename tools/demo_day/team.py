"""The people of the invented shop, its departments, and what managers set up."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import Account, Role
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.duty import Shift

PASSWORD = "een-dag-om-te-zien"
ZONE = ZoneInfo("Europe/Amsterdam")

_ACCOUNTS: dict[str, tuple[str, tuple[Role, ...]]] = {
    "sanne": ("Sanne", ("agent",)),
    "daan": ("Daan", ("agent",)),
    "fatima": ("Fatima", ("agent",)),
    "joris": ("Joris", ("agent",)),
    "lotte": ("Lotte", ("agent", "editor")),
    "meryem": ("Meryem", ("manager",)),
    "beheer": ("Willem", ("admin",)),
}
_DEPARTMENTS = (
    Department(
        "klantenservice",
        "de klantenservice",
        Target(15, 480),
        hours="ma-vr 8:00-21:00, za 9:00-18:00, zo 10:00-17:00",
        members=("sanne", "daan", "fatima", "lotte"),
        managers=("meryem",),
        intents=("klacht", "medewerker_spreken"),
        reasons=("complaint",),
        channels={"messenger": Target(30, 480)},
    ),
    Department(
        "zakelijk",
        "de afdeling Zakelijk",
        Target(60, 960),
        hours="ma-vr 8:30-17:30",
        members=("joris",),
        managers=("meryem",),
        intents=("faq_zakelijk", "faq_samenwerking"),
        assignment="automatic",
        place=1,
    ),
    Department(
        "hr",
        "HR",
        Target(240, 2_400),
        hours="ma-vr 9:00-17:00",
        closed_days=("2026-12-24", "2026-12-31"),
        members=("lotte",),
        intents=("faq_vacatures",),
        place=2,
    ),
)
_LABELS = {
    "bezorging": "blue",
    "terugbetaling": "green",
    "kapot geleverd": "red",
    "cadeau": "yellow",
    "grote bestelling": "grey",
}
# What stands in the audit log: who, what, about what, and a few words.
DEEDS = (
    ("meryem", "department.saved", "klantenservice", ""),
    ("meryem", "label.created", "kapot geleverd", ""),
    ("beheer", "account.invited", "lotte", ""),
    ("lotte", "account.joined", "lotte", ""),
    ("meryem", "duty.added", "fatima", ""),
    ("lotte", "template.saved", "utter_faq_levertijd", "versie 2"),
    ("beheer", "token.created", "kassasysteem", ""),
    ("sanne", "account.totp_on", "sanne", ""),
)
_EVENINGS = ("daan", "fatima", "daan", "sanne", "fatima")


async def set_up(store: Store) -> dict[str, Account]:
    """Everything that is there before the first customer writes; returns the accounts by id."""
    for account_id, (name, roles) in _ACCOUNTS.items():
        await store.accounts.create(account_id, name, roles, PASSWORD, email=f"{account_id}@voorbeeld.nl")
    for department in _DEPARTMENTS:
        await store.departments.save(department)
    for label, colour in _LABELS.items():
        await store.labels.create(label, colour)  # type: ignore[arg-type]
    await store.stakeholders.add("Vaste klant")
    await store.duty.add(_shifts())
    return {account.id: account for account in await store.accounts.all()}


def _shifts() -> list[Shift]:
    """This week's evenings and weekend."""
    today = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    evenings = [
        _shift(account_id, monday + timedelta(days=day), 18, 22, "klantenservice")
        for day, account_id in enumerate(_EVENINGS)
    ]
    weekend = [_shift("joris", monday + timedelta(days=5), 9, 18), _shift("meryem", monday + timedelta(days=6), 10, 17)]
    return evenings + weekend


def _shift(account_id: str, day: datetime, from_hour: int, until_hour: int, department: str = "") -> Shift:
    begin, end = day.replace(hour=from_hour), day.replace(hour=until_hour)
    return Shift(account_id, int(begin.timestamp() * 1000), int(end.timestamp() * 1000), department)
