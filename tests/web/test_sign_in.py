"""Signing in, out, passwords and accounts, over HTTP against the real server and Redis."""

from __future__ import annotations

import re
import uuid

import pytest

from bot.errors import NotFound, NotSignedIn
from bot.web.sign_in import attempts
from bot.web.sign_in.next_page import local_path
from tests.conftest import PASSWORD, Site
from tests.web.visitor import Visitor

NEW_PASSWORD = "nog-een-lang-wachtwoord"


@pytest.fixture
def name() -> str:
    """A login name that no other test has used up its attempts for."""
    return f"wie-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def admin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("baas", "admin"))


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


def test_attempts_are_counted_per_account_and_address_and_per_address() -> None:
    counter = attempts.Attempts()
    for _ in range(attempts.PER_ACCOUNT.amount):
        counter.count("sanne", "192.0.2.1")
    with pytest.raises(attempts.TooManyAttempts):
        counter.count("sanne", "192.0.2.1")
    counter.count("sanne", "192.0.2.2")
    counter.count("noor", "192.0.2.1")
    with pytest.raises(attempts.TooManyAttempts):
        for number in range(attempts.PER_ADDRESS.amount):
            counter.count(f"geraden-{number}", "192.0.2.1")


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


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(site: Site, name: str) -> None:
    here, elsewhere = (Visitor(site.url, site.session(name, "editor")) for _ in range(2))
    changed = here.post("/account/password", current=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert changed.status == 303
    assert "Je wachtwoord is gewijzigd." in here.get(changed.location).text
    assert elsewhere.get("/editor").status == 303
    assert Visitor(site.url).post("/sign-in", name=name, password=PASSWORD).status == 401
    assert Visitor(site.url).post("/sign-in", name=name, password=NEW_PASSWORD).status == 303


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"current": "dit-is-het-niet"}, "Dit is niet je huidige wachtwoord."),
        ({"new": "kort", "again": "kort"}, "Kies een wachtwoord van minstens 10 tekens."),
        ({"new": "x" * 201, "again": "x" * 201}, "Kies een wachtwoord van hoogstens 200 tekens."),
        ({"again": "iets-heel-anders"}, "Dit is niet hetzelfde als je nieuwe wachtwoord."),
    ],
    ids=["current", "short", "long", "again"],
)
def test_password_stays_when_something_is_wrong(site: Site, name: str, fields: dict[str, str], error: str) -> None:
    visitor = Visitor(site.url, site.session(name, "editor"))
    good = {"current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    page = visitor.post_form("/account/password", {**good, **fields})
    assert page.status == 400 and error in page.text
    assert NEW_PASSWORD not in page.body and PASSWORD not in page.body
    site.run(lambda store: store.accounts.verify(name, PASSWORD))


def test_new_account_can_sign_in_with_the_password_that_is_shown_once(site: Site, admin: Visitor, name: str) -> None:
    created = admin.post("/accounts", id=name, name="Piet  <b>Vis</b>", roles=["agent", "editor", "koning"])
    assert created.status == 201 and "<b>Vis" not in created.body
    assert created.headers["cache-control"] == "no-store"
    password = _shown_password(created.body)
    assert password not in admin.get("/accounts").body
    account = site.run(lambda store: store.accounts.verify(name, password))
    assert account.name == "Piet <b>Vis</b>" and account.roles == ("agent", "editor")
    assert Visitor(site.url).post("/sign-in", name=name.upper(), password=password).location == "/desk"


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"id": "a b"}, 400, "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."),
        ({"id": "../x"}, 400, "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."),
        ({"id": "api"}, 400, "Deze naam gebruikt het programma zelf. Kies een andere."),
        ({"name": " "}, 400, "Vul een naam in van hoogstens 60 tekens."),
        ({"roles": []}, 400, "Kies minstens één rol."),
        ({"id": "baas"}, 409, "Deze inlognaam is al in gebruik."),
    ],
    ids=["id with a space", "id as a path", "reserved", "no name", "no role", "taken"],
)
def test_account_form_says_what_is_wrong(
    admin: Visitor, name: str, fields: dict[str, object], status: int, error: str
) -> None:
    page = admin.post_form("/accounts", {"id": name, "name": "Piet", "roles": ["agent"], **fields})
    assert page.status == status and error in page.text and "one-time-password" not in page.body


def test_removed_account_is_out_at_once(site: Site, admin: Visitor, name: str) -> None:
    gone = Visitor(site.url, site.session(name, "agent"))
    assert gone.get("/desk").status == 200
    removed = admin.post(f"/accounts/{name}/remove")
    assert "Het account is verwijderd." in admin.get(removed.location).text
    assert gone.get("/desk").status == 303
    with pytest.raises(NotFound):
        site.run(lambda store: store.accounts.get(name))


def test_lost_password_is_replaced_and_sessions_end(site: Site, admin: Visitor, name: str) -> None:
    elsewhere = Visitor(site.url, site.session(name, "agent"))
    password = _shown_password(admin.post(f"/accounts/{name}/password").body)
    assert elsewhere.get("/desk").status == 303
    site.run(lambda store: store.accounts.verify(name, password))
    with pytest.raises(NotSignedIn):
        site.run(lambda store: store.accounts.verify(name, PASSWORD))


@pytest.mark.parametrize("action", ["remove", "password"])
def test_admin_cannot_shut_themselves_out(site: Site, admin: Visitor, action: str) -> None:
    assert admin.post(f"/accounts/baas/{action}").status == 403
    site.run(lambda store: store.accounts.verify("baas", PASSWORD))


@pytest.mark.parametrize("action", ["remove", "password"])
def test_account_that_is_not_there_is_not_found(admin: Visitor, action: str) -> None:
    assert admin.post(f"/accounts/niemand/{action}").status == 404


@pytest.mark.parametrize("role", ["editor", "agent"])
def test_accounts_are_for_admins(site: Site, name: str, role: str) -> None:
    visitor = Visitor(site.url, site.session(name, role))  # type: ignore[arg-type]
    site.account("slachtoffer", "agent")
    assert visitor.get("/accounts").status == 403
    assert visitor.post("/accounts", id="nieuw", name="Nieuw", roles="admin").status == 403
    assert visitor.post("/accounts/slachtoffer/password").status == 403
    assert visitor.post("/accounts/slachtoffer/remove").status == 403
    site.run(lambda store: store.accounts.verify("slachtoffer", PASSWORD))


@pytest.mark.parametrize("path", ["/accounts", "/account/password", "/accounts/baas/remove", "/accounts/baas/password"])
def test_nothing_changes_without_a_session(site: Site, path: str) -> None:
    assert Visitor(site.url).post(path, id="nieuw", name="Nieuw", roles="admin").status == 401


def _shown_password(body: str) -> str:
    match = re.search(r'class="one-time-password">([^<]+)<', body)
    assert match, body
    return match[1]
