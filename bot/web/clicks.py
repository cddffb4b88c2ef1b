"""The questions that we ask customers with buttons, and what comes of a pressed one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import structlog

from bot.answers import Answers
from bot.errors import NotFound
from bot.learning import Noticing
from bot.model import ASSISTANT, Button, Conversation, Handoff, Message, Nlu
from bot.store import Store
from bot.store.conversations import AtOnce, Received
from bot.store.notifications import Notification
from bot.store.ratings import Click, Clicked
from bot.store.work import HELPED_TEMPLATE, now_ms
from bot.web.links import page_url
from bot.web.promises import Team
from bot.web.telling import Telling

log = structlog.get_logger()

HELPED_QUESTION, RATING_QUESTION = "utter_geholpen_vraag", "utter_beoordeling_vraag"
RATING_THANKS = "utter_beoordeling_dank"
HELPED_BUTTONS = (Button("👍 Ja", "/geholpen_ja"), Button("👎 Nee", "/geholpen_nee"))
RATING_BUTTONS = tuple(
    Button(f"{face} {rating}", f"/beoordeling_{rating}") for rating, face in enumerate("😞🙁😐🙂😀", start=1)
)
# Of these ratings the managers hear.
LOW = 2

_YES, _NO = Click("helped", "yes"), Click("helped", "no")
_CLICKS = {
    "/geholpen_ja": _YES,
    "/geholpen_nee": _NO,
    **{button.payload: Click("rating", str(rating)) for rating, button in enumerate(RATING_BUTTONS, start=1)},
}
_THANKS = {"helped": HELPED_TEMPLATE, "rating": RATING_THANKS}


class Clicks:
    """Takes what customers press, before anybody else sees it as a message."""

    def __init__(self, store: Store, answers: Answers, telling: Telling) -> None:
        self._store = store
        self._answers = answers
        self._telling = telling
        self._noticing = Noticing(store)

    async def take(self, message: Message) -> Received | AtOnce | None:
        """Store what was pressed; None for every other message. Raises StoreUnavailable.

        An answer that did not help is not stored here, but calls for a human: it is to be stored with the AtOnce.
        """
        click = _CLICKS.get(message.payload)
        found = await self._store.conversations.get_many([message.conversation_id]) if click else []
        if not click or not found:
            return None
        if click == _NO and found[0].answered_with:
            await self._noticing.not_helped(found[0])
        if click == _NO and found[0].owner == ASSISTANT:
            return await self._to_human(message, found[0])
        thanks = await self._thanks(click, message, found[0])
        clicked = await self._store.ratings.click(message, Click("") if click == _NO else click, thanks)
        if not clicked:
            return None
        if not clicked.repeated:
            await self._note(message.conversation_id, click, clicked)
        return Received(clicked.entry_id, clicked.repeated, clicked.owner, remind=False, told=False, settled=True)

    async def _to_human(self, message: Message, conversation: Conversation) -> AtOnce:
        # What was asked decides which department gets it.
        nlu = Nlu("human", conversation.answered_with.removeprefix("utter_"), 1.0)
        handoff = Handoff("not_helped", "normal", now_ms(), message.id, nlu=nlu)
        notice = await self._answers.handover(
            handoff, message.conversation_id, in_reply_to=message.id, channel=conversation.channel
        )
        note = await self._which_answer(message, conversation.answered_with)
        return AtOnce(handoff, notice, note=note, about=conversation.last_customer_text)

    async def _thanks(self, click: Click, message: Message, conversation: Conversation) -> Message | None:
        """Nothing where its template is missing."""
        with suppress(NotFound):
            said = await self._answers.message(
                _THANKS[click.kind], message.conversation_id, in_reply_to=message.id, channel=conversation.channel
            )
            # Of an agent's conversation it is no word of the assistant.
            return said if click.kind == "helped" else replace(said, sender="system", notice="rated")
        return None

    async def _which_answer(self, message: Message, template_name: str) -> Message | None:
        """What agents read of the answer that did not help; the same however often the click comes."""
        found = await self._store.templates.get_many([template_name])
        if template_name not in found:
            return None
        return Message(
            id=f"{message.id}-not-helped",
            conversation_id=message.conversation_id,
            sender="note",
            text=f"Dit antwoord hielp de klant niet: {found[template_name].title}",
            sent_at_ms=now_ms(),
            notice="rated",
        )

    async def _note(self, conversation_id: str, click: Click, clicked: Clicked) -> None:
        log.info("click.stored", conversation_id=conversation_id, kind=click.kind, said=click.said, owner=clicked.owner)
        if 0 < clicked.rating <= LOW:
            await self._tell_managers(conversation_id, clicked)

    async def _tell_managers(self, conversation_id: str, clicked: Clicked) -> None:
        departments = {one.id: one for one in await self._store.departments.recent()}
        department = departments.get(clicked.department) or next(iter(departments.values()))
        accounts = {one.id: one for one in await self._store.accounts.active()}
        text = f"Een klant gaf een {clicked.rating} van 5 ({department.name})."
        for account in Team(accounts, frozenset()).managers(department):
            told = Notification("rating", text, page_url(conversation_id), conversation_id, now_ms())
            await self._telling.tell(account, told)
