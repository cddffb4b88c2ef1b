"""Which events Meta sends us: the app subscribes to fields once, each page to the same ones again."""

from __future__ import annotations

from collections.abc import Iterable

from bot.web.channels.messenger.answers import listed, names
from bot.web.channels.messenger.checks import Work
from bot.web.channels.messenger.config import Page
from bot.web.channels.messenger.graph import GraphRefused, Json
from bot.web.channels.messenger.refusals import APP_SECRET, BAD_PARAMETER
from bot.web.channels.messenger.report import Finding

WEBHOOK_PATH = "/webhooks/messenger"
# All that something is done with. Not response_feedback: Meta would put thumbs under every message.
PAGE_FIELDS = frozenset(
    {
        "messages",
        "message_deliveries",
        "message_echoes",
        "message_edits",
        "message_reactions",
        "message_reads",
        "messaging_handovers",
        "messaging_optins",
        "messaging_policy_enforcement",
        "messaging_postbacks",
        "messaging_referrals",
        "standby",
    }
)
COMMENT_FIELD = "feed"
INSTAGRAM_FIELDS = frozenset(
    {
        "messages",
        "message_edit",
        "message_reactions",
        "messaging_handover",
        "messaging_postbacks",
        "messaging_referral",
        "messaging_seen",
        "standby",
    }
)


def fields_of(page: Page) -> frozenset[str]:
    """What a page is to be subscribed to."""
    return PAGE_FIELDS | {COMMENT_FIELD} if page.comments.private_reply else PAGE_FIELDS


async def check_webhooks(work: Work, pages: Iterable[Page], *, public_url: str) -> list[Finding]:
    """The app's own subscriptions; they are made in the App Dashboard. The app secret is right if Meta answers."""
    pages = list(pages)
    answer, _ = await work.graph.call(work.app, "GET", f"{work.config.app_id}/subscriptions")
    found = {str(each.get("object")): each for each in listed(answer)}
    findings = [Finding("ok", APP_SECRET, "Meta accepts it.")]
    needed = {"page": frozenset[str]().union(*(fields_of(page) for page in pages))}
    if any(page.instagram_id for page in pages):
        needed["instagram"] = INSTAGRAM_FIELDS
    for kind, fields in needed.items():
        findings.append(_of_webhook(kind, fields, found.get(kind), public_url))
    return findings


def _of_webhook(kind: str, fields: frozenset[str], found: Json | None, public_url: str) -> Finding:
    what = f"Webhook {kind}"
    address = (public_url.rstrip("/") or "https://your address") + WEBHOOK_PATH
    dashboard = f"In the App Dashboard, Webhooks, object {kind.title()}"
    if found is None or found.get("active") is False:
        to_do = (
            f"{dashboard}: save {address} with the word of BOT_MESSENGER_VERIFY_TOKEN, while this program runs there."
        )
        return Finding("missing", what, "Meta has no webhook to send events to.", to_do)
    callback = str(found.get("callback_url") or "")
    if public_url and callback != address:
        return Finding("missing", what, f"Meta sends events to {callback}.", f"{dashboard}: change it to {address}.")
    lacking = sorted(field for field in fields if not {field, f"{field}s"} & names(found.get("fields")))
    if lacking:
        found_text = f"Meta sends events to {callback}, but not all kinds."
        return Finding("missing", what, found_text, f"{dashboard}: subscribe to {', '.join(lacking)}.")
    return Finding("ok", what, f"{len(fields)} kinds of events go to {callback}.")


async def subscribe_page(work: Work) -> list[Finding]:
    """The page's subscription to the fields that are needed and no others, set if it is something else."""
    wanted, before = fields_of(work.page), await _subscribed(work)
    if before == wanted:
        return [Finding("ok", "Subscription", f"The page sends {len(wanted)} kinds of events.")]
    difference = _difference(wanted, before)
    if work.dry_run:
        return [Finding("would change", "Subscription", f"Now {difference}")]
    await _subscribe(work, wanted)
    after = await _subscribed(work)
    if after == wanted:
        return [Finding("changed", "Subscription", f"Before, {difference}")]
    to_do = "In the App Dashboard, Messenger, settings, Webhooks: change it there, for this page."
    return [Finding("missing", "Subscription", f"Meta did not take it over; still {_difference(wanted, after)}", to_do)]


async def _subscribe(work: Work, fields: frozenset[str]) -> None:
    """All at once. A name that Meta does not know (any more) is found out by reading back what is there."""
    query = {"subscribed_fields": ",".join(sorted(fields))}
    try:
        await work.graph.call(work.page, "POST", f"{work.page.id}/subscribed_apps", query=query)
    except GraphRefused as exc:
        if exc.error_code != BAD_PARAMETER:
            raise


async def _subscribed(work: Work) -> set[str]:
    answer, _ = await work.graph.call(work.page, "GET", f"{work.page.id}/subscribed_apps", query={"limit": "100"})
    ours = (each for each in listed(answer) if str(each.get("id")) == work.config.app_id)
    return {name for each in ours for name in names(each.get("subscribed_fields"))}


def _difference(wanted: frozenset[str], found: set[str]) -> str:
    parts = [("needed and not there", wanted - found), ("there and not needed", found - wanted)]
    return "; ".join(f"{label}: {', '.join(sorted(fields))}" for label, fields in parts if fields) + "."
