"""What `make messenger-setup` only looks at: app secret, token, permissions, routing, Instagram."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from bot.web.channels.messenger.answers import inner, names, number
from bot.web.channels.messenger.config import MessengerConfig, Page
from bot.web.channels.messenger.graph import Graph, GraphRefused, Json
from bot.web.channels.messenger.refusals import DEAD_TOKEN, NEW_TOKEN, TOKEN, why_dead
from bot.web.channels.messenger.report import Finding

DAY_S = 24 * 3600
# A token that ends sooner is as good as none.
SOON_S = 14 * DAY_S

# Permission -> what this program can't do without it.
PERMISSIONS = {
    "pages_messaging": "reading and answering messages",
    "pages_manage_metadata": "being told of messages (the webhook), and the page's menu",
    "pages_show_list": "seeing what the page is subscribed to",
    "pages_read_engagement": "looking in a conversation whether a message arrived, when Meta gave no answer",
}
OF_COMMENTS = {"pages_read_user_content": "reading the comments of visitors"}
OF_PUBLIC_REPLIES = {"pages_manage_engagement": "answering under a comment"}
OF_INSTAGRAM = {
    "instagram_basic": "knowing which Instagram account belongs to the page",
    "instagram_manage_messages": "reading and answering messages on Instagram",
}


@dataclass(frozen=True)
class Work:
    """What a check gets: a page and the way to ask about it. `app`: the app itself, with a token that needs no page."""

    graph: Graph
    config: MessengerConfig
    page: Page
    dry_run: bool = False

    @property
    def app(self) -> Page:
        return Page(id=self.config.app_id, token=f"{self.config.app_id}|{self.config.app_secret}", name="app")

    async def of_page(self, field: str) -> Json:
        """One field of the page, asked for with its own token. One at a time: a refused one refuses all."""
        answer, _ = await self.graph.call(self.page, "GET", "me", query={"fields": f"id,{field}"})
        return answer


async def check_token(work: Work) -> list[Finding]:
    """Whose it is, until when, and that Meta takes it together with our proof of the app secret."""
    found = await _debugged(work)
    problem = _problem_of(found, work) if found else None
    if problem:
        return [problem]
    answer = await work.of_page("name")
    if str(answer.get("id")) != work.page.id:
        return [_of_another(str(answer.get("id")), work)]
    until_s = number(found.get("expires_at"))
    until = f"until {_date(until_s)}" if until_s else "without an end"
    return [Finding("ok", TOKEN, f"Of the page {answer.get('name') or work.page.id}, {until}."), *_ends(found)]


async def check_permissions(work: Work) -> list[Finding]:
    """What the token may do, page by page."""
    found = await _debugged(work)
    if not found:
        return [Finding("look", "Permissions", "Meta does not say which ones the token has.")]
    needed = _needed(work.page)
    missing = [name for name in needed if not _has(found, name, work.page)]
    if not missing:
        return [Finding("ok", "Permissions", ", ".join(needed) + ".")]
    to_do = "Ask for it in App Review (Advanced Access), then make a new token and grant it for this page."
    return [Finding("missing", "Permission", f"{name}, for {needed[name]}.", to_do) for name in missing]


async def check_routing(work: Work) -> list[Finding]:
    """Which app may answer. Meta tells whether routing is there, not which app is the default one."""
    try:
        status = inner(await work.of_page("messaging_feature_status"), "messaging_feature_status")
    except GraphRefused:
        status = {}
    if status.get("hop_v2") is False:
        found = "Conversation Routing is off: every connected app may answer, so that customers may get two answers."
    elif status:
        found = "Conversation Routing is on. Meta does not tell which app is the default one."
    else:
        found = "Meta does not say whether Conversation Routing is on."
    to_do = (
        "On Facebook, in the page's settings, Advanced Messaging, Conversation Routing: make this app the default app, "
        "and let it take control."
    )
    return [Finding("look", "Routing", found, to_do)]


async def check_instagram(work: Work) -> list[Finding]:
    """That the account of messenger.yml is the one that belongs to the page."""
    wanted = work.page.instagram_id
    try:
        answer = await work.of_page("instagram_business_account")
    except GraphRefused:
        if not wanted:
            return []  # without the permission there is nothing to see, and nothing needed
        raise
    linked = str(inner(answer, "instagram_business_account").get("id") or "")
    if linked == wanted:
        return [Finding("ok", "Instagram", f"Account {linked} belongs to the page.")] if linked else []
    if not wanted:
        to_do = f"To answer there as well, put `instagram_id: {linked}` under the page in messenger.yml."
        return [
            Finding("ok", "Instagram", f"Account {linked} belongs to the page; this program leaves it alone.", to_do)
        ]
    found = f"Account {linked} belongs to the page, messenger.yml says {wanted}." if linked else "No account is linked."
    to_do = "Link the professional account to the page on Facebook, and put its id in messenger.yml."
    return [Finding("missing", "Instagram", found, to_do)]


def check_features(work: Work) -> Finding:
    """What the app needs beside permissions, and Meta tells no program."""
    found = "Meta does not tell whether the app has Business Asset User Profile Access (customers' names)"
    if not work.config.human_agent:
        return Finding("look", "Features", f"{found}.", "Look in App Review.")
    return Finding(
        "look",
        "Features",
        f"{found} and Human Agent (agents may answer until 7 days after the customer wrote).",
        "Look in App Review. Without Human Agent, set BOT_MESSENGER_HUMAN_AGENT=off.",
    )


async def _debugged(work: Work) -> Json:
    """What Meta says about the token; empty when it does not say anything about it."""
    try:
        answer, _ = await work.graph.call(work.app, "GET", "debug_token", query={"input_token": work.page.token})
    except GraphRefused as exc:
        if exc.error_code == DEAD_TOKEN:
            raise
        return {}
    return inner(answer, "data")


def _problem_of(found: Json, work: Work) -> Finding | None:
    if found.get("is_valid") is False:
        return Finding("missing", TOKEN, why_dead(number(inner(found, "error").get("subcode"))) + ".", NEW_TOKEN)
    if found.get("app_id") and str(found["app_id"]) != work.config.app_id:
        return Finding("missing", TOKEN, f"It was made for app {found['app_id']}, not for this one.", NEW_TOKEN)
    if found.get("type") and found["type"] != "PAGE":
        return Finding("missing", TOKEN, f"It is no page's: its type is {found['type']}.", NEW_TOKEN)
    if found.get("profile_id") and str(found["profile_id"]) != work.page.id:
        return _of_another(str(found["profile_id"]), work)
    return None


def _of_another(page_id: str, work: Work) -> Finding:
    to_do = "Put each token behind its own page's id in BOT_MESSENGER_TOKENS."
    return Finding("missing", TOKEN, f"It is that of page {page_id}, not of {work.page.id}.", to_do)


def _ends(found: Json) -> Iterator[Finding]:
    until_s, now_s = number(found.get("expires_at")), time.time()
    if until_s and until_s < now_s + SOON_S:
        yield Finding("missing", TOKEN, f"It ends on {_date(until_s)}, and the channel with it.", NEW_TOKEN)
    elif until_s:
        yield Finding("look", TOKEN, f"It ends on {_date(until_s)}, and the channel with it.", NEW_TOKEN)
    data_until_s = number(found.get("data_access_expires_at"))
    if data_until_s and data_until_s < now_s + SOON_S:
        to_do = "Let whoever made the token sign in to the app again, and make a new one."
        yield Finding("look", TOKEN, f"Meta ends the app's access to data on {_date(data_until_s)}.", to_do)


def _date(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def _needed(page: Page) -> dict[str, str]:
    needed = dict(PERMISSIONS)
    if page.comments.private_reply:
        needed |= OF_COMMENTS
    if page.comments.private_reply and page.comments.public_reply:
        needed |= OF_PUBLIC_REPLIES
    return {**needed, **(OF_INSTAGRAM if page.instagram_id else {})}


def _has(found: Json, name: str, page: Page) -> bool:
    """Granted, and if it was granted for some pages only, then for this one or its Instagram account."""
    if name not in names(found.get("scopes")):
        return False
    granular = found.get("granular_scopes")
    for each in granular if isinstance(granular, list) else ():
        if isinstance(each, dict) and each.get("scope") == name and each.get("target_ids"):
            return bool(names(each["target_ids"]) & {page.id, page.instagram_id})
    return True
