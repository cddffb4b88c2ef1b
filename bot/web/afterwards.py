"""Asks customers a while after an answer of the assistant whether it helped."""

from __future__ import annotations

from bot.answers import Answers
from bot.errors import NotFound
from bot.model import Conversation, Message
from bot.store import Store
from bot.store.ratings import Answered
from bot.store.work import now_ms
from bot.web.channels.messenger.config import COMMENT, MessengerConfig
from bot.web.channels.messenger.obstacles import obstacle
from bot.web.clicks import HELPED_BUTTONS, HELPED_QUESTION
from bot.web.rescue import apart, for_ever

EVERY_S = 1.0
# Who asks a few things is not asked after each.
AGAIN_MS = 10 * 60_000
# So long after the time nobody knows any more what the question is about.
TOO_LATE_MS = 10 * 60_000


class Afterwards:
    """Every web process runs one; the store lets only one of them ask."""

    def __init__(self, store: Store, answers: Answers, messenger: MessengerConfig | None, *, after_s: float) -> None:
        """after_s: 0 asks nobody. messenger: None while that channel is off."""
        self._store = store
        self._answers = answers
        self._messenger = messenger
        self._after_ms = int(after_s * 1000)

    async def run(self) -> None:
        """Ask whoever has been silent for so long, for ever."""
        if self._after_ms:
            await for_ever(self.look, every_s=EVERY_S)

    async def look(self, at_ms: int | None = None) -> None:
        """Once, as if it were `at_ms`."""
        at_ms = at_ms or now_ms()
        answered = await self._store.ratings.answered(at_ms - self._after_ms)
        known = {one.id: one for one in await self._store.conversations.get_many([a.conversation_id for a in answered])}
        for one in answered:
            await apart(self._ask(one, known.get(one.conversation_id), at_ms), one.conversation_id)

    async def _ask(self, answered: Answered, conversation: Conversation | None, at_ms: int) -> None:
        question = None
        if conversation and at_ms - answered.at_ms <= self._after_ms + TOO_LATE_MS:
            question = await self._question(conversation, at_ms)
        await self._store.ratings.ask(answered, question, again_ms=AGAIN_MS)

    async def _question(self, conversation: Conversation, at_ms: int) -> Message | None:
        """None where it would not arrive, or be the only thing that we may say, or its template is missing."""
        if conversation.channel == COMMENT or conversation.control:
            return None
        if obstacle(conversation, self._messenger, by_agent=False, now_ms=at_ms):
            return None
        try:
            return await self._answers.message(
                HELPED_QUESTION, conversation.id, notice="asked", buttons=HELPED_BUTTONS, channel=conversation.channel
            )
        except NotFound:
            return None
