"""What an error of the Graph API means for who sets the channel up, and what to do about it."""

from __future__ import annotations

from bot.errors import UpstreamError
from bot.web.channels.messenger.graph import GraphRefused, GraphUnreachable
from bot.web.channels.messenger.report import Finding

TEMPORARY = frozenset({-1, 1, 2, 1200})
RATE_LIMITED = frozenset({4, 17, 32, 613, 80001, 80006})
BLOCKED = frozenset({368, 2022})
DEAD_TOKEN = 190
BAD_PARAMETER = 100
# Lines of the report where nothing but the token and the proof of the secret is sent.
APP_SECRET, TOKEN = "App secret", "Token"
PROOF_LINES = (APP_SECRET, TOKEN)
# Subcodes of 190.
_WHY_DEAD = {
    458: "the person who made it has removed the app",
    459: "Facebook wants the person who made it to sign in and confirm something",
    460: "the person who made it has a new password, or Facebook ended the session",
    463: "it has expired",
    464: "the account of the person who made it is not confirmed",
    467: "it is not valid any more",
}
NEW_TOKEN = "Make a new long-lived token (docs/how-to/messenger.md, step 4) and put it in BOT_MESSENGER_TOKENS."


def explained(what: str, exc: UpstreamError) -> Finding:
    """The failure of a call as a line of the report."""
    if isinstance(exc, GraphRefused):
        found, to_do = _of_proof() if exc.error_code == BAD_PARAMETER and what in PROOF_LINES else _of_refusal(exc)
        return Finding("missing", what, f"{found} (Meta's error {code_of(exc)}).", to_do)
    if isinstance(exc, GraphUnreachable):
        to_do = "Look at this machine's network, name server and firewall, and at BOT_GRAPH_URL."
        return Finding("missing", what, "No connection to the Graph API.", to_do)
    return Finding(
        "missing",
        what,
        "Meta's answer can't be read, or did not come in time.",
        "Try again in a few minutes. If it stays so, look at BOT_GRAPH_URL and at Meta's status page.",
    )


def code_of(exc: GraphRefused) -> str:
    """As 190/463; without the subcode when there is none."""
    return f"{exc.error_code}/{exc.subcode}" if exc.subcode else str(exc.error_code)


def why_dead(subcode: int) -> str:
    """Of a token that Meta does not take any more."""
    return f"The token is dead: {_WHY_DEAD.get(subcode, 'Meta does not accept it')}"


def _of_proof() -> tuple[str, str]:
    found = "Meta does not accept the proof that we know the app secret; it is good for five minutes"
    return found, "Look whether this machine's clock is right."


def _of_refusal(exc: GraphRefused) -> tuple[str, str]:
    code = exc.error_code
    if code == DEAD_TOKEN:
        return why_dead(exc.subcode), NEW_TOKEN
    if exc.is_transient or code in TEMPORARY:
        return "Meta has a temporary problem", "Try again in a few minutes."
    if code in RATE_LIMITED:
        return (
            "Too many calls",
            "Wait, ten minutes for the page's profile and else an hour. Trying sooner makes it last longer.",
        )
    if code in BLOCKED or (code, exc.subcode) == (10, 1893063):
        return "Meta has blocked or restricted the page", "Look at the page's quality and support inbox on Facebook."
    return _of_rights(code)


def _of_rights(code: int) -> tuple[str, str]:
    if code == 10 or 200 <= code <= 299:
        return (
            "The token may not do this: a permission is missing, or whoever made the token has too small a task on the "
            "page",
            "Whoever makes the token needs full control of the page, and must grant the permissions below.",
        )
    if code == BAD_PARAMETER:
        return "Meta does not accept a value", "Compare messenger.yml with what the line is about."
    return "Meta refuses", "Look the number up in Meta's list of error codes, and at `version` in messenger.yml."
