"""What Meta tells beside messages, as a Dutch sentence for agents; empty when there is nothing to say."""

from __future__ import annotations

from bot.web.channels.messenger.fields import Json, ident, line, record, records, shortened

MAX_NOTE_CHARS = 1_000
_MAX_PART_CHARS = 80


def referral(of: Json) -> str:
    """Where the customer came from."""
    if not of:
        return ""
    mark = line(of, "ref", _MAX_PART_CHARS)
    of_mark = f" met kenmerk {mark}" if mark else ""
    if ident(of, "source") == "ADS":
        title = line(record(of, "ads_context_data"), "ad_title", _MAX_PART_CHARS) or line(of, "ad_id", _MAX_PART_CHARS)
        return (
            f"De klant kwam via de advertentie {title}{of_mark}."
            if title
            else f"De klant kwam via een advertentie{of_mark}."
        )
    if ident(of, "source") == "SHORTLINK":
        return f"De klant kwam via een link{of_mark}."
    return f"De klant kwam van elders{of_mark}."


def lead(of: Json, filled_in: Json) -> str:
    """What a customer filled in at an advertisement."""
    kind = ident(of, "type")
    if not filled_in and not kind.startswith("LEAD_"):
        return ""
    done = (
        "vulde het formulier van een advertentie niet helemaal in"
        if kind == "LEAD_INCOMPLETE"
        else ("vulde het formulier van een advertentie in")
    )
    answers = [
        f"{line(one, 'question', _MAX_PART_CHARS)} {line(one, 'answer', _MAX_PART_CHARS)}"
        for one in records(filled_in, "data")
    ]
    return shortened(" · ".join([f"De klant {done}.", *answers]), MAX_NOTE_CHARS)


def optin(of: Json) -> str:
    """What a customer agreed to."""
    if ident(of, "type") == "notification_messages":
        title = line(of, "title", _MAX_PART_CHARS)
        return f"De klant wil berichten over {title} krijgen." if title else "De klant wil berichten van ons krijgen."
    mark = line(of, "ref", _MAX_PART_CHARS)
    return (
        f"De klant begon het gesprek op een website, met kenmerk {mark}."
        if mark
        else ("De klant begon het gesprek op een website.")
    )


def account_linking(of: Json) -> str:
    """Whether the customer's account with us is tied to this conversation; never the code that proves it."""
    if ident(of, "status") == "unlinked":
        return "De klant heeft de koppeling met het eigen account verbroken."
    return "De klant heeft het eigen account gekoppeld."


def response_feedback(of: Json) -> str:
    """A thumb under one of our messages."""
    if "bad" in line(of, "feedback").casefold():
        return "De klant vond een antwoord niet goed (duim omlaag)."
    return "De klant vond een antwoord goed (duim omhoog)."
