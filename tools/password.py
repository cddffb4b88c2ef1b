"""A new password for an account of the desk or the editor: `make password NAME=sanne`."""

from __future__ import annotations

import asyncio
import secrets
import sys

from bot.errors import BotError, NotFound
from bot.redis_server import redis_for
from bot.settings import Settings
from bot.store import Store


def main(arguments: list[str]) -> int:
    settings = Settings.load()
    try:
        with redis_for(settings, say=print) as url:
            return asyncio.run(_change(settings, url, arguments[0] if arguments else ""))
    except BotError as exc:
        print(f"The password was not changed: {exc}", file=sys.stderr)
        return 1


async def _change(settings: Settings, url: str, account_id: str) -> int:
    store = await Store(url, settings).open()
    try:
        password = secrets.token_urlsafe(12)
        await store.accounts.set_password(account_id, password)
        # Whoever has no colleague to ask may have lost the app as well.
        await store.accounts.change(account_id, has_totp=False)
        await store.second_factor.remove(account_id)
        await store.links.revoke(account_id)
        await store.sessions.end_all(account_id)
        await store.audit.note("", "account.password_reset", account_id, "at the command line")
    except NotFound:
        known = ", ".join(account.id for account in await store.accounts.all())
        print(f"Say whose: make password NAME=... Accounts: {known or 'none yet, `make run` makes the first'}.")
        return 1
    finally:
        await store.close()
    print(
        f"New password of {account_id}: {password}\nWhoever was signed in as {account_id} has to sign in again. "
        "Signing in with a code from an app is off."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
