"""Where somebody goes after signing in."""

from __future__ import annotations

import re

from bot.model import Account
from bot.web.rights import AGENTS

# A path on this site: printable ASCII as a browser sends it, with no second slash and no backslash in front (browsers
# read both as another host).
_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_SIGN_IN = ("/sign-in", "/sign-out")


def local_path(wanted: str) -> str:
    """`wanted` if it is a path on this site that isn't the sign-in page itself, else an empty string."""
    path = wanted.split("?", 1)[0]
    return wanted if _LOCAL_PATH.fullmatch(wanted) and path not in _SIGN_IN else ""


def start_page(account: Account) -> str:
    """The page that this account works on."""
    return "/desk" if set(AGENTS) & set(account.roles) else "/editor"
