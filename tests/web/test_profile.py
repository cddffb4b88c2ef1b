"""My own account: profile, password, sessions, second factor; over HTTP against the real server and Redis."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pyotp
import pytest

from tests.conftest import PASSWORD, Site, running_site
from tests.web.visitor import Visitor

NEW_PASSWORD = "nog-een-lang-wachtwoord"


@pytest.fixture
def name() -> str:
    return f"wie-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def me(site: Site, name: str) -> Visitor:
    return Visitor(site.url, site.session(name, "agent"))


def setup(me: Visitor) -> pyotp.TOTP:
    """The app, after it read the key of the page."""
    key = re.search(r'class="one-time-password">([A-Z2-7 ]+)<', me.get("/account/totp").body)
    assert key
    return pyotp.TOTP(key[1].replace(" ", ""))


def test_changing_the_password_ends_the_other_sessions_and_keeps_this_one(site: Site, me: Visitor, name: str) -> None:
    elsewhere = Visitor(site.url, site.session(name, "agent"))
    changed = me.post("/account/password", current=PASSWORD, new=NEW_PASSWORD, again=NEW_PASSWORD)
    assert changed.status == 303
    assert "Je wachtwoord is gewijzigd." in me.get(changed.location).text
    assert elsewhere.get("/desk").status == 303
    assert Visitor(site.url).post("/sign-in", name=name, password=PASSWORD).status == 401
    assert Visitor(site.url).post("/sign-in", name=name, password=NEW_PASSWORD).status == 303


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"current": "dit-is-het-niet"}, "Dit is niet je huidige wachtwoord."),
        ({"new": "kort", "again": "kort"}, "Kies een wachtwoord van minstens 12 tekens."),
        ({"new": "x" * 201, "again": "x" * 201}, "Kies een wachtwoord van hoogstens 200 tekens."),
        ({"again": "iets-heel-anders"}, "Dit is niet hetzelfde als je nieuwe wachtwoord."),
    ],
    ids=["current", "short", "long", "again"],
)
def test_password_stays_when_something_is_wrong(
    site: Site, me: Visitor, name: str, fields: dict[str, str], error: str
) -> None:
    good = {"current": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD}
    page = me.post_form("/account/password", {**good, **fields})
    assert page.status == 400 and error in page.text
    assert NEW_PASSWORD not in page.body and PASSWORD not in page.body
    site.run(lambda store: store.accounts.verify(name, PASSWORD))


def test_new_name_and_address_are_saved(site: Site, me: Visitor, name: str) -> None:
    saved = me.post("/account", name="Sanne de Vries", email="sanne@voorbeeld.nl", current=PASSWORD)
    page = me.get(saved.location)
    assert "Je gegevens zijn opgeslagen." in page.text and page.value("email") == "sanne@voorbeeld.nl"
    account = site.run(lambda store: store.accounts.get(name))
    assert (account.name, account.email) == ("Sanne de Vries", "sanne@voorbeeld.nl")


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": ""}, "Vul een naam in"),
        ({"email": "geen adres"}, "Vul een e-mailadres in"),
        ({"current": ""}, "Dit is niet je huidige wachtwoord."),
    ],
)
def test_profile_says_what_is_wrong_and_keeps_what_was_typed(
    site: Site, me: Visitor, name: str, fields: dict[str, str], error: str
) -> None:
    typed = {"name": "Sanne", "email": "sanne@voorbeeld.nl", "current": PASSWORD, **fields}
    page = me.post_form("/account", typed)
    assert page.status == 400 and error in page.text
    assert (page.value("name"), page.value("email"), page.value("current")) == (typed["name"], typed["email"], "")
    assert site.run(lambda store: store.accounts.get(name)).email == ""


def test_sessions_are_listed_and_ended_one_by_one_and_all(site: Site, name: str) -> None:
    site.account(name, "editor")
    here, there, third = (
        Visitor(site.url, headers={"user-agent": f"Mozilla/5.0 ({system}) Firefox/140"})
        for system in ("Windows NT 10.0", "Android 16", "X11; Linux")
    )
    for visitor in (here, there, third):
        visitor.post("/sign-in", name=name, password=PASSWORD)
    page = here.get("/account")
    assert "Firefox op Windows Deze browser" in page.text
    assert "Firefox op Android" in page.text and "127.0.0.1" in page.text
    android = page.body[page.body.index("Firefox op Android") :]
    path = re.search(r'action="(/account/sessions/\w+/end)"', android)
    assert path
    assert "Dat apparaat is uitgelogd." in here.get(here.post(path[1]).location.partition("#")[0]).text
    assert (there.get("/editor").status, third.get("/editor").status) == (303, 200)
    assert here.post(path[1]).status == 404
    out = here.post("/account/sessions/end")
    assert "Je bent overal uitgelogd." in here.get(out.location).text
    assert third.get("/editor").status == 303 and here.token == ""


def test_nobody_ends_a_colleagues_session(site: Site, me: Visitor, name: str) -> None:
    colleague = Visitor(site.url, site.session("collega", "agent"))
    (session,) = site.run(lambda store: store.sessions.all("collega"))
    assert me.post(f"/account/sessions/{session.id}/end").status == 404
    assert colleague.get("/desk").status == 200


def test_second_factor_is_turned_on_with_a_code_and_the_password(site: Site, me: Visitor, name: str) -> None:
    app = setup(me)
    page = me.get("/account/totp")
    assert 'src="data:image/svg+xml' in page.body, "the picture comes from no other host"
    assert setup(me).secret == app.secret, "reloading the page asks for no new scan"
    for fields, error in (
        ({"code": "000000", "current": PASSWORD}, "Deze code klopt niet."),
        ({"code": app.now(), "current": "dit-is-het-niet"}, "Dit is niet je huidige wachtwoord."),
    ):
        page = me.post_form("/account/totp", fields)
        assert page.status == 400 and error in page.text
    page = me.post("/account/totp", code=app.now(), current=PASSWORD)
    codes = re.findall(r"<code>([A-Z2-9]{5}-[A-Z2-9]{5})</code>", page.body)
    assert page.status == 200 and len(set(codes)) == 10
    assert "Je hebt nog 10 herstelcodes" in me.get("/account").text
    new = me.post("/account/totp/codes", current=PASSWORD)
    assert not set(codes) & set(re.findall(r"<code>([A-Z2-9-]+)</code>", new.body))
    visitor = Visitor(site.url)
    visitor.post("/sign-in", name=name, password=PASSWORD)
    assert visitor.post("/sign-in/code", code=codes[0]).status == 401, "an old one"
    off = me.post("/account/totp/off", current="dit-is-het-niet")
    assert off.status == 400 and site.run(lambda store: store.accounts.get(name)).has_totp
    me.post("/account/totp/off", current=PASSWORD)
    assert Visitor(site.url).post("/sign-in", name=name, password=PASSWORD).location == "/desk"


@pytest.fixture(scope="module")
def strict(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Where admins must have a second factor."""
    with running_site(redis_url, tmp_path_factory.mktemp("strict"), require_totp="admins") as site:
        yield site


def test_who_must_have_a_second_factor_sets_it_up_before_anything_else(strict: Site, name: str) -> None:
    admin = Visitor(strict.url, strict.session(name, "admin"))
    led = admin.get("/editor?q=retour")
    assert led.location == "/account/totp?next=%2Feditor%3Fq%3Dretour"
    assert admin.post("/accounts", id="nieuw", name="Nieuw", roles="agent").status == 403
    api = Visitor(strict.url, admin.token, headers={"accept": "application/json"})
    assert api.get("/api/v1/queue").status == 403
    form = admin.get(led.location)
    assert "Stel dat nu in, dan kun je verder." in form.text
    app = setup(admin)
    done = admin.post("/account/totp", code=app.now(), current=PASSWORD, next=form.value("next"))
    assert 'href="/editor?q=retour"' in done.body
    assert admin.get("/editor").status == 200
    assert admin.post("/account/totp/off", current=PASSWORD).status == 403
    agent = Visitor(strict.url, strict.session(f"{name}-agent", "agent"))
    assert agent.get("/desk").status == 200
