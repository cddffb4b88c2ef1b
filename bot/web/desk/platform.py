"""What agents must know about Messenger and Instagram: until when they may write, and what is in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import META_INBOX, Conversation
from bot.store import Store
from bot.store.pages import PageState
from bot.store.work import now_ms
from bot.web.channels.messenger.config import COMMENT, MessengerConfig
from bot.web.channels.messenger.obstacles import obstacle
from bot.web.channels.messenger.window import Window, window_of
from bot.web.desk import words
from bot.web.pages import moment

# A pause that is over sooner is not worth a word. Meta's limits make longer ones, going slower makes shorter ones.
PAUSE_SHOWN_MS = 15_000
_ELSEWHERE = "Een andere app heeft dit gesprek bij Meta, meestal de Meta-inbox. Als jij antwoordt, nemen we het over."
_INBOX = "Iemand antwoordt in de Meta-inbox. De assistent zegt zolang niets."


@dataclass(frozen=True)
class Fact:
    """One sentence. `is_bad`: something is in the way."""

    text: str
    is_bad: bool = False


@dataclass(frozen=True)
class Platform:
    """About one conversation."""

    facts: tuple[Fact, ...]
    blocked: str  # why this agent can't write now, empty if they can
    ends_at_ms: int  # when that changes by itself, 0 for never


def platform_of(conversation: Conversation, config: MessengerConfig | None, zone: ZoneInfo) -> Platform | None:
    """None for a conversation that is on no platform. config: None while the channel is off."""
    if not conversation.page_id:
        return None
    at_ms = now_ms()
    problem = obstacle(conversation, config, by_agent=True, now_ms=at_ms)
    if problem or config is None:
        sentence = words.problem(problem)
        return Platform((Fact(sentence, is_bad=True), *_owner_facts(conversation)), sentence, 0)
    window = window_of(conversation, human_agent=config.human_agent)
    facts = (Fact(_until(conversation, window, at_ms, zone)), *_owner_facts(conversation))
    return Platform(facts, "", _next_end(window, at_ms))


async def page_troubles(store: Store, config: MessengerConfig | None, zone: ZoneInfo) -> tuple[str, ...]:
    """What keeps whole pages from sending now, a sentence for each."""
    if config is None:
        return ()
    states = await store.pages.states([page.id for page in config.pages])
    named = zip([page.name for page in config.pages], states, strict=True)
    return tuple(f"{name}: {trouble}" for name, state in named if (trouble := _trouble(state, zone)))


def _trouble(state: PageState, zone: ZoneInfo) -> str:
    if state.trouble:
        return f"{words.problem(state.trouble)} Wat je schrijft, wacht zolang."
    if state.paused_until_ms > now_ms() + PAUSE_SHOWN_MS:
        # The minute after: a time that has passed already says nothing.
        until = f"{datetime.fromtimestamp(state.paused_until_ms / 1000 + 60, zone):%H:%M}"
        return f"We mogen van Meta even niets versturen. Wat je schrijft, wacht tot ongeveer {until}."
    return ""


def _owner_facts(conversation: Conversation) -> tuple[Fact, ...]:
    if conversation.owner == META_INBOX:
        return (Fact(_INBOX),)
    return (Fact(_ELSEWHERE),) if conversation.control else ()


def _until(conversation: Conversation, window: Window, at_ms: int, zone: ZoneInfo) -> str:
    end_ms = max(window.anybody_until_ms, window.agent_until_ms)
    until = moment(datetime.fromtimestamp(end_ms / 1000, zone))
    if conversation.channel == COMMENT:
        return (
            f"Dit is een openbare reactie. Je eerste antwoord gaat als privébericht; dat kan tot {until}. "
            "Daarna kun je pas weer schrijven als de klant antwoordt."
        )
    if window.needs_tag(by_agent=True, now_ms=at_ms):
        return f"Alleen jij, niet de assistent, kunt nog antwoorden tot {until}."
    return f"Je kunt antwoorden tot {until}."


def _next_end(window: Window, at_ms: int) -> int:
    return min((end for end in (window.anybody_until_ms, window.agent_until_ms) if end > at_ms), default=0)
