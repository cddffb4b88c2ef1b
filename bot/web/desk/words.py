"""The desk's Dutch words for what the store keeps in English."""

from __future__ import annotations

from bot.model import (
    ASSISTANT,
    CHATWOOT,
    CLOSED,
    META_INBOX,
    PROBLEMS,
    QUEUE,
    Conversation,
    Entity,
    IntentScore,
    Nlu,
    Sender,
    State,
    Template,
)
from bot.store.departments import Department
from bot.web.links import page_url, url_part

__all__ = ["page_url", "url_part"]

STATES: dict[State, str] = {
    "waiting": "Wordt verzonden",
    "sent": "Verzonden",
    "delivered": "Bezorgd",
    "read": "Gelezen",
    "failed": "Mislukt",
}
OUTCOMES = {"answer": "beantwoord", "ask": "doorgevraagd", "human": "naar een medewerker", "read": "meegelezen"}
PRIORITIES = {"urgent": "Spoed", "high": "Hoge prioriteit", "normal": "Gewone prioriteit", "low": "Lage prioriteit"}
SPEAKERS: dict[Sender, str] = {
    "customer": "Klant",
    "assistant": "Assistent",
    "agent": "Medewerker",
    "system": "Melding aan de klant",
    "note": "Alleen voor medewerkers",
}
# In the order of the desk: first what an agent looks a customer up by.
ENTITIES = {
    "order_number": "Bestelnummer",
    "email": "E-mail",
    "phone": "Telefoon",
    "person": "Naam",
    "postcode": "Postcode",
    "place": "Plaats",
    "product": "Product",
    "amount": "Bedrag",
    "date": "Datum",
}
_ALARMS = {
    "self_harm": "De klant heeft de nummers 113 en 112 gekregen. Neem het serieus, vraag ernaar en blijf erbij. "
    "Is er nu gevaar? Bel 112. Raad nodig? Ook jij kunt 113 bellen.",
    "emergency": "De klant heeft het nummer 112 gekregen. Vraag waar het is en of iemand 112 belt. "
    "Kan de klant niet bellen? Bel dan zelf 112.",
}
_PLACES = {
    ASSISTANT: "bij de assistent",
    QUEUE: "in de wachtrij",
    CLOSED: "gesloten",
    META_INBOX: "in de Meta-inbox",
    CHATWOOT: "in Chatwoot",
}

# What stands for a customer whose channel knows no name, with the end of the customer's id behind it.
_NAMELESS = {"widget": "Bezoeker", "messenger": "Messenger", "instagram": "Instagram", "comment": "Facebook"}
_TAIL_CHARS = 4
_MAX_NAME_CHARS = 40
_OUT_OF_SCOPE = "nlu_fallback"


def place(conversation: Conversation, *, mine: bool) -> str:
    """Where the conversation is, as the end of a sentence."""
    if conversation.agent_id and conversation.owner not in (META_INBOX, CHATWOOT):
        return "bij jou" if mine else f"bij {conversation.agent_name or conversation.agent_id}"
    return _PLACES.get(conversation.owner, f"bij {conversation.owner}")


def department(one: Department) -> str:
    """Its name as a title: without the article that customers read."""
    name = one.name.strip()
    for article in ("de ", "het ", "onze ", "ons "):
        name = name.removeprefix(article)
    return name[:1].upper() + name[1:]


def customer_name(conversation: Conversation) -> str:
    """As the platform says; without a name something short, and different for different customers."""
    if conversation.customer_name:
        return conversation.customer_name
    word = _NAMELESS.get(conversation.channel)
    if word is None:
        return (conversation.customer_id or conversation.id)[:_MAX_NAME_CHARS]
    tail = "".join(char for char in conversation.customer_id or conversation.id if char.isalnum())
    return f"{word} {tail[-_TAIL_CHARS:].upper()}"


def problem(code: str) -> str:
    """Why something can't be sent, or was not, as a sentence."""
    return PROBLEMS.get(code, PROBLEMS["rejected"])


def size(size_bytes: int) -> str:
    """As `12 kB` or `1,4 MB`."""
    if size_bytes < 1_000_000:
        return f"{max(1, round(size_bytes / 1000))} kB"
    return f"{size_bytes / 1_000_000:.1f} MB".replace(".", ",")


def alarm(conversation: Conversation) -> str:
    """What an agent does for somebody who may be in danger; empty for all others."""
    return _ALARMS.get(conversation.handoff.reason, "") if conversation.handoff else ""


def template_name(intent: str) -> str:
    """The template that answers an intent."""
    return f"utter_{intent}"


def intent_title(intent: str, templates: dict[str, Template]) -> str:
    """The title that editors gave to the intent's answer, else the intent's name made readable."""
    if intent == _OUT_OF_SCOPE:
        return "Ander onderwerp"
    template = templates.get(template_name(intent))
    if template and template.title:
        return template.title
    return intent.removeprefix("faq_").replace("_", " ").capitalize()


def percent(score: IntentScore) -> str:
    """`93%`; never 0% for something, nor 100% for less than certain."""
    rounded = round(score.confidence * 100)
    if rounded == 0 and score.confidence > 0:
        return "<1%"
    return f"{min(rounded, 99) if score.confidence < 1 else 100}%"


def entity_kind(entity: Entity) -> str:
    """A kind that only this company's Rasa project knows keeps its name."""
    return ENTITIES.get(entity.entity) or entity.entity.replace("_", " ").capitalize()


def entity_order(entity: Entity) -> int:
    """Place of its kind in ENTITIES; the others come last."""
    kinds = list(ENTITIES)
    return kinds.index(entity.entity) if entity.entity in kinds else len(kinds)


def outcome(nlu: Nlu) -> str:
    """What the assistant did with the message."""
    return OUTCOMES.get(nlu.outcome, nlu.outcome)
