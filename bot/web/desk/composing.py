"""Writing to the customer."""

from __future__ import annotations

from sanic import HTTPResponse, Request
from sanic.response import empty, json

from bot.errors import AlreadyClaimed, CustomerWrote, InvalidMessage, NotSendable
from bot.model import Conversation
from bot.store.drafts import Draft, DraftKind
from bot.store.sending import SentAgain
from bot.store.work import now_ms
from bot.web.channels.messenger.obstacles import obstacle
from bot.web.desk import words
from bot.web.desk.asked import agents_only, conversation_page, messenger_config, seen_entry_id, to_page
from bot.web.desk.asked import conversation_id as asked_id
from bot.web.desk.composer import Box, Returned
from bot.web.desk.conversation import who_was_first
from bot.web.desk.limits import too_long
from bot.web.form_fields import field, text_field, uuid_field
from bot.web.handling import MAX_REPLY_CHARS

_MISSED_CHARS = 500
_NOT_SENT_AGAIN: dict[SentAgain, str] = {
    "not_failed": "Dit bericht is al opnieuw verstuurd.",
    "partly_arrived": "Niet opnieuw verzonden: een deel van dit bericht kwam wel aan. Stuur zelf wat nog ontbreekt.",
}


@agents_only
async def reply(request: Request, conversation_id: str) -> HTTPResponse:
    store, account = request.app.ctx.store, request.ctx.account
    box = Box(text_field(request, "text"), uuid_field(request, "message_id"), seen_entry_id(request))
    conversation = await store.conversations.get(asked_id(request))
    if over := too_long(conversation, box.text):
        return await _not_sent(request, over, box, status=400)
    try:
        await request.app.ctx.handling.reply(
            conversation.id, account, box.text, box.message_id, seen_entry_id=box.seen_entry_id
        )
    except CustomerWrote:
        return await _customer_wrote(request, box)
    except AlreadyClaimed:
        return await _not_sent(request, who_was_first(await store.conversations.get(conversation.id)), box)
    except NotSendable as exc:
        return await _not_sent(request, words.problem(exc.problem), box)
    except InvalidMessage:
        return await _not_sent(request, f"Een antwoord heeft 1 tot {MAX_REPLY_CHARS} tekens.", box, status=400)
    await store.drafts.remove(conversation.id, account.id)
    return to_page(request)


@agents_only
async def retry(request: Request, conversation_id: str) -> HTTPResponse:
    """Send a message again that its platform refused."""
    store, account = request.app.ctx.store, request.ctx.account
    conversation = await store.conversations.get(asked_id(request))
    problem = obstacle(conversation, messenger_config(request), by_agent=True, now_ms=now_ms())
    if problem and conversation.agent_id == account.id:
        return await conversation_page(request, 409, notice=f"Niet opnieuw verzonden. {words.problem(problem)}")
    try:
        result = await store.sending.again(conversation.id, account, field(request, "message_id"))
    except AlreadyClaimed:
        notice = who_was_first(await store.conversations.get(conversation.id))
        return await conversation_page(request, 409, notice=f"Niet opnieuw verzonden. {notice}")
    if result != "in_line":
        return await conversation_page(request, 409, notice=_NOT_SENT_AGAIN[result])
    return to_page(request)


@agents_only
async def save_draft(request: Request, conversation_id: str) -> HTTPResponse:
    """Keep what is typed and not sent; an empty text forgets it."""
    kind: DraftKind = "note" if field(request, "kind") == "note" else "reply"
    # As it was typed, with a space at the end: somebody goes on behind it.
    text = field(request, "text").replace("\r\n", "\n")
    if len(text) > MAX_REPLY_CHARS:
        raise InvalidMessage(f"text: expected at most {MAX_REPLY_CHARS} characters, got {len(text)}")
    draft = Draft(text if text.strip() else "", uuid_field(request, "message_id"), seen_entry_id(request), now_ms())
    await request.app.ctx.store.drafts.save(asked_id(request), request.ctx.account.id, draft, kind)
    return empty()


@agents_only
async def typing(request: Request, conversation_id: str) -> HTTPResponse:
    """Tell the customer that the conversation's own agent types, and colleagues too."""
    store = request.app.ctx.store
    conversation = await store.conversations.get(asked_id(request))
    if conversation.agent_id == request.ctx.account.id:
        await store.events.publish("typing", conversation_id=conversation.id, sender="agent")
        if request.app.ctx.messenger:
            request.app.ctx.messenger.actions.agent_types(conversation)
    await store.viewers.here(conversation.id, request.ctx.account, types=True)
    return empty()


@agents_only
async def view(request: Request, conversation_id: str) -> HTTPResponse:
    """The page is open (`doing` is `here`), somebody types a note in it (`typing`), or it closes (`gone`).

    Answers with who else is there.
    """
    viewers, account, doing = request.app.ctx.store.viewers, request.ctx.account, field(request, "doing")
    conversation: Conversation = await request.app.ctx.store.conversations.get(asked_id(request))
    if doing == "gone":
        await viewers.gone(conversation.id, account)
        return empty()
    others = await viewers.here(conversation.id, account, types=doing == "typing")
    return json({"others": [{"id": one.account_id, "name": one.name, "types": one.types} for one in others]})


async def _not_sent(request: Request, why: str, box: Box, *, status: int = 409) -> HTTPResponse:
    return await conversation_page(request, status, notice=f"Niet verzonden. {why}", returned=Returned(box))


async def _customer_wrote(request: Request, box: Box) -> HTTPResponse:
    """The answer comes back with what the customer wrote meanwhile; sending it once more sends it."""
    conversations = request.app.ctx.store.conversations
    newest = (await conversations.get(asked_id(request))).customer_entry_id
    since = await conversations.messages(asked_id(request), after=box.seen_entry_id)
    missed = "\n".join(message.text or "[bijlage]" for message in since if message.sender == "customer")
    seen = Box(box.text, box.message_id, newest)
    return await conversation_page(
        request,
        409,
        notice="Nog niet verzonden: de klant schreef intussen iets. Lees dat eerst.",
        returned=Returned(seen, missed=_shortened(missed)),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _MISSED_CHARS else f"{text[:_MISSED_CHARS]}…"
