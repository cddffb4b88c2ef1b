"""What the Graph API says when it refuses: the shape, and every pair of code and subcode that is known."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Retry = Literal["yes", "later", "once", "no"]

TEMPORARY = frozenset({-1, 1, 2, 1200})
FORBIDDEN = frozenset({10, 200, 368, 2022})


@dataclass
class GraphError(Exception):
    """Becomes `{"error": {...}}`. The text is mostly Dutch, as an account's is: nobody may branch on it."""

    code: int
    subcode: int | None = None
    text: str = ""
    status: int = 0  # 0: what usually goes with the code
    transient: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)  # further keys of `error`, such as error_user_msg

    def __post_init__(self) -> None:
        self.status = self.status or usual_status(self.code)

    def body(self) -> dict[str, Any]:
        error: dict[str, Any] = {
            "message": self.text or f"(#{self.code}) De aanvraag is geweigerd",
            "type": "OAuthException",
            "code": self.code,
        }
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient:
            error["is_transient"] = True
        return {"error": {**error, **self.more, "fbtrace_id": "A" + secrets.token_urlsafe(16)}}


def usual_status(code: int) -> int:
    """The HTTP status that goes with a code, most of the time."""
    if code in TEMPORARY:
        return 500
    if code in FORBIDDEN:
        return 403
    return 401 if code == 190 else 400


@dataclass(frozen=True)
class Row:
    """One pair of the error table, with whether it makes sense to try again."""

    code: int
    subcode: int | None
    retry: Retry
    meaning: str

    @property
    def id(self) -> str:
        return f"{self.code}" if self.subcode is None else f"{self.code}/{self.subcode}"


def _rows(retry: Retry, meaning: str, *pairs: tuple[int, int | None]) -> list[Row]:
    return [Row(code, subcode, retry, meaning) for code, subcode in pairs]


# Every row of section 3.5; `later`: after the minutes of the header, or when something else has happened.
ROWS: tuple[Row, ...] = (
    *_rows("yes", "temporary", (1, None), (2, None), (1200, None), (-1, None)),
    *_rows("no", "an error although it was sent", (1, 1357046)),
    *_rows("no", "unknown, often a missing permission", (1, 99)),
    *_rows("later", "rate limited", (4, None), (17, None), (32, None), (80001, None), (80006, None)),
    *_rows("later", "rate limited", (613, None), (613, 2534040)),
    *_rows("no", "too many tagged messages to this person", (613, 2018338)),
    *_rows("no", "outside the window", (10, 2018278), (10, 2534022), (10, 2018065)),
    *_rows("no", "this person cannot receive our messages now", (10, 2018108)),
    *_rows("no", "page temporarily restricted", (10, 1893063)),
    *_rows("later", "another app controls this thread", (10, 2018300), (2018300, None)),
    *_rows("no", "we are not the thread owner", (100, 2534037)),
    *_rows("later", "Meta's lead flow controls the chat", (2018321, None)),
    *_rows("no", "no default app", (27, None)),
    *_rows("no", "person not available", (551, None), (551, 1545041), (200, 1545041), (1545041, None)),
    *_rows("no", "bad parameter, no such user or object", (100, None), (100, 2018001), (100, 33), (100, 2534014)),
    *_rows("once", "URL not fetched", (100, 2018008)),
    *_rows("no", "media refused", (100, 2018294), (100, 2018047), (100, 2018109), (100, 2018074)),
    *_rows("no", "token dead", (190, None), (190, 458), (190, 459), (190, 460), (190, 463), (190, 464), (190, 467)),
    *_rows("no", "app not approved for this person", (200, 2018028), (200, 2018027), (200, 2018021)),
    *_rows("no", "blocked after a policy violation", (2022, None), (368, None)),
    *_rows("no", "referred message deleted or too old", (9000001, None), (10900, None)),
    *_rows("no", "retired tag", (100, 1893061)),
    *_rows("no", "message and action together", (100, 2018014)),
    *_rows("no", "profile not to be had", (100, 2018218), (100, 2018247)),
    *_rows("no", "Instagram: access revoked, business blocked", (200, 2534041), (100, 2534029)),
)


def bad_parameter(text: str, subcode: int | None = None) -> GraphError:
    return GraphError(100, subcode, f"(#100) {text}")


def missing_object(object_id: str) -> GraphError:
    return GraphError(100, 33, f"Unsupported request. Object with ID '{object_id}' does not exist or cannot be loaded")


def outside_window(platform: str) -> GraphError:
    text = "(#10) Dit bericht valt buiten de toegestane periode."
    return GraphError(10, 2534022 if platform == "instagram" else 2018278, text)


def no_matching_user(platform: str) -> GraphError:
    return bad_parameter("Geen overeenkomende gebruiker gevonden", 2534014 if platform == "instagram" else 2018001)


def not_in_control() -> GraphError:
    return GraphError(10, 2018300, "(#10) Deze conversatie wordt nu door een andere app beheerd.")


def not_owner() -> GraphError:
    return bad_parameter("De app is geen eigenaar van de conversatie", 2534037)


def dead_token(subcode: int | None = None) -> GraphError:
    return GraphError(190, subcode, "Invalid OAuth access token - Cannot parse access token")
