"""Koppelingen, over HTTP: admins subscribe, see the secret once, and read the log."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

import pytest

from bot.store import Store
from tests.conftest import Site, running_site, until
from tests.fakes.conversations import handed_over
from tests.fakes.hook_receiver import hook_receiver
from tests.web.visitor import Page, Visitor


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site"), hooks_private="on") as site:
        yield site


@pytest.fixture
def admin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("baas", "admin"))


def made(admin: Visitor, url: str, **fields: object) -> tuple[Page, str]:
    """A new webhook: the page that comes back, and where it is from then on."""
    page = admin.post("/koppelingen/webhooks", url=url, events=["handoff", "close"], **fields)
    assert page.status == 201, page.text
    found = re.search(r'action="(/koppelingen/webhooks/\w+)"', page.body)
    assert found
    return page, found[1]


@pytest.mark.parametrize("role", ["agent", "editor", "manager"])
def test_only_admins_see_it(site: Site, role: str) -> None:
    visitor = Visitor(site.url, site.session(f"geen-{role}", role))  # type: ignore[arg-type]
    assert visitor.get("/koppelingen").status == 403
    assert visitor.post("/koppelingen/webhooks", url="https://example.nl", events="handoff").status == 403
    assert Visitor(site.url).get("/koppelingen").status == 303


def test_the_secret_is_shown_once(site: Site, admin: Visitor) -> None:
    page, path = made(admin, "http://127.0.0.1:9/hook")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.text)
    assert secret and secret[0] not in admin.get(path).body and secret[0] not in admin.get("/koppelingen").body
    renewed = admin.post(f"{path}/secret")
    assert renewed.status == 201 and "De oude sleutel werkt nog een dag" in renewed.text
    assert secret[0] not in renewed.body and "whsec_" in renewed.text
    audit = site.run(lambda store: store.audit.page())
    assert {"hook.created", "hook.secret_renewed"} <= {one.what for one in audit}
    assert secret[0] not in str(audit)


@pytest.mark.parametrize(
    ("url", "events", "says"),
    [
        ("ftp://example.nl", ["handoff"], "moet met https:// beginnen"),
        ("https://a:b@example.nl/", ["handoff"], "zonder naam en wachtwoord"),
        ("https://example.nl/hook", [], "Kies minstens één gebeurtenis"),
        ("https://example.nl/hook", ["niks"], "Kies minstens één gebeurtenis"),
    ],
)
def test_a_wrong_form_says_what_was_expected_and_keeps_what_was_typed(
    admin: Visitor, url: str, events: list[str], says: str
) -> None:
    page = admin.post("/koppelingen/webhooks", url=url, events=events)
    assert page.status == 400 and says in page.text and page.value("url") == url


async def test_test_button_log_and_again(site: Site) -> None:
    async with hook_receiver() as receiver:
        admin = await asyncio.to_thread(lambda: Visitor(site.url, site.session("baas", "admin")))
        _, path = await asyncio.to_thread(made, admin, receiver.url)
        tested = await asyncio.to_thread(admin.post, f"{path}/test")
        assert tested.location == f"{path}?notice=arrived" and receiver.types() == ["test"]
        receiver.statuses = [503]
        async with site.store() as store:
            conversation_id = await handed_over(store)
        missed = await asyncio.to_thread(_until, admin, path, "Lukt nu niet", "HTTP 503")
        assert conversation_id in missed.body
        again = re.search(r'action="([^"]+/again)"', missed.body)
        assert again
        assert (await asyncio.to_thread(admin.post, again[1])).location == f"{path}?notice=arrived"
        page = await asyncio.to_thread(admin.get, path)
        assert "2 keer geprobeerd" in page.text and "Werkt" in page.text


def _until(admin: Visitor, path: str, *says: str) -> Page:
    """The page once it says all of these: it reads the webhook before its log, so it may fall between the two."""

    def found() -> Page | None:
        page = admin.get(path)
        return page if all(one in page.text for one in says) else None

    page = until(found)
    assert page is not None
    return page


def test_what_it_lost_switched_off_changed_and_removed(site: Site, admin: Visitor) -> None:
    _, path = made(admin, "http://127.0.0.1:9/hook")
    site.run(lambda store: _lose(store, path.rpartition("/")[2]))
    assert "krijgt de ontvanger niet alles te horen" in admin.get(path).text
    assert "Mist berichten" in admin.get("/koppelingen").text
    saved = admin.post(path, url="http://127.0.0.1:9/other", events="reply", with_text="1")
    assert saved.location == f"{path}?notice=saved"
    page = admin.get(path)
    assert page.value("url") == "http://127.0.0.1:9/other" and "Staat uit" in page.text
    assert "niet alles te horen" not in page.text
    assert admin.post(f"{path}/remove").location == "/koppelingen?notice=removed"
    assert admin.get(path).status == 404 and admin.post(f"{path}/test").status == 404


async def _lose(store: Store, hook_id: str) -> None:
    await store.hooks.lost(await store.hooks.get(hook_id), 1, 2)


def test_chatwoots_webhook_is_not_there_while_the_connector_is_off(site: Site) -> None:
    assert Visitor(site.url).post("/webhooks/chatwoot/een-woord-van-iemand").status == 404
