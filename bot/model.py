"""The records that travel between the parts: frozen, plain, and JSON in the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# A note is for agents only: no channel ever passes it on.
Sender = Literal["customer", "assistant", "agent", "system", "note"]
Priority = Literal["urgent", "high", "normal", "low"]
# `waiting` is in line to be sent to a platform; elsewhere a message is `sent` as soon as it is stored.
State = Literal["waiting", "sent", "delivered", "read", "failed"]
AttachmentKind = Literal[
    "image", "audio", "video", "file", "sticker", "link", "post", "story", "location", "appointment", "other"
]
Role = Literal["agent", "editor", "manager", "admin"]

ASSISTANT = "assistant"
QUEUE = "queue"
CLOSED = "closed"
AGENT_PREFIX = "agent:"
# Who has a conversation that somebody answers in Meta's own inbox: a human, but none of our accounts.
META_INBOX = AGENT_PREFIX + "meta-inbox"
META_INBOX_NAME = "Meta-inbox"
# Who has a conversation that is answered in Chatwoot: humans again, and none of our accounts.
CHATWOOT = AGENT_PREFIX + "chatwoot"
CHATWOOT_NAME = "Chatwoot"
# What a program is called that answers through the API: an agent like any other, but no human.
PROGRAM_NAME = "API"
# Before the id of a token of the API, where an account's id would be: no account has a colon in its id.
TOKEN_PREFIX = "token:"
# In the place of its id, when all we know is that another app has a thread.
UNKNOWN_APP = "unknown"

# Why a human is needed. The desk shows the Dutch words beside it.
REASONS: dict[str, str] = {
    "self_harm": "Mogelijk zelfdoding",
    "emergency": "Noodgeval",
    "asked_for_human": "Klant vroeg om een medewerker",
    "complaint": "Klacht",
    "not_confident": "Vraag niet herkend",
    "not_helped": "Antwoord hielp niet",
    "topic_for_humans": "Onderwerp is voor een medewerker",
    "unclear_twice": "Twee keer niet duidelijk",
    "assistant_slow": "Assistent reageerde niet op tijd",
    "assistant_busy": "Te druk voor de assistent",
    "assistant_failed": "Assistent gaf een fout",
    "assistant_crashed": "Assistent liep vast op dit bericht",
    "template_missing": "Antwoord ontbreekt",
    "not_delivered": "Antwoord kwam niet aan",
    "taken_over": "Medewerker nam het over",
    "attachment": "Foto, bestand of spraakbericht",
}

# Why an agent closed a conversation. The desk shows the Dutch words.
CLOSE_REASONS: dict[str, str] = {
    "solved": "Opgelost",
    "no_reply": "Klant reageert niet meer",
    "elsewhere": "Verder via een ander kanaal",
    "duplicate": "Dubbel",
    "spam": "Spam of misbruik",
}

# What lists show of a message without a text.
ATTACHMENT_WORDS: dict[AttachmentKind, str] = {
    "image": "foto",
    "audio": "spraakbericht",
    "video": "video",
    "file": "bestand",
    "sticker": "sticker",
    "link": "link",
    "post": "post",
    "story": "story",
    "location": "locatie",
    "appointment": "afspraak",
    "other": "bijlage",
}

# Why a message to the customer failed. The desk shows the sentence.
PROBLEMS: dict[str, str] = {
    "window": "De klant schreef te lang geleden. Meta laat ons pas weer iets sturen als de klant weer schrijft.",
    "unreachable": "De klant is niet te bereiken, en heeft ons misschien geblokkeerd. "
    "Je kunt pas weer antwoorden als de klant weer schrijft.",
    "other_owner": "Iemand anders heeft dit gesprek in de Meta-inbox.",
    "reconnect": "De pagina is niet meer gekoppeld. Vraag de beheerder om de pagina opnieuw te koppelen.",
    "blocked": "Meta heeft de pagina tijdelijk geblokkeerd. Vraag de beheerder om dit op te lossen.",
    "not_allowed": "De app mag deze klant niets sturen. Vraag de beheerder om de rechten bij Meta na te kijken.",
    "private_reply": "Meta staat maar één privébericht toe, en dat is gestuurd. De klant moet eerst antwoorden.",
    "comment_gone": "De klant heeft de reactie verwijderd, of die is ouder dan zeven dagen.",
    "off": "Messenger staat uit, of deze pagina is hier niet ingesteld. Vraag de beheerder om dit na te kijken.",
    "rejected": "Meta heeft dit bericht geweigerd.",
    "gave_up": "Meta nam dit bericht na een paar pogingen niet aan.",
}


# Why there is no copy of a file that came with a message. The desk shows the sentence.
MEDIA_PROBLEMS: dict[str, str] = {
    "too_big": "Niet opgehaald: groter dan 25 MB.",
    "expired": "Niet meer op te halen bij Meta.",
    "not_allowed": "Niet opgehaald: het adres is niet van Meta.",
    "failed": "Ophalen lukte na een paar pogingen niet.",
}


@dataclass(frozen=True)
class Button:
    """A quick reply. `payload` is `/intent_name`; `url` opens a page instead."""

    title: str
    payload: str = ""
    url: str = ""


@dataclass(frozen=True)
class Attachment:
    """What came with a customer's message or with one of somebody in Meta's inbox; or the image of an answer.

    url: where the platform keeps it, for a while; or the page that a link leads to. May be empty.
    """

    kind: AttachmentKind
    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class Message:
    """One line of a conversation.

    id: the channel's own id of the message, or one of ours; decides what is a repeat.
    entry_id: place in the message log, `<ms>-<n>`; empty until stored.
    payload: of the button that the customer pressed, else empty.
    notice: for sender `system` or `note`, what happened (`handed_over`, `claimed`, ...), else empty.
    quoted_id: the message that this one answers in particular, as the platform says.
    """

    id: str
    conversation_id: str
    sender: Sender
    text: str
    sent_at_ms: int
    entry_id: str = ""
    buttons: tuple[Button, ...] = ()
    payload: str = ""
    template: str = ""
    agent_name: str = ""
    in_reply_to: str = ""
    notice: str = ""
    quoted_id: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def to_customer(self) -> bool:
        """Whether it was said to the customer, so that it has a delivery state."""
        return self.sender not in ("customer", "note")

    @property
    def images(self) -> tuple[Attachment, ...]:
        """The pictures of the answer that it was made from, which its channel shows."""
        return tuple(one for one in self.attachments if one.kind == "image") if self.template else ()

    @property
    def is_by_human(self) -> bool:
        """Whether an agent wrote it, and no program: platforms let humans do more."""
        return self.sender == "agent" and self.agent_name != PROGRAM_NAME


@dataclass(frozen=True)
class IntentScore:
    """One row of the NLU's ranking; confidence is in 0..1."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Entity:
    """Something that a customer named: `entity` is its kind, as order_number, `value` what the customer wrote."""

    entity: str
    value: str


