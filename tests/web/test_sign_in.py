"""Signing in and out, over HTTP against the real server and Redis."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import pyotp
import pytest

from bot.store import Store
from bot.store.attempts import FREE_IN_A_ROW
from bot.web.sign_in import attempts
from bot.web.sign_in.browsers import browser_words
from bot.web.sign_in.next_page import local_path
from tests.conftest import PASSWORD, Site, running_site
from tests.web.visitor import Visitor

NEW_PASSWORD = "nog-een-lang-wachtwoord"


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Behind a proxy, so that visitors come from addresses that tests choose."""
    with running_site(redis_url, tmp_path_factory.mktemp("site"), proxies=1) as site:
        yield site


@pytest.fixture
def name() -> str:
    """A login name that no other test has used up its attempts for."""
    return f"wie-{uuid.uuid4().hex[:8]}"


def with_totp(site: Site, name: str) -> tuple[str, list[str]]:
    """An editor with a second factor: its next code that works, and the recovery codes."""
    site.account(name, "editor")

    async def turn_on(store: Store) -> tuple[str, list[str]]:
        app = pyotp.TOTP(await store.second_factor.begin(name))
        codes = await store.second_factor.confirm(name, app.now())
        await store.accounts.change(name, has_totp=True)
        return app.at(int(time.time()) + 30), codes

    return site.run(turn_on)


@pytest.mark.parametrize(
    ("role", "start"), [("agent", "/desk"), ("editor", "/editor"), ("admin", "/desk")], ids=["agent", "editor", "admin"]
)
def test_sign_in_leads_to_the_page_that_the_account_works_on(site: Site, name: str, role: str, start: str) -> None:
    site.account(name, role)  # type: ignore[arg-type]
    visitor = Visitor(site.url)
    signed_in = visitor.post("/sign-in", name=name, password=PASSWORD)
    assert (signed_in.status, signed_in.location) == (303, start)
    assert visitor.get(start).status == 200


def test_session_cookie_is_out_of_reach_of_scripts_and_other_sites(site: Site, name: str) -> None:
    site.account(name, "editor")
    cookie = Visitor(site.url).post("/sign-in", name=name, password=PASSWORD).headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie, "over http a browser would refuse it"


@pytest.mark.parametrize("known", [True, False], ids=["wrong password", "unknown account"])
def test_wrong_password_and_unknown_account_read_the_same(site: Site, name: str, known: bool) -> None:
    if known:
        site.account(name, "agent")
    visitor = Visitor(site.url)
    page = visitor.post("/sign-in", name=name, password="dit-is-het-niet")
    assert page.status == 401
    assert "Deze naam en dit wachtwoord horen niet bij elkaar." in page.text
    assert page.value("name") == name, "so that only the password has to be typed again"
    assert visitor.token == "" and PASSWORD not in page.body


@pytest.mark.parametrize(
    "fields", [{}, {"name": "x" * 5000, "password": "y" * 5000}, {"name": "\x00", "password": "é"}]
)
def test_odd_sign_in_forms_are_just_wrong(site: Site, fields: dict[str, str]) -> None:
    assert Visitor(site.url).post_form("/sign-in", fields).status == 401


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ("/editor/utter_groet?saved=2", True),
        ("/desk", True),
        ("", False),
        ("https://evil.example/", False),
        ("//evil.example/", False),
        ("/\\evil.example/", False),
        ("\\\\evil.example", False),
        ("/\t/evil.example", False),
        ("/\n/evil.example", False),
        ("javascript:alert(1)", False),
        ("desk", False),
        ("/a\\b", False),
        ("/sign-in?next=/sign-in", False),
    ],
)
def test_next_page_is_one_of_ours(wanted: str, kept: bool) -> None:
    assert local_path(wanted) == (wanted if kept else "")


def test_sign_in_goes_on_to_the_page_that_was_asked_for(site: Site, name: str) -> None:
    site.account(name, "editor")
    visitor = Visitor(site.url)
    asked = visitor.get("/editor?q=retour")
    assert asked.status == 303 and asked.location.startswith("/sign-in?next=")
    form = visitor.get(asked.location)
    assert form.value("next") == "/editor?q=retour"
    signed_in = visitor.post("/sign-in", name=name, password=PASSWORD, next=form.value("next"))
    assert signed_in.location == "/editor?q=retour"


def test_sign_in_never_leads_to_another_site(site: Site, name: str) -> None:
    site.account(name, "editor")
    visitor = Visitor(site.url)
    assert "evil" not in visitor.get("/sign-in?next=//evil.example").body
    assert visitor.post("/sign-in", name=name, password=PASSWORD, next="/\\evil.example").location == "/editor"
    assert visitor.get("/sign-in?next=//evil.example").location == "/editor", "signed in already"


