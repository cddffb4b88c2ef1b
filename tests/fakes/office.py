"""An installation where something of everything has happened, for tests that look at every page."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pyotp

from bot.answers import Answers
from bot.model import Attachment, Button, Handoff, Media, Message
from bot.settings import Settings
from bot.store import Store
from bot.store.departments import Department, Target
from bot.store.duty import Shift
from bot.store.hooks import Delivery
from bot.store.inbound import RawEvent
from bot.store.notifications import Notification
from bot.store.ratings import Click
from bot.store.reminders import Reminder
from bot.store.work import now_ms
from bot.web.handling import Handling
from tests.conftest import password_hash
from tests.fakes.conversations import NOT_SURE, answer, handed_over, message, naming, write
from tests.fakes.platform import PAGE, asks, begun, failed, sends
from tests.fakes.trained import something_trained
from tests.fakes.tried import something_tried

HOUR_MS = 3_600_000


class Office:
    """`await Office(store, settings).open()` gives what stands for the {parts} of paths."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._handling = Handling(store, Answers(store.templates, settings, store.departments, store.editing_rules))
        self._parts: dict[str, str] = {}

    async def open(self) -> dict[str, str]:
        """Names for what is in it: `account_id`, `mine`, `waiting`, `hook_id` and so on."""
        await self._people()
        await self._team()
        await self._conversations()
        await self._with_meta()
        await self._customer()
        await self._administration()
        self._parts |= await something_tried(self._store)
        self._parts |= await something_trained(self._store)
        return self._parts

    async def _people(self) -> None:
        """Sanne may everything, Daan and Lotte are agents, Femke is invited, Thijs is shut out, Wim has two steps."""
        roles = {
            "sanne": "admin",
            "daan": "agent",
            "lotte": "agent",
            "femke": "editor",
            "thijs": "agent",
            "wim": "agent",
        }
        for account_id, role in roles.items():
            await self._store.accounts.create(account_id, account_id.title(), (role,))  # type: ignore[arg-type]
            if account_id != "femke":
                await self._store.accounts.change(account_id, password_hash=password_hash())
        await self._store.accounts.change("sanne", email="sanne@winkel.example")
        await self._store.accounts.change("thijs", is_disabled=True)
        secret = await self._store.second_factor.begin("wim")
        await self._store.second_factor.confirm("wim", pyotp.TOTP(secret).now())
        await self._store.accounts.change("wim", has_totp=True)
        self._sanne, self._daan = [await self._store.accounts.get(one) for one in ("sanne", "daan")]
        self._parts |= {
            "account_id": "daan",
            "invitation": await self._store.links.make("femke", "invitation"),
            "reset": await self._store.links.make("lotte", "reset"),
        }

    async def _team(self) -> None:
        departments = [
            Department("klantenservice", "de klantenservice", Target(1, 2), members=("sanne", "daan"), place=1),
            Department(
                "hr",
                "de afdeling HR",
                Target(240, 960),
                hours="ma-vr 09:00-17:00",
                closed_days=("2026-12-31",),
                members=("lotte",),
                managers=("sanne",),
                intents=("faq_vacatures",),
                reasons=("complaint",),
                channels={"messenger": Target(30, 120)},
                assignment="automatic",
                place=2,
            ),
        ]
        for department in departments:
            hours = department.hours or "ma-zo 0:00-23:59"
            saved = await self._store.departments.save(replace(department, hours=hours))
            await self._store.departments.save(saved)
        at_ms = now_ms()
        await self._store.duty.add([Shift("daan", at_ms, at_ms + HOUR_MS), Shift("lotte", at_ms, at_ms + 1, "hr")])
        for name, colour in (("spoedje", "red"), ("retour", "blue"), ("VIP", "yellow")):
            await self._store.labels.create(name, colour)  # type: ignore[arg-type]
        self._parts |= {"department_id": "hr"}
        self._lists = [one.id for one in await self._store.stakeholders.all()]

    async def _conversations(self) -> None:
        store, handling, parts = self._store, self._handling, self._parts
        parts["waiting"] = await handed_over(store, "mijn kat zit vast in jullie lift", priority="high", waits_s=600)
        parts["alarm"] = await handed_over(store, "ik wil niet meer leven", reason="self_harm", priority="urgent")
        parts["late"] = await handed_over(store, "wanneer krijg ik mijn geld", reason="complaint", waits_s=86_400)
        parts["mine"] = await self._with_an_order()
        parts["colleague"] = await handed_over(store, "kan ik ruilen?")
        parts["snoozed"] = await handed_over(store, "bel me morgen", priority="low")
        parts["closed"] = await handed_over(store, "bedankt voor niets", reason="complaint")
        parts["assistant"] = await self._with_assistant()
        for name, agent in {
            "mine": self._sanne,
            "snoozed": self._sanne,
            "closed": self._sanne,
            "colleague": self._daan,
        }.items():
            await handling.claim(parts[name], agent, "queue")
        await handling.snooze(parts["snoozed"], self._sanne, now_ms() + 24 * HOUR_MS)
        await handling.reply(parts["closed"], self._sanne, "Sorry, ik stuur een nieuwe.", "m-0")
        await handling.close(parts["closed"], self._sanne, "solved")
        mark = message(parts["closed"], "customer", "😞 1", payload="/beoordeling_1")
        await store.ratings.click(mark, Click("rating", "1"), None)
        await self._in_the_middle(parts["mine"])

    async def _with_an_order(self) -> str:
        written = await write(self._store, "waar blijft pakket WS-1048221")
        nlu = naming(NOT_SURE, order_number="WS-1048221", email="anna@example.nl")
        await answer(self._store, written, "Een collega helpt je zo.", nlu=nlu, handoff=handoff_of(written))
        return written.conversation_id

    async def _with_assistant(self) -> str:
        written = await write(self._store, "hoe laat zijn jullie open")
        buttons = (Button("Openingstijden", "/faq_openingstijden"), Button("Iets anders", "/anders"))
        await answer(self._store, written, "Bedoel je dit?", buttons=buttons, template="utter_faq_openingstijden")
        helped = message(written.conversation_id, "customer", "👍 Ja", payload="/geholpen_ja")
        await self._store.ratings.click(helped, Click("helped", "yes"), None)
        return written.conversation_id

    async def _in_the_middle(self, conversation_id: str) -> None:
        """Sanne has answered, noted and labelled."""
        store = self._store
        await self._handling.reply(conversation_id, self._sanne, "Ik zoek het uit: https://winkel.example/volg", "m-1")
        await store.conversations.note(message(conversation_id, "note", "weet jij dit, @Daan?", agent_name="Sanne"))
        await store.labels.set(conversation_id, ["spoedje", "retour"])
        await store.reminders.add(Reminder("sanne", conversation_id, "bel terug", now_ms() + HOUR_MS, "sanne"))
        handed = [
            Notification(
                "mention", "Daan noemt je in een notitie.", f"/desk/{conversation_id}", conversation_id, now_ms()
            ),
            Notification("promise", "De klant wacht langer dan beloofd.", f"/desk/{conversation_id}", at_ms=now_ms()),
        ]
        for notification in handed:
            await store.notifications.tell("sanne", notification)

    async def _with_meta(self) -> None:
        """On Messenger: one with what customers send and an answer that failed, and one that is past its time."""
        store = self._store
        chat = await begun(store, customer_name="Jo Bakker")
        photo, song = Media("ab", "image/png", 10, "foto.png"), Media("cd", "audio/mpeg", 2048, "lied.mp3")
        await sends(
            store,
            chat,
            (Attachment("image", "https://cdn.example/a.png"), photo),
            (Attachment("audio", "https://cdn.example/a.mp3"), song),
            (Attachment("file", "https://cdn.example/b.pdf"), Media(problem="too_large")),
            (Attachment("link", "https://winkel.example/bank", "Een bank"), None),
            text="deze graag",
        )
        await self._handling.claim(chat, self._sanne, "queue")
        await failed(store, chat, "unknown")
        late = await begun(store, hours_ago=200, customer_name="Ali Yilmaz")
        await asks(store, late)
        await self._handling.claim(late, self._sanne, "queue")
        event = msgspec.json.encode({"sender": {"id": "6001"}, "dance": {"step": 1}})
        odd = RawEvent("page", PAGE, "messaging", msgspec.Raw(event), now_ms(), entry_id="0-1")
        await store.inbound.set_aside(odd, "unknown event: dance, sender")
        self._parts |= {"messenger": chat, "blocked": late}

    async def _customer(self) -> None:
        """The one of `mine`: known, with complaints, notes, lists, and a conversation that was joined."""
        store, parts = self._store, self._parts
        conversation = await store.conversations.get(parts["mine"])
        await store.people.identify(parts["mine"], "4711", name="Anna de Wit", email="anna@example.nl")
        await store.people.add_note(conversation, self._sanne, "Belt liever na vijven.")
        await store.people.set_lists(conversation, self._lists)
        await store.people.join(conversation, await store.conversations.get(parts["closed"]), self._sanne)

    async def _administration(self) -> None:
        store = self._store
        hook = await store.hooks.create("https://kassa.example/haak", ("handoff", "reply", "close"), with_text=True)
        at_ms = now_ms()
        tries = [
            Delivery("d-1", hook.id, "handoff", at_ms, self._parts["mine"], state="delivered", tries=1, status=204),
            Delivery("d-2", hook.id, "reply", at_ms, self._parts["mine"], state="failed", tries=8, problem="timeout"),
            Delivery("d-3", hook.id, "close", at_ms, next_at_ms=at_ms + HOUR_MS, tries=2, status=500),
        ]
        # That place in the happenings never comes, so the site adds none to them.
        await store.hooks.spread(tries, until="9999999999999-0")
        for one in tries:
            await store.hooks.settle(one)
        await store.tokens.create("Kassa", "agent", created_by="sanne", account_id="sanne", days=30)
        await store.tokens.create("Rapporten", "manager", created_by="sanne")
        await store.audit.note("sanne", "department.saved", "hr", "de afdeling HR", address="127.0.0.1")
        await store.audit.note("", "account.refused", "daan", address="127.0.0.1")
        template = await store.templates.get("utter_faq_openingstijden")
        await store.templates.save(
            replace(template, text="We zijn open van 10 tot 6.", edited_by="Sanne", edited_at_ms=at_ms),
            expected_version=template.version,
        )
        self._parts |= {"hook_id": hook.id, "name": template.name}


def handoff_of(written: Message) -> Handoff:
    return Handoff("not_confident", "normal", now_ms(), written.id, nlu=NOT_SURE)
