"""Public comments under the page's posts: each becomes a conversation that begins with one private message.

Meta allows that one message for seven days, and no other before the customer answers it. So nothing but an answer, or
the words that a human takes over, may be it.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import structlog

from bot import emergencies
from bot.answers import Answers
from bot.errors import AlreadyClaimed, NotFound, UpstreamError
from bot.model import ASSISTANT, CLOSED, QUEUE, Conversation, Message
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.work import now_ms
from bot.web.channels.intake import Intake
from bot.web.channels.messenger.config import COMMENT, MESSENGER, MessengerConfig
from bot.web.channels.messenger.events import CommentChanged, Echoed
from bot.web.channels.messenger.graph import Graph
from bot.web.channels.messenger.window import PRIVATE_REPLY_MS

log = structlog.get_logger()

MAX_NAME_CHARS = 80
# Of comments and posts; they become part of addresses.
_ID = re.compile(r"[\w-]{1,100}", re.ASCII)
_TAGS = ("@", "#")
# Between the names of a Dutch or Flemish person.
_PARTICLES = frozenset({"van", "de", "der", "den", "het", "ter", "ten", "te", "la", "le", "el", "al", "en"})


class Comments:
    """Each method may be called again for the same event."""

    def __init__(self, store: Store, intake: Intake, answers: Answers, graph: Graph, config: MessengerConfig) -> None:
        self._store = store
        self._intake = intake
        self._answers = answers
        self._graph = graph
        self._config = config

    async def changed(self, changed: CommentChanged) -> None:
        """Somebody commented on a post, or a comment was changed, removed or hidden."""
        if not _ID.fullmatch(changed.comment_id):
            return
        if changed.verb == "add":
            await self._added(changed)
        elif changed.verb == "edited":
            await self._edited(changed)
        elif changed.verb == "remove":
            await self._removed(changed)
        elif changed.verb in ("hide", "unhide"):
            await self._hidden(changed)

    async def private_reply_begins(self, conversation_id: str, attempt: str) -> None:
        """Call it before each attempt at a private reply: its echo comes from somebody whom nobody knows yet."""
        await self._store.conversations.set_alias(_attempt_name(attempt), conversation_id)

    async def private_reply_echoed(self, echoed: Echoed, attempt: str) -> bool:
        """An echo with one of our attempts came. If that was a private reply it was taken, whatever we heard of it."""
        name, at_ms = _attempt_name(attempt), echoed.where.at_ms or now_ms()
        conversation_id = await self._store.conversations.alias(name)
        if conversation_id == name:
            return False
        if not await self._store.sending.settle(conversation_id, attempt, mid=echoed.mid, at_ms=at_ms, is_echo=True):
            return False
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.channel == COMMENT:
            await self._store.conversations.set_field(conversation_id, "private_reply", "sent")
            await self.private_reply_sent(conversation, echoed.where.customer_id)
        return True

    async def private_reply_sent(self, conversation: Conversation, recipient_id: str) -> None:
        """Meta took our private reply, and says who the customer is on Messenger: there they will answer.

        Call it once `private_reply` is noted. Whatever Meta says to the public reply raises nothing.
        """
        if recipient_id:
            await self._know_on_messenger(conversation, recipient_id)
        await self._reply_in_public(conversation)

    async def _added(self, changed: CommentChanged) -> None:
        conversation_id, where = conversation_of(changed), changed.where
        at_ms = where.at_ms or now_ms()
        if not where.page.comments.private_reply or now_ms() - at_ms > PRIVATE_REPLY_MS:
            return
        # Of one of our pages, or perhaps so: to answer a comment whose author Meta hides could go round for ever.
        if not where.customer_id or self._config.page(where.customer_id) or not says_something(changed.text):
            return
        found = await self._store.conversations.get_many([conversation_id])
        if found and (found[0].channel != COMMENT or found[0].private_reply):
            return  # answered, or removed before we heard of it
        message = self._intake.message(conversation_id, changed.comment_id, changed.text)
        await self._begin(changed, opened_at_ms=at_ms)
        await self._store.conversations.note(_origin(changed))
        await self._intake.store(message, channel=COMMENT, customer_id=where.customer_id)

    async def _begin(self, changed: CommentChanged, *, opened_at_ms: int = 0) -> None:
        contact = Contact(
            COMMENT,
            changed.where.customer_id,
            changed.where.page.id,
            opened_at_ms=opened_at_ms,
            customer_name=_name(changed.author_name),
            comment_id=changed.comment_id,
        )
        await self._store.conversations.note_contact(conversation_of(changed), contact)

    async def _edited(self, changed: CommentChanged) -> None:
        conversation_id = conversation_of(changed)
        lines = await self._store.conversations.transcript(conversation_id)
        line = next((line for line in lines if line.message.id == changed.comment_id), None)
        if line is None:
            return
        before = line.message.text if line.marks.edited_text is None else line.marks.edited_text
        if changed.text in ("", before):
            return
        number = line.marks.edits + 1
        if emergencies.kind_of(changed.text):
            # It was not there when the comment was stored, so nobody has seen it yet.
            again = self._intake.message(conversation_id, f"{changed.comment_id}~{number}", changed.text)
            await self._intake.store(again, channel=COMMENT, customer_id=changed.where.customer_id, answerable=False)
        await self._store.conversations.edit(conversation_id, line.message.id, changed.text, number=number)

    async def _removed(self, changed: CommentChanged) -> None:
        conversation_id = conversation_of(changed)
        if not await self._store.conversations.get_many([conversation_id]):
            where = changed.where
            if not where.page.comments.private_reply or self._config.page(where.customer_id):
                return
            await self._begin(changed)  # so that the comment is known if it comes after its end
        note = _note(conversation_id, f"removed-{changed.comment_id}", "De openbare reactie is verwijderd.")
        await self._store.conversations.delete(conversation_id, changed.comment_id, note)
        await self._store.conversations.comment_gone(conversation_id)

    async def _hidden(self, changed: CommentChanged) -> None:
        text = "De reactie is op de pagina verborgen." if changed.verb == "hide" else "De reactie is weer zichtbaar."
        note = _note(conversation_of(changed), f"{changed.verb}-{changed.where.at_ms}", text)
        await self._store.conversations.note(note)

    async def _know_on_messenger(self, conversation: Conversation, recipient_id: str) -> None:
        name = f"{MESSENGER}-{conversation.page_id}-{recipient_id}"
        if await self._store.conversations.set_alias(name, conversation.id):
            contact = Contact(MESSENGER, recipient_id, conversation.page_id)
            await self._store.conversations.note_contact(conversation.id, contact)
        else:
            await self._join(conversation.id, await self._store.conversations.alias(name))

    async def _join(self, conversation_id: str, other_id: str) -> None:
        """The customer has a conversation already, in which they will answer: whoever was to help them helps there."""
        conversation, other = (
            await self._store.conversations.get(conversation_id),
            await self._store.conversations.get(other_id),
        )
        notes = (
            # Not the words: the customer may remove the comment.
            _note(
                conversation_id,
                f"joined-{other_id}",
                f"De klant heeft al een gesprek en antwoordt daar: /desk/{other_id}",
            ),
            _note(other_id, f"joined-{conversation_id}", f"De klant reageerde ook openbaar: /desk/{conversation_id}"),
        )
        for note in notes:
            await self._store.conversations.note(note)
        with suppress(AlreadyClaimed):  # somebody took one of them over in this moment
            if conversation.owner == QUEUE and conversation.handoff and other.owner in (ASSISTANT, CLOSED):
                await self._store.queue.put(other, replace(conversation.handoff, message_id=""))
            if conversation.owner in (ASSISTANT, QUEUE):
                await self._store.queue.close(conversation)

    async def _reply_in_public(self, conversation: Conversation) -> None:
        """At most once, whatever became of it: twice would be worse than not at all."""
        page = self._config.page(conversation.page_id)
        if not page or not page.comments.public_reply:
            return
        try:
            said = await self._answers.message("utter_reactie_openbaar", conversation.id)
        except NotFound:
            return
        if not await self._store.conversations.first_time(conversation.id, "public_reply"):
            return
        try:
            path = f"{conversation.comment_id}/comments"
            await self._graph.call(page, "POST", path, body={"message": said.text})
        except UpstreamError as exc:
            log.warning("comment.not_answered", conversation_id=conversation.id, reason=str(exc))
            return
        note = _note(conversation.id, f"public-{conversation.comment_id}", f"Openbaar geantwoord: {said.text}")
        await self._store.conversations.note(note)


def _attempt_name(attempt: str) -> str:
    """The alias of a conversation by which an echo finds it."""
    return f"attempt-{attempt}"


def conversation_of(changed: CommentChanged) -> str:
    return f"{COMMENT}-{changed.where.page.id}-{changed.comment_id}"


def says_something(text: str) -> bool:
    """Whether it may be meant for us: not only a picture, emoji, or the friends that somebody wants to see the post."""
    words = [word.strip(".,!") for word in text.split() if any(char.isalpha() for char in word)]
    # A tag is a name without any mark, mostly. One word with a capital may be a question: "Prijs".
    alone = len(words) == 1 and not words[0].startswith(_TAGS)
    return bool(words) and (alone or not all(_is_friend(word) for word in words))


def _is_friend(word: str) -> bool:
    letters = word.replace("-", "").replace("'", "").replace("’", "")
    is_name = letters.isalpha() and word[0].isupper() and (len(letters) == 1 or not letters.isupper())
    return is_name or word.startswith(_TAGS) or word in _PARTICLES


def _origin(changed: CommentChanged) -> Message:
    where = "Antwoord op een reactie" if changed.parent_id not in ("", changed.post_id) else "Openbare reactie"
    link = f": https://www.facebook.com/{changed.post_id}" if _ID.fullmatch(changed.post_id) else ""
    return _note(conversation_of(changed), f"about-{changed.comment_id}", f"{where} onder een bericht van ons{link}")


def _note(conversation_id: str, note_id: str, text: str) -> Message:
    return Message(note_id, conversation_id, "note", text, now_ms(), notice="comment")


def _name(name: str) -> str:
    """As agents may read it."""
    return "".join(char for char in " ".join(name.split()) if char.isprintable())[:MAX_NAME_CHARS]
