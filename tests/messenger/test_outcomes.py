"""What follows when Meta refuses a message: every row of the table."""

from __future__ import annotations

import pytest

from bot.model import PROBLEMS
from bot.web.channels.messenger.graph import GraphRefused
from bot.web.channels.messenger.outcomes import TABLE, Do, outcome_of, private_reply_outcome
from tests.fakes.graph import ROWS

ROWS_BY_OUTCOME: dict[tuple[Do, str], tuple[str, ...]] = {
    (Do.TRY_AGAIN, "gave_up"): ("1", "2", "1200", "-1"),
    (Do.COUNT_AS_SENT, ""): ("1/1357046",),
    (Do.FAIL, "not_allowed"): ("1/99", "27", "200/2018028", "200/2018027", "200/2018021", "200/2534041"),
    (Do.PAUSE, ""): ("4", "17", "32", "80001", "80006", "613", "613/2534040"),
    (Do.FAIL, "window"): ("10/2018278", "10/2534022", "10/2018065"),
    (Do.FAIL, "unreachable"): (
        *("10/2018108", "551", "551/1545041", "200/1545041", "1545041"),
        *("100/2018001", "100/2534014", "100/2534029"),
    ),
    (Do.TROUBLE, "blocked"): ("10/1893063", "2022", "368"),
    (Do.TROUBLE, "reconnect"): ("190", "190/458", "190/459", "190/460", "190/463", "190/464", "190/467"),
    (Do.TAKE_CONTROL, "other_owner"): ("10/2018300", "2018300", "100/2534037"),
    (Do.WAIT, "other_owner"): ("2018321",),
    (Do.TRY_AGAIN, "rejected"): ("100/2018008",),
    (Do.FAIL, "rejected"): (
        *("613/2018338", "100", "100/33", "100/2018294", "100/2018047", "100/2018109", "100/2018074"),
        *("9000001", "10900", "2018218", "2018247", "100/2018218", "100/2018247", "100/1893061", "100/2018014"),
    ),
}
CASES = [(row, do, problem) for (do, problem), rows in ROWS_BY_OUTCOME.items() for row in rows]


def refused(row: str, *, transient: bool = False, status: int = 400) -> GraphRefused:
    code, _, subcode = row.partition("/")
    error = {"message": "(#999) Iets", "code": int(code), "is_transient": transient}
    return GraphRefused({**error, **({"error_subcode": int(subcode)} if subcode else {})}, status, {})


@pytest.mark.parametrize(("row", "do", "problem"), CASES, ids=[row for row, *_ in CASES])
def test_each_row_of_the_table(row: str, do: Do, problem: str) -> None:
    outcome = outcome_of(refused(row))
    assert (outcome.do, outcome.problem) == (do, problem)
    assert outcome.unreachable is (problem == "unreachable")
    assert not problem or problem in PROBLEMS


def test_every_row_that_the_fake_knows_is_tested_here() -> None:
    assert {row.id for row in ROWS} <= {row for row, *_ in CASES}


def test_codes_come_as_texts_and_numbers() -> None:
    error = {"code": "10", "error_subcode": "2018278"}
    assert outcome_of(GraphRefused(error, 403, {})) is TABLE[10, 2018278]


@pytest.mark.parametrize(
    ("row", "transient", "status", "do", "problem"),
    [
        ("190/999", False, 401, Do.TROUBLE, "reconnect"),  # the code
        ("10/999", False, 403, Do.FAIL, "not_allowed"),
        ("200/2018300", False, 403, Do.TAKE_CONTROL, "other_owner"),  # the subcode, under another code
        ("100/2018278", False, 400, Do.FAIL, "window"),
        ("10/2018321", False, 403, Do.WAIT, "other_owner"),
        ("4242", False, 400, Do.FAIL, "rejected"),
        ("4242", True, 400, Do.TRY_AGAIN, "gave_up"),
        ("4242", False, 503, Do.TRY_AGAIN, "gave_up"),
        ("100/999", True, 400, Do.TRY_AGAIN, "gave_up"),
        ("551/1545041", True, 500, Do.FAIL, "unreachable"),  # what is known counts for more than a flag
    ],
)
def test_what_is_not_in_the_table(row: str, transient: bool, status: int, do: Do, problem: str) -> None:
    outcome = outcome_of(refused(row, transient=transient, status=status))
    assert (outcome.do, outcome.problem) == (do, problem)


@pytest.mark.parametrize(
    ("row", "problem"),
    [("10900", "private_reply"), ("100", "comment_gone"), ("100/33", "comment_gone"), ("551", "unreachable")],
)
def test_a_private_reply_fails_for_reasons_of_its_own(row: str, problem: str) -> None:
    assert private_reply_outcome(refused(row)).problem == problem