@dataclass(frozen=True)
class Nlu:
    """What the NLU made of one customer message.

    outcome: what the assistant did with it: answer, ask or human; or read, of one that a human got.

    emergency: why a human must see it at once, a key of REASONS; empty for nearly all messages.
    arm: which model of an experiment it was, `live` or `challenger`; empty without one.
    """

    outcome: str
    intent: str
    confidence: float
    ranking: tuple[IntentScore, ...] = ()
    entities: tuple[dict[str, Any], ...] = ()
    threshold: float | None = None
    emergency: str = ""
    arm: str = ""


@dataclass(frozen=True)
class Handoff:
    """Why and when a conversation went to the human queue; `reason` is a key of REASONS.

    department: id of the one that it is for. first_due_ms, resolve_due_ms: until when the customer was promised a first
    answer, and an end; 0 without a promise. The store fills these three in: bot/store/departments.py `plan`.
    """

    reason: str
    priority: Priority
    at_ms: int
    message_id: str = ""
    department: str = ""
    first_due_ms: int = 0
    resolve_due_ms: int = 0
    # Last: delete.lua cuts it off.
    nlu: Nlu | None = None


@dataclass(frozen=True)
class Conversation:
    """The state of one conversation; every change of owner or by the assistant bumps `version`.

    answered_at_ms: when a human first answered since the handoff. snoozed_until_ms: its agent comes back to it then.
    customer_entry_id: place in the log of the customer's last message. last_agent_id: who had it last. complaints: how
    often it was handed over as one. woken_at_ms: when it was taken up again after it was put aside. returned_by: the
    account that had it and gave it back since the handoff, or did not answer. alarm_at_ms: when the promise is looked
    at next, alarm_level: how many warnings went out. identity: who the customer is, as our own site says and has
    signed; customer_email: as it says unsigned. rating: of the time that humans had it last, 1 to 5. answered_with: the
    template of the assistant's last answer to a question, until humans get the conversation.

    The rest is of platforms only. Times are the platform's.
    opened_at_ms: what the customer did last that lets us write for 24 hours; wrote_at_ms: their last message.
    control: id of the app that has the thread when it is not ours, or UNKNOWN_APP. unreachable: why nothing arrives, a
    code of the channel, until the customer writes again. comment_id: the public comment that it began with;
    private_reply: `sent` once the only message before the customer answers was sent, `gone` when the comment was
    removed before.
    """

    id: str
    channel: str
    customer_id: str
    owner: str
    version: int
    created_at_ms: int
    last_at_ms: int
    agent_name: str = ""
    handoff: Handoff | None = None
    last_text: str = ""
    last_sender: str = ""
    last_customer_text: str = ""
    customer_entry_id: str = ""
    answered_at_ms: int = 0
    snoozed_until_ms: int = 0
    woken_at_ms: int = 0
    closed_at_ms: int = 0
    close_reason: str = ""
    last_agent_id: str = ""
    returned_by: str = ""
    complaints: int = 0
    labels: tuple[str, ...] = ()
    alarm_at_ms: int = 0
    alarm_level: int = 0
    identity: str = ""
    rating: int = 0
    answered_with: str = ""
    page_id: str = ""
    customer_name: str = ""
    customer_email: str = ""
    opened_at_ms: int = 0
    wrote_at_ms: int = 0
    control: str = ""
    control_at_ms: int = 0
    unreachable: str = ""
    comment_id: str = ""
    private_reply: str = ""

    @property
    def agent_id(self) -> str:
        """The account that owns the conversation, or an empty string."""
        return self.owner[len(AGENT_PREFIX) :] if self.owner.startswith(AGENT_PREFIX) else ""

    @property
    def hears_notices(self) -> bool:
        """Not under a public comment: until the customer answers there is one message, and that is for an answer."""
        return self.channel != "comment" and not self.private_reply