def test_sign_in_from_another_sites_page_is_refused(site: Site, name: str) -> None:
    site.account(name, "editor")
    visitor = Visitor(site.url)
    page = visitor.post("/sign-in", {"sec-fetch-site": "cross-site"}, name=name, password=PASSWORD)
    assert page.status == 403 and visitor.token == ""


def test_too_many_wrong_passwords_must_wait_even_with_the_right_one(site: Site, name: str) -> None:
    site.account(name, "agent")
    visitor = Visitor(site.url)
    for _ in range(attempts.PER_ACCOUNT.amount):
        assert visitor.post("/sign-in", name=name, password="dit-is-het-niet").status == 401
    page = visitor.post("/sign-in", name=name, password=PASSWORD)
    assert page.status == 429 and visitor.token == ""
    assert "Probeer het over 5 minuten opnieuw." in page.text
    assert 0 < int(page.headers["retry-after"]) <= 300


def test_right_password_forgets_the_wrong_ones(site: Site, name: str) -> None:
    site.account(name, "agent")
    visitor = Visitor(site.url)
    for _ in range(2):
        for _ in range(attempts.PER_ACCOUNT.amount - 1):
            assert visitor.post("/sign-in", name=name, password="dit-is-het-niet").status == 401
        assert visitor.post("/sign-in", name=name, password=PASSWORD).status == 303


def test_strangers_who_guess_from_everywhere_slow_each_other_down_but_not_the_owner(site: Site, name: str) -> None:
    """Each from an address of its own; the owner has a browser that signed in before."""
    site.account(name, "agent")
    owner = Visitor(site.url, headers={"x-forwarded-for": "192.0.2.1"})
    assert owner.post("/sign-in", name=name, password=PASSWORD).status == 303
    owner.post("/sign-out")
    for number in range(FREE_IN_A_ROW):
        stranger = Visitor(site.url, headers={"x-forwarded-for": f"198.51.100.{number}"})
        assert stranger.post("/sign-in", name=name, password="dit-is-het-niet").status == 401
    stranger = Visitor(site.url, headers={"x-forwarded-for": "203.0.113.1"})
    stranger.cookies["bot_device"] = owner.cookies["bot_device"][:-6] + "AAAAA="
    assert stranger.post("/sign-in", name=name, password=PASSWORD).status == 429, (
        "nor with a cookie of their own making"
    )
    colleague = Visitor(site.url, headers={"x-forwarded-for": "203.0.113.2"})
    site.account(f"{name}-collega", "agent")
    assert colleague.post("/sign-in", name=f"{name}-collega", password=PASSWORD).status == 303
    assert colleague.post("/sign-in", name=name, password=PASSWORD).status == 429, "nor with one of another account"
    assert owner.post("/sign-in", name=name, password=PASSWORD).status == 303


def test_a_known_browser_has_no_more_attempts_than_others(site: Site, name: str) -> None:
    site.account(name, "agent")
    known = Visitor(site.url, headers={"x-forwarded-for": "192.0.2.7"})
    known.post("/sign-in", name=name, password=PASSWORD)
    for _ in range(attempts.PER_ACCOUNT.amount):
        assert known.post("/sign-in", name=name, password="dit-is-het-niet").status == 401
    assert known.post("/sign-in", name=name, password=PASSWORD).status == 429


def test_attempts_are_in_the_audit_log_without_what_was_typed(site: Site, name: str) -> None:
    site.account(name, "agent")
    visitor = Visitor(site.url, headers={"x-forwarded-for": "192.0.2.9"})
    visitor.post("/sign-in", name=name, password="dit-is-het-niet")
    visitor.post("/sign-in", name="mijn-geheime-wachtwoord", password="x")
    visitor.post("/sign-in", name=name, password=PASSWORD)
    entries = site.run(lambda store: store.audit.page(limit=3))
    seen = [(entry.account_id, entry.what, entry.about, entry.details, entry.address) for entry in entries]
    assert seen == [
        (name, "sign_in.succeeded", name, "password", "192.0.2.9"),
        ("", "sign_in.failed", "", "unknown name", "192.0.2.9"),
        ("", "sign_in.failed", name, "wrong password", "192.0.2.9"),
    ]


def test_disabled_account_reads_as_a_wrong_password(site: Site, name: str) -> None:
    here = Visitor(site.url, site.session(name, "editor"))
    site.run(lambda store: store.accounts.change(name, is_disabled=True))
    assert here.get("/editor").status == 303, "out at once"
    page = Visitor(site.url).post("/sign-in", name=name, password=PASSWORD)
    assert page.status == 401 and "horen niet bij elkaar" in page.text


