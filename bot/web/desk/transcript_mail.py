"""A conversation as a mail to its customer: what both sides said, and nothing that is ours alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.model import ATTACHMENT_WORDS, Conversation, TranscriptLine
from bot.opening_hours import DAY_NAMES, MONTHS
from bot.personal_data import masked

MAX_CHARS = 100_000
_SHORTENED = "(Het begin van het gesprek staat hier niet bij.)"
_SPEAKERS = {"customer": "Jij", "assistant": "Digitale assistent", "system": "Bericht"}


def subject(company: str) -> str:
    """Of the mail."""
    return f"Je gesprek met {company}"


def mail_text(conversation: Conversation, lines: Iterable[TranscriptLine], *, company: str, zone: ZoneInfo) -> str:
    """The whole mail. Numbers that mail must not carry (BSN, IBAN, card) are masked."""
    name = f" {conversation.customer_name}" if conversation.customer_name else ""
    said = "\n\n".join(_days([line for line in lines if _goes(line)], zone))
    if len(said) > MAX_CHARS:
        said = f"{_SHORTENED}\n\n{said[-MAX_CHARS:].partition(chr(10))[2]}"
    return (
        f"Hoi{name},\n\nHier is je gesprek met {company}, zodat je het kunt nalezen.\n\n{said}\n\n"
        "Heb je nog een vraag? Stel hem gerust waar je ons schreef: daar lezen we alles terug.\n\n"
        f"Groeten,\n{company}\n"
    )


def hidden_address(address: str) -> str:
    """`anna@voorbeeld.nl` as `a***@voorbeeld.nl`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def _goes(line: TranscriptLine) -> bool:
    """What the customer wrote and did not take back, and what reached them."""
    return line.message.sender != "note" and not line.marks.deleted_at_ms and line.state != "failed"


def _days(lines: list[TranscriptLine], zone: ZoneInfo) -> Iterable[str]:
    def at(line: TranscriptLine) -> datetime:
        # The store's clock, which also orders the log.
        return datetime.fromtimestamp(int(line.message.entry_id.partition("-")[0]) / 1000, zone)

    for _, group in groupby(lines, key=lambda line: at(line).date()):
        of_day = list(group)
        yield "\n".join([_date(at(of_day[0])), *(_line(line, at(line)) for line in of_day)])


def _date(at: datetime) -> str:
    """`donderdag 26 november 2026`."""
    return f"{DAY_NAMES[at.weekday()]} {at.day} {MONTHS[at.month - 1]} {at.year}"


def _line(line: TranscriptLine, at: datetime) -> str:
    message = line.message
    text = message.text if line.marks.edited_text is None else line.marks.edited_text
    things = [ATTACHMENT_WORDS[one.kind] for one in message.attachments]
    by = (
        message.agent_name if message.sender == "agent" and message.agent_name else _SPEAKERS.get(message.sender, "Wij")
    )
    said = " ".join([masked(text), *(f"[{thing}]" for thing in things)]).strip()
    return f"{at:%H:%M} {by}: {said}"
