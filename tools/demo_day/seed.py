"""Puts the whole day in an empty Redis."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from bot.answers import Answers
from bot.model import Button, Template
from bot.settings import Settings
from bot.store import Store
from bot.store.mails import Mail
from bot.store.notifications import Notification
from bot.store.work import now_ms
from bot.web.clicks import Clicks
from bot.web.handling import Handling
from bot.web.mail import Mailer
from bot.web.telling import Telling
from tools.demo_day.chat import Chat, World
from tools.demo_day.clock import Clock
from tools.demo_day.day import tell
from tools.demo_day.editing import own_answers
from tools.demo_day.planning import plan
from tools.demo_day.team import DEEDS, set_up
from tools.demo_day.topics import own_topics

_ABSENT = ("joris", "beheer")
_DOMAIN = Path(__file__).resolve().parents[2] / "domain.yml"


async def seed(store: Store, settings: Settings) -> Chat:
    """Returns the conversation that shows the most."""
    await store.templates.seed(templates())
    team = await set_up(store)
    clock, answers = Clock(), Answers(store.templates, settings, store.departments, store.editing_rules)
    telling = Telling(store, Mailer(replace(settings, smtp_url="")))
    handling, clicks = Handling(store, answers, asks_rating=True), Clicks(store, answers, telling)
    world = World(store, clock, answers, handling, clicks, team)
    with clock.running():
        main = await tell(world)
    await store.agents.seen([one for one in team if one not in _ABSENT])
    await plan(store)
    await own_topics(store)
    await own_answers(store)
    await _tokens(store)
    await _mails(store)
    for deed in DEEDS:
        await store.audit.note(*deed, address="192.0.2.17")
    return main


async def _tokens(store: Store) -> None:
    await store.tokens.create("kassasysteem", "agent", created_by="beheer", days=365)
    await store.tokens.create("dashboard in de kantine", "manager", created_by="beheer")
    await store.tokens.create("mijn scriptje", "agent", created_by="sanne", account_id="sanne", days=90)


async def _mails(store: Store) -> None:
    """One that never arrived: somebody mistyped an address."""
    told = Notification("promise", "Te laat: een klant wacht nog op antwoord.", "/desk", at_ms=now_ms() - 3_600_000)
    mail = Mail("joris", told.kind, told.text, told.url, told.at_ms)
    await store.notifications.tell("joris", told, mail=mail)
    await store.mails.give_up(replace(mail, tries=1, problem="refused", status=550))


def templates() -> list[Template]:
    """The answers of the Rasa project, as the assistant brings them along."""
    responses = yaml.safe_load(_DOMAIN.read_text(encoding="utf-8"))["responses"]
    return [_template(name, variants[0]) for name, variants in responses.items()]


def _template(name: str, variant: dict[str, object]) -> Template:
    found: list[dict[str, str]] = variant.get("buttons") or []  # type: ignore[assignment]
    buttons = tuple(Button(one["title"], one.get("payload", ""), one.get("url", "")) for one in found)
    about: dict[str, str] = variant.get("metadata") or {}  # type: ignore[assignment]
    return Template(name, about.get("title", name), str(variant.get("text") or "").strip(), buttons)
