"""What went wrong at Redis, in words: they reach whoever runs the program, and never quote a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from redis import exceptions

from bot.errors import StoreUnavailable

# Answers of a Redis that is there but can't do it now. None of them comes after a script has changed something.
REASONS = {
    "MISCONF": "can't write to its disk",
    "OOM": "is full (maxmemory)",
    "READONLY": "is a read-only replica",
    "MASTERDOWN": "is a replica that lost its primary",
    "UNBLOCKED": "stopped being the primary",
    "LOADING": "is still loading its data",
    "BUSY": "is busy with a script",
    "NOREPLICAS": "has fewer replicas than min-replicas-to-write",
    "NOPERM": "does not allow its user to do this",
    "CLUSTERDOWN": "is a cluster that is down",
    "MOVED": "is a cluster, and another node has our keys (BOT_REDIS_URL: redis+cluster://)",
    "ASK": "is moving our keys to another node of the cluster",
    "TRYAGAIN": "is moving our keys to another node of the cluster",
}
# Of those, the answers of a node that is not (any more) the one that our keys are at.
NOT_THE_PRIMARY = frozenset({"READONLY", "MASTERDOWN", "UNBLOCKED", "CLUSTERDOWN", "MOVED"})

# Redis 6.2 wraps what went wrong in a script: "ERR Error running script (...): @user_script: 1: -OOM ...".
_CODE = re.compile(r"^([A-Z]+)\b|: -([A-Z]+) ")


class NotThePrimary(exceptions.ConnectionError):  # type: ignore[misc]
    """A node refused a command, before it did anything, because the keys are elsewhere. `code` is one of REASONS."""

    def __init__(self, code: str) -> None:
        super().__init__(REASONS[code])
        self.code = code


class NoPrimary(exceptions.ConnectionError):  # type: ignore[misc]
    """Nobody whom we asked knows a primary."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn "Redis can't do it now" into StoreUnavailable; a mistake of ours stays what it is."""
    try:
        yield
    except (exceptions.ConnectionError, exceptions.TimeoutError, ConnectionError, TimeoutError) as exc:
        raise StoreUnavailable(f"Redis {_why_no_answer(exc)}") from exc
    except exceptions.ResponseError as exc:
        code = error_code(exc)
        if code not in REASONS:
            raise
        raise StoreUnavailable(f"Redis {REASONS[code]}") from exc


def error_code(exc: exceptions.ResponseError) -> str:
    """The first word of Redis's answer, such as OOM; that of the command in the script if a script failed."""
    if exc.status_code and exc.status_code != "ERR":
        return str(exc.status_code)
    # redis-py puts the command, so perhaps a customer's words, in front of a pipeline's error: "... error: ('OOM ...".
    answer = str(exc).rpartition("pipeline caused error: ")[2].lstrip("('\"")
    match = _CODE.search(answer)
    return (match[1] or match[2]) if match else ""


def _why_no_answer(exc: BaseException) -> str:
    known = (exc, exc.__cause__, *exc.args)
    for kind, words in (
        (NotThePrimary, None),
        (NoPrimary, None),
        (exceptions.BusyLoadingError, REASONS["LOADING"]),
        (exceptions.AuthenticationError, "does not accept our user or password"),
    ):
        for found in known:
            if isinstance(found, kind):
                return words or str(found)
    if isinstance(exc, (exceptions.TimeoutError, TimeoutError)):
        return "does not answer in time"
    if "No connection available" in str(exc):
        return "does not answer: all our connections wait for it"
    return "does not answer"
