"""`make screenshots`: the pictures of docs/pages.md from a running product with a day's work in it.

Each page on a desk (1280x800), on a phone (390x844) and in the dark. Pillow, which makes them small, is in the
assistant's environment. The one of `make fake-messenger` is taken along.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from playwright.sync_api import Browser, BrowserContext, Error, Page, ViewportSize, sync_playwright

from tests.chromium import launch
from tests.conftest import Site, running_site
from tests.fakes.chatwoot.server import SETTINGS as CHATWOOT
from tests.fakes.graph import FakeGraph
from tests.fakes.hook_receiver import HookReceiver, hook_receiver
from tests.fakes.threaded import Threaded, in_thread
from tests.web.visitor import Visitor
from tools.demo_day.on_messenger import chat, settings_of, stand_in
from tools.demo_day.running import DemoDay, running_day
from tools.demo_day.taught import Taught, running_taught
from tools.demo_day.team import PASSWORD
from tools.screenshot_acts import ask, see_banner, select_three, show_customer, type_slash, write_stiffly
from tools.trained_model import ASSISTANT_PYTHON, trained_model

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
PAGES = IMAGES / "pages"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
STAND_IN: ViewportSize = {"width": 1200, "height": 900}
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
}
# 64 colours are enough for pages, and a third of the size.
_SHRINK = """
import sys
from PIL import Image
for path in sys.argv[1:]:
    Image.open(path).convert("RGB").quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
