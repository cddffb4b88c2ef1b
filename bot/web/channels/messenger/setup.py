"""`make messenger-setup`: is everything ready at Meta's side, and are the pages as messenger.yml says?

Exit code 0 when all is well, 1 when something is missing (with --dry-run also when something differs), 78 when a
setting is wrong. Needs the settings and a network, no Redis.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import EXIT_CONFIG, ConfigError, UpstreamError
from bot.settings import Settings
from bot.web.channels.messenger.checks import (
    Work,
    check_features,
    check_instagram,
    check_permissions,
    check_routing,
    check_token,
)
from bot.web.channels.messenger.config import MessengerConfig, Page, load_config
from bot.web.channels.messenger.graph import Graph, GraphUnreachable
from bot.web.channels.messenger.profile import set_profile
from bot.web.channels.messenger.refusals import APP_SECRET, DEAD_TOKEN, TOKEN, explained
from bot.web.channels.messenger.report import Finding, Section, is_well, rendered
from bot.web.channels.messenger.subscriptions import check_webhooks, subscribe_page

Check = Callable[[Work], Awaitable[list[Finding]]]
# With a token that does not work nothing else can be seen, so it is the first.
OF_A_PAGE: tuple[tuple[str, Check], ...] = (
    (TOKEN, check_token),
    ("Permissions", check_permissions),
    ("Subscription", subscribe_page),
    ("Routing", check_routing),
    ("Instagram", check_instagram),
    ("Profile", set_profile),
)


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    try:
        settings = Settings.load()
        config = load_config(settings)
        if config is None:
            raise ConfigError("BOT_MESSENGER_APP_ID is not set; docs/how-to/messenger.md says what the channel needs")
        pages = _pages(config, options.page)
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    sections = asyncio.run(set_up(config, pages, dry_run=options.dry_run, public_url=settings.public_url))
    print(rendered(sections))
    return 0 if is_well(sections) else 1


async def set_up(
    config: MessengerConfig, pages: Sequence[Page], *, dry_run: bool, public_url: str = ""
) -> list[Section]:
    """Look at the app and at these pages, and change the pages unless it is a dry run."""
    graph = Graph(config)
    await graph.open()
    try:
        works = [Work(graph, config, page, dry_run) for page in pages]
        of_app = await _of_app(works, public_url)
        sections = [Section(f"App {config.app_id}", tuple(of_app))]
        if of_app[0].level == "ok":
            sections += [Section(_title(work.page), tuple(await _of_page(work))) for work in works]
        return sections
    finally:
        await graph.close()


async def _of_app(works: Sequence[Work], public_url: str) -> list[Finding]:
    """Without the app secret or a connection nothing else can be seen: then the first finding says so."""
    work = works[0]
    try:
        findings = await check_webhooks(work, work.config.pages, public_url=public_url)
    except UpstreamError as exc:
        return [_of_secret(exc)]
    return [*findings, check_features(work)]


def _of_secret(exc: UpstreamError) -> Finding:
    finding = explained(APP_SECRET, exc)
    if getattr(exc, "error_code", None) != DEAD_TOKEN:
        return finding
    return Finding(
        "missing",
        APP_SECRET,
        "Meta does not accept BOT_MESSENGER_APP_ID with BOT_MESSENGER_APP_SECRET. The pages were not looked at.",
        "Both are in the App Dashboard, App settings, Basic. A secret that was reset there is another one.",
    )


async def _of_page(work: Work) -> list[Finding]:
    findings: list[Finding] = []
    for what, check in OF_A_PAGE:
        try:
            findings += await check(work)
        except UpstreamError as exc:
            findings.append(explained(what, exc))
            if isinstance(exc, GraphUnreachable):
                break
        if findings[0].level == "missing":
            break
    return findings


def _title(page: Page) -> str:
    return f"Page {page.id}" + (f", {page.name}" if page.name != page.id else "")


def _pages(config: MessengerConfig, page_id: str) -> tuple[Page, ...]:
    if not page_id:
        return config.pages
    page = config.page(page_id)
    if page is None:
        raise ConfigError(f"page {page_id} is not one of BOT_MESSENGER_TOKENS")
    return (page,)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make messenger-setup", description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="change nothing, say what would be changed")
    parser.add_argument("--page", default="", help="only the page with this id")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
