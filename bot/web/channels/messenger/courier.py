"""Brings the messages of one conversation to the customer, in order: the next one, and what becomes of it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from bot.errors import AlreadyClaimed, UpstreamError
from bot.model import ASSISTANT, Conversation, Handoff, Message
from bot.store import Store
from bot.store.sending import Claim, ToSend
from bot.store.work import now_ms
from bot.web.channels.messenger.actions import Actions
from bot.web.channels.messenger.config import MESSENGER, MessengerConfig, Page
from bot.web.channels.messenger.errand import Errand, problem_of
from bot.web.channels.messenger.graph import Graph, GraphRefused, GraphUnknown, GraphUnreachable
from bot.web.channels.messenger.outcomes import (
    REJECTED,
    WINDOW,
    Do,
    Outcome,
    outcome_of,
    private_reply_outcome,
)
from bot.web.channels.messenger.pace import Pace
from bot.web.channels.messenger.page_watch import PageWatch
from bot.web.channels.messenger.personas import Personas
from bot.web.channels.messenger.private_replies import joined
from bot.web.channels.messenger.recipients import recipient_of
from bot.web.channels.messenger.rendering import Json, is_picture, parts
from bot.web.channels.messenger.times import Times
from bot.web.channels.messenger.uncertain import Uncertain, What
from bot.web.operations.metrics import Metrics

log = structlog.get_logger()

# Problems of a message, or of what the app may do. With the others a human could not write to the customer either.
_A_HUMAN_MAY_HELP = frozenset({"rejected", "gave_up", "not_allowed"})


class RefusedElsewhere(Protocol):
    """What hears that another app has a thread."""

    async def refused(self, conversation_id: str, at_ms: int) -> None: ...


class PrivateReplies(Protocol):
    """What hears that the one message under a comment goes out, and that it went."""

    async def private_reply_begins(self, conversation_id: str, attempt: str) -> None: ...

    async def private_reply_sent(self, conversation: Conversation, recipient_id: str) -> None: ...


class Courier:
    """Used by the sender, for many conversations at the same time."""

    def __init__(
        self,
        store: Store,
        graph: Graph,
        config: MessengerConfig,
        *,
        metrics: Metrics,
        pages: PageWatch,
        pace: Pace,
        personas: Personas,
        actions: Actions,
        elsewhere: RefusedElsewhere | None = None,
        comments: PrivateReplies | None = None,
        times: Times | None = None,
    ) -> None:
        self._store = store
        self._queue = store.sending
        self._graph = graph
        self._config = config
        self._metrics = metrics
        self._pages = pages
        self._pace = pace
        self._personas = personas
        self._actions = actions
        self._times = times or Times()
        self._uncertain = Uncertain(store, graph, self._times, page_lets_through=self._page_lets_through)
        self._unreachable_since_s: float | None = None
        self.elsewhere = elsewhere
        self.comments = comments
        self._refusals: dict[Do, Callable[[Errand, Outcome, GraphRefused], Awaitable[bool]]] = {
            Do.TRY_AGAIN: self._try_again,
            Do.WAIT: self._try_again,
            Do.PAUSE: self._pause,
            Do.COUNT_AS_SENT: self._count_as_sent,
            Do.FAIL: self._refuse,
            Do.TROUBLE: self._report_trouble,
            Do.TAKE_CONTROL: self._fail_elsewhere,
        }

    async def deliver(self, claim: Claim, *, goes_on: Callable[[], bool]) -> None:
        """Send what the conversation has in line until nothing is left or something must wait.

        goes_on: asked before each message; a request that was begun is finished.
        """
        begun_s = time.monotonic()
        to_send = await self._queue.begin(claim, claiming=True)
        while to_send:
            if not goes_on():
                await self._queue.later(claim, 0, refused=False)
                return
            if not await self._bring(claim, to_send, begun_s):
                return
            begun_s = time.monotonic()
            to_send = await self._queue.begin(claim, claiming=False)

    # Every step below returns whether the claim is still ours, for the next message.

    async def _bring(self, claim: Claim, to_send: ToSend, begun_s: float) -> bool:
        conversation = await self._store.conversations.get(claim.conversation_id)
        page = self._config.page(conversation.page_id)
        if page is None:
            # Taken out of the settings: it may come back, as with a token that is dead.
            return await self._fail_closed(claim, to_send, conversation) or await self._park(claim, conversation)
        errand = await self._errand(claim, to_send, begun_s, conversation, page)
        if to_send.attempt:
            return await self._find_out(errand)
        return await self._set_out(errand)

    async def _errand(
        self, claim: Claim, to_send: ToSend, begun_s: float, conversation: Conversation, page: Page
    ) -> Errand:
        recipient = recipient_of(conversation)
        whole, with_it = to_send.message, list[Message]()
        if recipient.is_private_reply and not to_send.parts_sent:
            whole, with_it = joined([whole, *await self._behind(to_send, conversation)])
        rendered = parts(whole, channel=conversation.channel)
        return Errand(claim, to_send, begun_s, conversation, page, recipient, whole, rendered, with_it)

    async def _behind(self, to_send: ToSend, conversation: Conversation) -> list[Message]:
        """What waits behind a message; if that may have arrived, only what went out with it then."""
        lines = await self._store.conversations.transcript(conversation.id)
        waiting = [line.message for line in lines if line.state == "waiting" and line.message.id != to_send.message.id]
        return [one for one in waiting if one.id in to_send.with_it] if to_send.attempt else waiting

    async def _find_out(self, errand: Errand) -> bool:
        """What follows for an attempt whose end nobody knows."""
        found = await self._uncertain.look(errand)
        if found.what is What.LOOK_LATER:
            return await self._later(errand, found.delay_ms, refused=False)
        if found.what is What.WAIT_FOR_PAGE:
            return await self._park(errand.claim, errand.conversation)
        if found.what is What.TOO_LATE:
            return await self._fail(errand, "other_owner")
        if found.what is What.ARRIVED:
            errand.attempt = errand.to_send.attempt
            return await self._accepted(errand, mid=found.mid)
        return await self._set_out(errand)

    async def _set_out(self, errand: Errand) -> bool:
        problem = self._problem(errand.conversation, errand.message)
        if problem:
            return await self._fail(errand, problem)
        if not await self._page_lets_through(errand):
            return await self._park(errand.claim, errand.conversation)
        if errand.part >= len(errand.parts):
            return await self._end_without_part(errand)
        if errand.is_by_agent and errand.conversation.channel == MESSENGER:
            errand.persona_id = await self._personas.of(errand.page, errand.message.agent_name)
        await self._actions.before_message(errand.page.id, errand.conversation.customer_id)
        return await self._send(errand)

    async def _end_without_part(self, errand: Errand) -> bool:
        """Nothing to say at all; or the rest of a message that another version of this program cut in more parts."""
        if not errand.part:
            return await self._fail(errand, "rejected")
        errand.attempt = (
            await self._queue.attempt(errand.claim, errand.message.id, part=errand.part, parts=errand.part + 1) or ""
        )
        return bool(errand.attempt) and await self._accepted(errand, mid="")

    async def _send(self, errand: Errand) -> bool:
        """One request, and another one if what stood in the way could be mended."""
        while await self._note_attempt(errand):
            if time.monotonic() - errand.begun_s > self._queue.lease_ms / 2000:
                # This process stood still, or waited long: another sender may have the conversation soon.
                return await self._later(errand, 0, refused=True, counts=False)
            body = errand.body(human_agent=self._config.human_agent, now_ms=now_ms())
            try:
                answer, headers = await self._graph.call(errand.page, "POST", f"{errand.page.id}/messages", body=body)
            except GraphRefused as exc:
                self._unreachable_since_s = None
                if await self._mend(errand, exc):
                    continue
                return await self._refused(errand, exc)
            except GraphUnknown as exc:
                return await self._unknown(errand, exc)
            except GraphUnreachable as exc:
                return await self._unreachable(errand, exc)
            return await self._accepted(errand, mid=str(answer.get("message_id") or ""), answer=answer, headers=headers)
        return False

    async def _note_attempt(self, errand: Errand) -> bool:
        """Before the request, so that it is known that the message may have gone out. False: another sender has it."""
        errand.attempt_at_ms, with_it = now_ms(), [other.id for other in errand.with_it]
        attempt = await self._queue.attempt(
            errand.claim, errand.message.id, part=errand.part, parts=len(errand.parts), with_it=with_it
        )
        errand.attempt = attempt or ""
        if attempt and errand.recipient.is_private_reply and self.comments:
            await self.comments.private_reply_begins(errand.conversation.id, attempt)
        return bool(attempt)

    async def _accepted(
        self, errand: Errand, *, mid: str, answer: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> bool:
        conversation, message = errand.conversation, errand.message
        # Not when the answer came: by then the customer may have read it, and Meta tells until when they read.
        at_ms = errand.attempt_at_ms or now_ms()
        await self._queue.settle(conversation.id, errand.attempt, mid=mid, at_ms=at_ms)
        if errand.part + 1 >= len(errand.parts):
            self._metrics.passed_on([message, *errand.with_it], conversation.channel)
        if headers is not None:
            self._unreachable_since_s = None
            if errand.page_is_in_trouble:
                await self._pages.works(errand.page)
            await self._pace.heed(errand.page, headers)
        if errand.recipient.is_private_reply:
            await self._end_private_reply(errand, str((answer or {}).get("recipient_id") or ""))
        return True

    async def _end_private_reply(self, errand: Errand, recipient_id: str) -> None:
        """Nothing more may go out until the customer answers. recipient_id: empty if Meta did not say."""
        await self._store.conversations.set_field(errand.conversation.id, "private_reply", "sent")
        if self.comments:
            await self.comments.private_reply_sent(errand.conversation, recipient_id)

    # What can go wrong.

    async def _mend(self, errand: Errand, refused: GraphRefused) -> bool:
        """Whether it is worth sending again at once: each cause once."""
        outcome = outcome_of(refused)
        if outcome is WINDOW and errand.may_be_late(human_agent=self._config.human_agent, now_ms=now_ms()):
            errand.is_late = True
            return True
        if outcome.do is Do.TAKE_CONTROL and errand.is_by_agent and not errand.took_control:
            errand.took_control = True
            return await self._take_control(errand)
        if outcome is REJECTED and errand.persona_id and not errand.checked_persona:
            errand.checked_persona, before = True, errand.persona_id
            errand.persona_id = await self._personas.replaced(errand.page, errand.message.agent_name, before)
            return errand.persona_id != before
        return False

    async def _take_control(self, errand: Errand) -> bool:
        body = {"recipient": errand.recipient.wire, "metadata": "agent"}
        try:
            await self._graph.call(errand.page, "POST", f"{errand.page.id}/take_thread_control", body=body)
        except UpstreamError as exc:
            log.warning("control.refused", conversation_id=errand.conversation.id, reason=str(exc))
            return False
        at_ms = max(now_ms(), errand.conversation.control_at_ms)  # Meta's clock may be ahead of ours
        await self._store.conversations.set_control(errand.conversation.id, "", at_ms=at_ms)
        return True

    async def _refused(self, errand: Errand, refused: GraphRefused) -> bool:
        outcome = private_reply_outcome(refused) if errand.recipient.is_private_reply else outcome_of(refused)
        if errand.to_send.attempt and outcome.problem in ("private_reply", "comment_gone"):
            # The first attempt, of which we heard nothing, took the one message that there is.
            outcome = Outcome(Do.COUNT_AS_SENT)
        log.info(
            "message.refused",
            conversation_id=errand.conversation.id,
            code=refused.error_code,
            subcode=refused.subcode,
            then=outcome.do.name.lower(),
        )
        if outcome.do is not Do.PAUSE:
            await self._pace.heed(errand.page, refused.headers)
            if outcome.slow_down:
                await self._pace.slow_down(errand.page)
        return await self._refusals[outcome.do](errand, outcome, refused)

    async def _try_again(self, errand: Errand, outcome: Outcome, _: GraphRefused) -> bool:
        tries, back_off_ms = errand.to_send.tries, self._times.back_off_ms
        if tries >= outcome.tries:
            return await self._fail(errand, outcome.problem)
        delay_ms = self._times.wait_ms if outcome.do is Do.WAIT else back_off_ms[min(tries, len(back_off_ms) - 1)]
        return await self._later(errand, delay_ms, refused=True)

    async def _pause(self, errand: Errand, _: Outcome, refused: GraphRefused) -> bool:
        await self._pace.limit_reached(errand.page, refused.headers)
        self._pages.wait_for(errand.page.id, errand.conversation.id)
        return await self._later(errand, self._times.park_ms, refused=True, counts=False)

    async def _count_as_sent(self, errand: Errand, *_: object) -> bool:
        return await self._accepted(errand, mid="")

    async def _refuse(self, errand: Errand, outcome: Outcome, _: GraphRefused) -> bool:
        return await self._fail(errand, outcome.problem, unreachable=outcome.unreachable)

    async def _report_trouble(self, errand: Errand, outcome: Outcome, refused: GraphRefused) -> bool:
        await self._pages.in_trouble(errand.page, outcome.problem, str(refused))
        self._pages.wait_for(errand.page.id, errand.conversation.id)
        return await self._later(errand, self._times.park_ms, refused=True, counts=False)

    async def _fail_elsewhere(self, errand: Errand, outcome: Outcome, _: GraphRefused) -> bool:
        """It must not go out hours later, when whoever has the thread now is done."""
        is_ours = await self._fail(errand, outcome.problem)
        if self.elsewhere:
            await self.elsewhere.refused(errand.conversation.id, now_ms())
        return is_ours

    async def _unknown(self, errand: Errand, unknown: GraphUnknown) -> bool:
        log.warning("message.uncertain", conversation_id=errand.conversation.id, reason=str(unknown))
        return await self._later(errand, self._times.echo_look_ms, refused=False)

    async def _unreachable(self, errand: Errand, unreachable: GraphUnreachable) -> bool:
        """Nothing of it is the message's fault: it waits as long as the window is open."""
        now_s, (first_ms, longest_ms) = time.monotonic(), self._times.unreachable_ms
        since_s = self._unreachable_since_s = self._unreachable_since_s or now_s
        delay_ms = min(max(int((now_s - since_s) * 1000), first_ms), longest_ms)
        log.warning("graph.unreachable", reason=str(unreachable), again_in_s=delay_ms / 1000)
        return await self._later(errand, delay_ms, refused=True, counts=False)

    # How an errand ends for now.

    async def _later(self, errand: Errand, delay_ms: int, *, refused: bool, counts: bool = True) -> bool:
        # A private reply of which nothing was heard stays open: that Meta takes no second one must tell, not fail.
        refused = refused and not (errand.recipient.is_private_reply and errand.to_send.attempt)
        await self._queue.later(errand.claim, delay_ms, refused=refused, counts=counts)
        return False

    async def _park(self, claim: Claim, conversation: Conversation) -> bool:
        """Until messages of its page go out."""
        self._pages.wait_for(conversation.page_id, conversation.id)
        await self._queue.later(claim, self._times.park_ms, refused=False)
        return False

    async def _page_lets_through(self, errand: Errand) -> bool:
        state = await self._pages.state(errand.page.id)
        errand.page_is_in_trouble = bool(state.trouble)
        return self._pages.lets_through(state)

    def _problem(self, conversation: Conversation, message: Message) -> str:
        return problem_of(conversation, message, human_agent=self._config.human_agent, now_ms=now_ms())

    async def _fail_closed(self, claim: Claim, to_send: ToSend, conversation: Conversation) -> bool:
        """Whether it failed for the conversation's sake, whatever the page."""
        problem = self._problem(conversation, to_send.message)
        return bool(problem) and await self._give_up(claim, to_send.message, conversation, problem)

    async def _fail(self, errand: Errand, problem: str, *, unreachable: bool = False) -> bool:
        if problem in ("rejected", "gave_up") and any(map(is_picture, errand.parts[errand.part :][:1])):
            # An address that is gone, or too large a picture: the words are what the customer waits for.
            log.warning("picture.refused", conversation_id=errand.conversation.id, template=errand.message.template)
            return await self._accepted(errand, mid="")
        return await self._give_up(errand.claim, errand.message, errand.conversation, problem, unreachable=unreachable)

    async def _give_up(
        self, claim: Claim, message: Message, conversation: Conversation, problem: str, *, unreachable: bool = False
    ) -> bool:
        if not await self._queue.fail(claim, message.id, problem, unreachable=unreachable):
            return False
        self._metrics.not_sent(message, conversation.channel, problem)
        if problem in _A_HUMAN_MAY_HELP and message.sender == "assistant":
            await self._call_human(conversation.id, message)
        return True

    async def _call_human(self, conversation_id: str, message: Message) -> None:
        """The customer has no answer, and the assistant thinks that it gave one."""
        conversation = await self._store.conversations.get(conversation_id)
        if conversation.owner == ASSISTANT:
            handoff = Handoff("not_delivered", "normal", now_ms(), message.in_reply_to)
            with suppress(AlreadyClaimed):  # it is somebody's by now
                await self._store.queue.put(conversation, handoff, [_not_delivered(conversation.id)])


def _not_delivered(conversation_id: str) -> Message:
    text = "Meta nam het antwoord van de assistent niet aan. De klant wacht nog op antwoord."
    return Message(uuid.uuid4().hex, conversation_id, "note", text, now_ms(), notice="not_delivered")