"""

Act = Callable[[Page], None]


@dataclass(frozen=True)
class Shot:
    """A page, who looks at it (empty: nobody signed in), and what is done before the picture is taken.

    site: where the page is, if not on the day's.
    """

    name: str
    path: str
    account: str = ""
    act: Act | None = None
    site: Site | None = None


def shots(day: DemoDay, connected: Site, taught: Taught, hook_path: str, messenger_path: str) -> list[Shot]:
    """All pages, in the order of docs/pages.md. connected: see `_connected`."""
    main, waiting, joris = _url(day, "Anna de Vries"), _url(day, "Yasmin Bloem"), "/accounts/joris"
    return [
        Shot("sign-in", "/sign-in"),
        Shot("sign-in-openid", "/sign-in", site=connected),
        Shot("sign-in-forgotten", "/sign-in/forgotten"),
        Shot("desk-waiting", "/desk?view=waiting", "sanne"),
        Shot("desk-mine", "/desk?view=mine", "sanne"),
        Shot("desk-later", "/desk?view=later", "sanne"),
        Shot("desk-closed", "/desk?view=closed", "sanne"),
        Shot("desk-bulk", "/desk?view=waiting", "sanne", select_three),
        Shot("desk-keys", "/desk?view=waiting", "sanne", lambda page: page.keyboard.press("?")),
        Shot("conversation", main, "sanne"),
        Shot("conversation-customer", main, "sanne", show_customer),
        Shot("conversation-answers", main, "sanne", type_slash),
        Shot("conversation-waiting", waiting, "sanne"),
        Shot("conversation-messenger", messenger_path, "sanne"),
        Shot("conversation-transfer", main, "sanne", lambda page: page.locator("#transfer-menu > summary").click()),
        Shot("reminder", main + "/reminder", "sanne"),
        Shot("mail", main + "/mail", "sanne"),
        Shot("search", "/desk/search?q=lamp", "sanne"),
        Shot("notifications", "/notifications", "sanne"),
        Shot("team", "/team", "meryem"),
        Shot("team-department", "/team/departments/klantenservice", "meryem"),
        Shot("team-roster", "/team/rooster", "meryem"),
        Shot("team-labels", "/team/labels", "meryem"),
        Shot("team-lists", "/team/lijsten", "meryem"),
        Shot("team-ratings", "/team/beoordelingen", "meryem"),
        Shot("team-mails", "/team/mail", "meryem"),
        Shot("answers", "/editor", "lotte"),
        Shot("answer", "/editor/utter_faq_retourneren", "lotte"),
        Shot("answer-draft", "/editor/utter_faq_ruilen", "meryem"),
        Shot("answer-compare", "/editor/utter_faq_ruilen/compare?a=1&b=concept", "meryem"),
        Shot("answer-plans", "/editor/utter_faq_openingstijden/plans", "lotte"),
        Shot("plans", "/editor/plans", "lotte"),
        Shot("house-style", "/house-style", "meryem"),
        Shot("house-style-answer", "/editor/utter_faq_retourneren", "lotte", write_stiffly),
        Shot("house-style-report", "/house-style/report", "lotte"),
        Shot("rules", "/editor/rules", "meryem"),
        Shot("crisis", "/crisis", "meryem"),
        Shot("topics", "/topics", "lotte"),
        Shot("topic", "/topics/faq_retourneren", "lotte"),
        Shot("topic-new", "/topics/new", "lotte"),
        Shot("topic-merge", "/topics/faq_retourkosten/merge?into=faq_retourneren", "lotte"),
        *_shots_of(taught),
        Shot("profile", "/account", "sanne"),
        Shot("password", "/account/password", "sanne"),
        Shot("second-factor", "/account/totp", "sanne"),
        Shot("my-tokens", "/account/tokens", "sanne"),
        Shot("accounts", "/accounts", "beheer"),
        Shot("account", joris, "beheer"),
        Shot("audit", "/audit", "meryem"),
        Shot("webhooks", "/koppelingen", "beheer"),
        Shot("webhook", hook_path, "beheer"),
        Shot("chatwoot", "/koppelingen", "beheer", site=connected),
        Shot("odd-events", "/koppelingen/messenger", "beheer", lambda page: page.locator("main summary").click()),
        Shot("demo", "/demo", "", ask),
        Shot("demo-crisis", "/demo", "", partial(see_banner, connected), site=connected),
    ]


def _shots_of(taught: Taught) -> list[Shot]:
    """The pages on which editors teach the assistant."""
    group, training = quote_plus(taught.ids["missed"]), taught.ids["training_id"]
    pages = {
        "learning": "/learning",
        "learning-group": f"/learning/group?id={group}",
        "training": f"/training/{training}",
        "trial": f"/trials/{taught.ids['trial_id']}",
        "experiment": "/trials/experiment",
        "import": f"/importing/{taught.ids['import_id']}",
    }
    return [Shot(name, path, "lotte", site=taught.site) for name, path in pages.items()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these pages")
    parser.add_argument("--full", action="store_true", help="whole pages")
    parser.add_argument("--out", type=Path, default=PAGES)
    parser.add_argument("--model", type=Path, help="a trained model; without it the project's own")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    model = args.model or trained_model()
    settings = {"hooks_private": "on", "smtp_url": "smtp://127.0.0.1:9", "mail_from": "hallo@voorbeeld.nl"}
    with (
        tempfile.TemporaryDirectory(prefix="screenshots-") as folder,
        stand_in() as meta,
        running_day(Path(folder), model, **settings, **settings_of(meta, Path(folder))) as day,
        _connected(day, Path(folder) / "connected") as connected,
        running_taught(day.site.redis_url, Path(folder) / "taught") as taught,
        in_thread(hook_receiver()) as receiver,
    ):
        messenger_path = chat(day, meta)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            everything = shots(day, connected, taught, _hook(day, receiver), messenger_path)
            wanted = [shot for shot in everything if not args.names or shot.name in args.names]
            taken = _take(browser, day, wanted, args.out, full=args.full)
            if not args.names or "fake-messenger" in args.names:
                taken.append(_take_stand_in(browser, meta))
            browser.close()
    if not args.full:
        subprocess.run([ASSISTANT_PYTHON, "-c", _SHRINK, *map(str, taken)], check=True)
    return 0


def _take(browser: Browser, day: DemoDay, wanted: list[Shot], out: Path, *, full: bool) -> list[Path]:
    taken = []
    for look, options in LOOKS.items():
        contexts: dict[str, BrowserContext] = {}
        for shot in wanted:
            site = shot.site or day.site
            context = contexts.get(site.url + shot.account) or _context(browser, site, shot.account, options)
            contexts[site.url + shot.account] = context
            page = context.new_page()
            page.on("pageerror", partial(_complain, shot.name))
            page.goto(site.url + shot.path)
            page.wait_for_load_state("load")
            page.wait_for_timeout(400)
            if shot.act:
                shot.act(page)
                page.wait_for_timeout(300)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if wide > 0:
                print(f"{shot.name} ({look}): {wide} px wider than the window", file=sys.stderr)
            path = out / f"{shot.name}-{look}.png"
            page.screenshot(path=path, full_page=full)
            taken.append(path)
            page.close()
        for context in contexts.values():
            context.close()
    return taken


def _complain(name: str, error: Error) -> None:
    print(f"{name}: {error}", file=sys.stderr)


def _context(browser: Browser, site: Site, account: str, options: dict[str, Any]) -> BrowserContext:
    context = browser.new_context(locale="nl-NL", timezone_id="Europe/Amsterdam", reduced_motion="reduce", **options)
    if account:
        page = context.new_page()
        page.goto(f"{site.url}/sign-in")
        page.get_by_label("Inlognaam").fill(account)
        page.get_by_label("Wachtwoord").fill(PASSWORD)
        page.get_by_role("button", name="Inloggen").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.close()
    return context


def _url(day: DemoDay, who: str) -> str:
    """The page of the newest conversation of a customer."""

    async def find(store: Any) -> str:
        found = [one for one in await store.conversations.recent() if one.customer_name == who]
        return str(found[0].id)

    return f"/desk/{day.site.run(find)}"


def _take_stand_in(browser: Browser, meta: Threaded[FakeGraph]) -> Path:
    """The page of `make fake-messenger`, with what was said in Messenger."""
    page = browser.new_page(viewport=STAND_IN, locale="nl-NL", timezone_id="Europe/Amsterdam")
    page.goto(meta.server.url)
    page.locator("#lines").get_by_text("In welke winkel").wait_for()
    path = IMAGES / "fake-messenger.png"
    page.screenshot(path=path)
    page.close()
    return path


@contextmanager
def _connected(day: DemoDay, var: Path) -> Iterator[Site]:
    """An installation beside the day's, with a provider to sign in with and Chatwoot in the place of our own desk."""
    settings = {
        **CHATWOOT,
        "chatwoot_url": "https://chatwoot.voorbeeld.nl",
        "oidc_issuer": "https://aanmelden.voorbeeld.nl",
        "oidc_client_id": "vraagbaak",
        "oidc_client_secret": "een-geheim-van-de-plaatjes",
        "oidc_name": "je Winkel-account",
        "oidc_roles": "agents=agent",
    }
    var.mkdir()
    with running_site(day.site.redis_url, var, **settings) as site:
        site.run(lambda store: store.accounts.create("beheer", "Beheer", ("admin",), PASSWORD))
        yield site


def _hook(day: DemoDay, receiver: Threaded[HookReceiver]) -> str:
    """A webhook with deliveries; returns the address of its page."""
    receiver.server.statuses = [200, 503]

    async def make(store: Any) -> str:
        return str((await store.hooks.create(receiver.server.url, ("handoff", "reply", "close"))).id)

    path = f"/koppelingen/webhooks/{day.site.run(make)}"
    admin = Visitor(day.site.url, day.site.session("beheer"))
    for _ in range(3):
        admin.post(f"{path}/test")
    return path


if __name__ == "__main__":
    sys.exit(main())