@dataclass(frozen=True)
class Episode:
    """One time that humans had a conversation, from the handoff to its end.

    how: `closed` or `handed_back`. agent_id: who had it at the end. answered_at_ms: of the first answer, 0 for none.
    rating: of the customer, 1 to 5, and 0 without one.
    """

    reason: str
    priority: Priority
    department: str
    handed_at_ms: int
    ended_at_ms: int
    how: str
    answered_at_ms: int = 0
    agent_id: str = ""
    agent_name: str = ""
    close_reason: str = ""
    rating: int = 0
    rated_at_ms: int = 0


@dataclass(frozen=True)
class Media:
    """What became of one attachment. `key` is where our copy is, empty without one; `problem` then says why.

    content_type is one of ours, never what the sender says it is.
    """

    key: str = ""
    content_type: str = ""
    size_bytes: int = 0
    name: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Marks:
    """What happened to a message after it was stored. problem: why it failed, a code of the channel.

    media: by place of the attachment in the message.
    """

    edited_text: str | None = None
    edits: int = 0
    deleted_at_ms: int = 0
    reaction: str = ""
    problem: str = ""
    media: dict[int, Media] = field(default_factory=dict)


@dataclass(frozen=True)
class TranscriptLine:
    """A message with what became of it: NLU for a customer's, delivery state for one to the customer."""

    message: Message
    nlu: Nlu | None = None
    state: State | None = None
    marks: Marks = Marks()


@dataclass(frozen=True)
class Image:
    """A picture that goes with an answer. url: an https address; alt: what who can't see it reads."""

    url: str
    alt: str


@dataclass(frozen=True)
class Variant:
    """Other words for the same answer. channel: for that one alone; without one they take turns with the text."""

    text: str
    channel: str = ""


@dataclass(frozen=True)
class Template:
    """An answer that editors own. `version` counts saves; 0 means not stored yet.

    is_removed: customers don't get it any more; its history stays. because: why this version was made, as the editor
    wrote it, or what made it. written_by: who wrote it, if `edited_by` has looked at it and published it.
    """

    name: str
    title: str
    text: str
    buttons: tuple[Button, ...] = ()
    version: int = 0
    edited_at_ms: int = 0
    edited_by: str = ""
    image: Image | None = None
    variants: tuple[Variant, ...] = ()
    is_removed: bool = False
    because: str = ""
    written_by: str = ""

    def wordings(self, channel: str = "") -> tuple[str, ...]:
        """The texts of which a customer of `channel` gets one: those for that channel alone, if there are any."""
        own = tuple(one.text for one in self.variants if one.channel and one.channel == channel)
        return own or (self.text, *(one.text for one in self.variants if not one.channel))


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `name` is what customers read when this agent takes over.

    capacity: how many conversations they get by themselves at most, when a department assigns them.
    is_disabled: they can't sign in; what they did stays theirs.
    password_hash: empty as long as they have chosen none (invited, or signing in elsewhere).
    """

    id: str
    name: str
    roles: tuple[Role, ...]
    password_hash: str = field(default="", repr=False)
    created_at_ms: int = 0
    email: str = ""
    capacity: int = 10
    is_disabled: bool = False
    has_totp: bool = False


@dataclass(frozen=True)
class ModelRecord:
    """A trained model in the registry; `card` is what bot.nlu.model_card reads from it."""

    name: str
    path: str
    sha256: str
    trained_at_ms: int
    card: dict[str, Any] = field(default_factory=dict)
