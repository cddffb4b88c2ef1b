"""What to do when Meta refuses a message: the error table, one row for each code and subcode that is known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bot.web.channels.messenger.graph import GraphRefused

# After the first, second and third time that Meta says "not now"; the fourth time is the last.
BACK_OFF_MS = (1_000, 5_000, 25_000)
# Meta's own flow (a form of an advertisement) has the chat: how often we look whether it is over, and how long.
WAIT_MS = 60_000
WAIT_TRIES = 15


class Do(Enum):
    """What follows. With all but SENT it is sure that the customer did not get it."""

    TRY_AGAIN = "try again after a while, a few times"
    PAUSE = "send nothing for this page until the limit is over"
    COUNT_AS_SENT = "an error, although the customer has it: its echo brings the mid"
    FAIL = "the message fails; the next one has its turn"
    TROUBLE = "nothing can be sent for this page until a person mends it: all wait"
    TAKE_CONTROL = "another app has the thread: an agent takes it, the assistant is silent"
    WAIT = "Meta's own flow has the thread: look again later"


@dataclass(frozen=True)
class Outcome:
    """problem: a key of PROBLEMS, for what fails or for what is wrong with the page.

    unreachable: nothing arrives until the customer acts. slow_down: too much of something was sent. tries: how often.
    """

    do: Do
    problem: str = ""
    unreachable: bool = False
    slow_down: bool = False
    tries: int = len(BACK_OFF_MS)


TRY_AGAIN = Outcome(Do.TRY_AGAIN, "gave_up")
ONCE_MORE = Outcome(Do.TRY_AGAIN, "rejected", tries=1)
PAUSE = Outcome(Do.PAUSE, slow_down=True)
SENT = Outcome(Do.COUNT_AS_SENT)
WINDOW = Outcome(Do.FAIL, "window")
UNREACHABLE = Outcome(Do.FAIL, "unreachable", unreachable=True)
NOT_ALLOWED = Outcome(Do.FAIL, "not_allowed")
REJECTED = Outcome(Do.FAIL, "rejected")
TOO_MANY = Outcome(Do.FAIL, "rejected", slow_down=True)
RECONNECT = Outcome(Do.TROUBLE, "reconnect")
BLOCKED = Outcome(Do.TROUBLE, "blocked")
TAKE_CONTROL = Outcome(Do.TAKE_CONTROL, "other_owner")
WAIT = Outcome(Do.WAIT, "other_owner", tries=WAIT_TRIES)

# (code, subcode); 0 is an answer without a subcode, and what a code means with one that is not here.
TABLE: dict[tuple[int, int], Outcome] = {
    # Temporary.
    (-1, 0): TRY_AGAIN,
    (1, 0): TRY_AGAIN,
    (2, 0): TRY_AGAIN,
    (1200, 0): TRY_AGAIN,
    (1, 1357046): SENT,
    (1, 99): NOT_ALLOWED,
    # Limits.
    (4, 0): PAUSE,
    (17, 0): PAUSE,
    (32, 0): PAUSE,
    (613, 0): PAUSE,
    (613, 2534040): PAUSE,
    (80001, 0): PAUSE,
    (80006, 0): PAUSE,
    (613, 2018338): TOO_MANY,  # with a tag, to this customer
    # The window is closed.
    (10, 2018278): WINDOW,
    (10, 2534022): WINDOW,  # Instagram
    (10, 2018065): WINDOW,
    # The customer can't be reached.
    (10, 2018108): UNREACHABLE,
    (551, 0): UNREACHABLE,
    (551, 1545041): UNREACHABLE,
    (200, 1545041): UNREACHABLE,
    (1545041, 0): UNREACHABLE,  # one of Meta's pages says that the window is closed; an inbound message mends both
    (100, 2018001): UNREACHABLE,  # no such customer (any more) on this page
    (100, 2534014): UNREACHABLE,  # Instagram
    (100, 2534029): UNREACHABLE,  # Instagram: blocked; if it were us, each message would say so
    # The page.
    (190, 0): RECONNECT,
    (190, 458): RECONNECT,
    (190, 459): RECONNECT,
    (190, 460): RECONNECT,
    (190, 463): RECONNECT,
    (190, 464): RECONNECT,
    (190, 467): RECONNECT,
    (368, 0): BLOCKED,
    (2022, 0): BLOCKED,
    (10, 1893063): BLOCKED,
    # Another app has the thread.
    (10, 2018300): TAKE_CONTROL,
    (2018300, 0): TAKE_CONTROL,
    (100, 2534037): TAKE_CONTROL,
    (2018321, 0): WAIT,
    # We may not.
    (10, 0): NOT_ALLOWED,
    (27, 0): NOT_ALLOWED,
    (200, 0): NOT_ALLOWED,
    (200, 2018021): NOT_ALLOWED,
    (200, 2018027): NOT_ALLOWED,
    (200, 2018028): NOT_ALLOWED,
    (200, 2534041): NOT_ALLOWED,  # Instagram: the owner closed our access to messages
    # Something about the message. It has no media of ours: there is nothing to upload again.
    (100, 0): REJECTED,
    (100, 33): REJECTED,
    (100, 2018008): ONCE_MORE,
    (100, 2018014): REJECTED,
    (100, 2018047): REJECTED,
    (100, 2018074): REJECTED,
    (100, 2018109): REJECTED,
    (100, 2018218): REJECTED,
    (100, 2018247): REJECTED,
    (100, 2018294): REJECTED,
    (100, 1893061): REJECTED,
    (2018218, 0): REJECTED,
    (2018247, 0): REJECTED,
    (10900, 0): REJECTED,
    (9000001, 0): REJECTED,
}
# Meta writes some numbers alone, and sends them as a subcode of one code or another.
_WHATEVER_THE_CODE = {
    subcode: outcome
    for (code, subcode), outcome in TABLE.items()
    if subcode > 1_000_000 and outcome not in (REJECTED, NOT_ALLOWED)
} | {code: outcome for (code, _), outcome in TABLE.items() if code > 1_000_000}


def outcome_of(refused: GraphRefused) -> Outcome:
    """By code and subcode; else by the subcode if it has one meaning; else by the code, or by what Meta says of it."""
    code, subcode = refused.error_code, refused.subcode
    known = TABLE.get((code, subcode)) or _WHATEVER_THE_CODE.get(subcode)
    if known:
        return known
    if refused.is_transient or refused.http_status >= 500:
        return TRY_AGAIN
    return TABLE.get((code, 0), REJECTED)


def private_reply_outcome(refused: GraphRefused) -> Outcome:
    """Under a comment one message may go out. 10900: it did, as the people who saw it say."""
    outcome = outcome_of(refused)
    if refused.error_code == 10900:
        return Outcome(Do.FAIL, "private_reply")
    return Outcome(Do.FAIL, "comment_gone") if outcome is REJECTED else outcome