def test_the_code_is_asked_after_the_password_and_works_once(site: Site, name: str) -> None:
    code, _ = with_totp(site, name)
    first, second = Visitor(site.url), Visitor(site.url)
    for visitor in (first, second):
        asked = visitor.post("/sign-in", name=name, password=PASSWORD, next="/editor?q=retour")
        assert asked.location == "/sign-in/code?next=%2Feditor%3Fq%3Dretour" and visitor.token == ""
        assert visitor.get("/editor").status == 303, "not signed in yet"
        assert visitor.get(asked.location).value("next") == "/editor?q=retour"
    done = first.post("/sign-in/code", code=f"{code[:3]} {code[3:]}", next="/editor?q=retour")
    assert (done.status, done.location) == (303, "/editor?q=retour")
    assert first.get("/editor").status == 200 and "bot_sign_in" not in first.cookies
    again = second.post("/sign-in/code", code=code)
    assert again.status == 401 and "is al gebruikt" in again.text and second.token == ""


def test_a_recovery_code_works_once_instead_of_the_app(site: Site, name: str) -> None:
    _, codes = with_totp(site, name)
    for status in (303, 401):
        visitor = Visitor(site.url)
        visitor.post("/sign-in", name=name, password=PASSWORD)
        assert visitor.post("/sign-in/code", code=codes[0].lower().replace("-", " ")).status == status


def test_codes_can_be_tried_a_few_times_only(site: Site, name: str) -> None:
    code, _ = with_totp(site, name)
    visitor = Visitor(site.url)
    visitor.post("/sign-in", name=name, password=PASSWORD)
    for _ in range(attempts.CODES.amount):
        assert visitor.post("/sign-in/code", code="000000" if code != "000000" else "111111").status == 401
    page = visitor.post("/sign-in/code", code=code)
    assert page.status == 429 and "te vaak een verkeerde code" in page.text and visitor.token == ""


def test_the_code_is_for_who_has_shown_the_password(site: Site, name: str) -> None:
    code, _ = with_totp(site, name)
    stranger = Visitor(site.url)
    assert stranger.get("/sign-in/code").location == "/sign-in"
    assert stranger.post("/sign-in/code", code=code).location == "/sign-in"
    halfway = Visitor(site.url)
    halfway.post("/sign-in", name=name, password=PASSWORD)
    stranger.cookies["bot_sign_in"] = halfway.cookies["bot_sign_in"].replace(".", "x.", 1)
    assert stranger.post("/sign-in/code", code=code).location == "/sign-in"
    site.run(lambda store: store.accounts.set_password(name, NEW_PASSWORD))
    assert halfway.post("/sign-in/code", code=code).location == "/sign-in", "the password is another one by now"


@pytest.mark.parametrize(("wait_s", "words"), [(1, "over een minuut"), (61, "over 2 minuten"), (300, "over 5 minuten")])
def test_waiting_time_is_in_whole_minutes(wait_s: int, words: str) -> None:
    assert attempts.wait_words(wait_s) == words


def test_sign_out_ends_the_session_in_the_store_too(site: Site, name: str) -> None:
    token = site.session(name, "editor")
    visitor = Visitor(site.url, token)
    assert visitor.get("/editor").status == 200
    signed_out = visitor.post("/sign-out")
    assert (signed_out.status, signed_out.location) == (303, "/sign-in")
    assert visitor.token == ""
    copied = Visitor(site.url, token)
    assert copied.get("/editor").location.startswith("/sign-in"), "a copy of the cookie is worth nothing"


def test_forgotten_password_without_mail_says_whom_to_ask(site: Site) -> None:
    visitor = Visitor(site.url)
    assert "Vraag een beheerder" in visitor.get("/sign-in").text
    assert "Vraag een beheerder" in visitor.get("/sign-in/forgotten").text


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox op Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge op Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19 Safari",
            "Safari op iPhone",
        ),
        ("<script>", "Onbekende browser"),
    ],
)
def test_browsers_are_named_in_words_of_ours(user_agent: str, words: str) -> None:
    assert browser_words(user_agent) == words


@pytest.mark.parametrize("path", ["/sign-in/openid", "/sign-in/openid/callback?state=x&code=y", "/account/openid"])
def test_without_an_openid_connect_provider_there_is_no_button_and_no_way(site: Site, path: str) -> None:
    visitor = Visitor(site.url)
    assert "Inloggen met" not in visitor.get("/sign-in").text
    assert Visitor(site.url, site.session("zonder", "agent")).get(path).status == 404
