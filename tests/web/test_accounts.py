"""Accounts for admins, invitations and lost passwords, over HTTP with a real mail server."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest

from bot.errors import NotFound, NotSignedIn
from bot.model import Role
from bot.store import Store
from tests.conftest import PASSWORD, Site, running_site, until
from tests.fakes.conversations import handed_over
from tests.fakes.mail_server import MailServer, mail_server
from tests.web.visitor import Page, Visitor

NEW_PASSWORD = "nog-een-lang-wachtwoord"
# What the admin does for a form with nothing wrong in it.
FORM = {"name": "Piet", "roles": ["agent"], "email": ""}


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with mail_server() as mail:
        yield mail


@pytest.fixture(scope="module")
def site(redis_url: str, mail: MailServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("site")
    with running_site(redis_url, var, smtp_url=mail.url, mail_from="desk@winkel.example") as site:
        yield site


@pytest.fixture
def name() -> str:
    return f"wie-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def admin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("baas", "admin"))


def link_in(text: str) -> str:
    """The path of the one-time link."""
    match = re.search(r"http://127\.0\.0\.1:\d+(/sign-in/link/[\w-]+)", text)
    assert match, text
    return match[1]


def mailed_to(mail: MailServer, address: str) -> str:
    """The text of the newest mail to `address`, as soon as there is one."""

    def newest() -> str:
        mails = zip(reversed(mail.mails), reversed(mail.recipients), strict=True)
        return next((str(one.get_content()) for one, to in mails if to == [address]), "")

    return until(newest)


async def held_by_program(store: Store, name: str) -> str:
    """A conversation that a program has with a token of that account."""
    token, _ = await store.tokens.create("script", "agent", created_by=name, account_id=name)
    conversation_id = await handed_over(store)
    await store.queue.claim(await store.conversations.get(conversation_id), token.account)
    return conversation_id


def choose(visitor: Visitor, path: str, password: str = NEW_PASSWORD, **fields: str) -> Page:
    return visitor.post_form(path, {"name": "Piet Vis", "new": password, "again": password, **fields})


def test_invited_colleague_chooses_name_and_password_with_a_link_that_works_once(
    site: Site, admin: Visitor, name: str
) -> None:
    invited = admin.post("/accounts", **{**FORM, "id": name, "name": "Piet <b>", "roles": ["agent", "koning"]})
    assert invited.status == 201 and "<b>:" not in invited.body and invited.headers["cache-control"] == "no-store"
    path = link_in(invited.text)
    assert path not in admin.get("/accounts").body and "Uitgenodigd" in admin.get("/accounts").text
    piet = Visitor(site.url)
    assert piet.post("/sign-in", name=name, password="").status == 401, "no password, no way in"
    assert "Welkom bij Winkel van Sinkel" in piet.get(path).text
    sign_in = piet.get(choose(piet, path).location)
    assert "Je wachtwoord is ingesteld." in sign_in.text
    assert sign_in.value("name") == name
    assert piet.post("/sign-in", name=name, password=NEW_PASSWORD).location == "/desk"
    account = site.run(lambda store: store.accounts.get(name))
    assert (account.name, account.roles) == ("Piet Vis", ("agent",))
    for page in (piet.get(path), choose(piet, path, PASSWORD)):
        assert page.status == 404 and "Deze link werkt niet meer" in page.text
    entries = site.run(lambda store: store.audit.page(limit=5))
    told = [(entry.account_id, entry.what, entry.about) for entry in entries if entry.about == name]
    assert (name, "account.joined", name) in told and ("baas", "account.invited", name) in told


def test_invitation_goes_by_mail_and_is_not_shown(admin: Visitor, mail: MailServer, name: str) -> None:
    page = admin.post("/accounts", **{**FORM, "id": name, "email": f"{name}@voorbeeld.nl"})
    assert "/sign-in/link/" not in page.body and f"gestuurd naar {name}@voorbeeld.nl" in page.text
    text = mailed_to(mail, f"{name}@voorbeeld.nl")
    assert "Hallo Piet" in text and f"inlognaam is: {name}" in text and link_in(text)


def test_invitation_that_the_mail_server_refuses_is_shown_to_pass_on(admin: Visitor, name: str) -> None:
    page = admin.post("/accounts", **{**FORM, "id": name, "email": f"{name}@vol.example"})
    assert "Geef deze link zelf door" in page.text and link_in(page.text)


def test_invitation_can_be_renewed_and_revoked(site: Site, admin: Visitor, name: str) -> None:
    first = link_in(admin.post("/accounts", **FORM, id=name).text)
    second = link_in(admin.post(f"/accounts/{name}/link").text)
    nobody = Visitor(site.url)
    assert (nobody.get(first).status, nobody.get(second).status) == (404, 200)
    revoked = admin.post(f"/accounts/{name}/revoke")
    assert "De link werkt niet meer." in admin.get(revoked.location).text
    assert choose(nobody, second).status == 404


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("kort", "minstens 12 tekens"),
        ("winkelvansinkel-2026", "de naam van het bedrijf"),
        ("Piet-Vis-1234567", "de naam van het bedrijf of van jezelf"),
        ("welkom123welkom123", "wat anderen ook kiezen"),
        ("qwertyuiop[]asdf", "wat anderen ook kiezen"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "wat anderen ook kiezen"),
    ],
)
def test_weak_password_is_refused_and_the_link_stays_good(
    site: Site, admin: Visitor, name: str, password: str, error: str
) -> None:
    path = link_in(admin.post("/accounts", **FORM, id=name).text)
    page = choose(Visitor(site.url), path, password)
    assert page.status == 400 and error in page.text and page.value("name") == "Piet Vis"
    assert password not in page.body and page.value("new") == ""
    assert choose(Visitor(site.url), path, "zee fiets kaars grijs").status == 303


def test_passwords_are_the_same_however_a_keyboard_makes_an_accent(site: Site, admin: Visitor, name: str) -> None:
    path = link_in(admin.post("/accounts", **FORM, id=name).text)
    assert choose(Visitor(site.url), path, "caf\u00e9 zonder naam 🐟").status == 303
    assert Visitor(site.url).post("/sign-in", name=name, password="cafe\u0301 zonder naam 🐟").status == 303


@pytest.mark.parametrize("by", ["id", "email"])
def test_forgotten_password_is_replaced_by_mail(site: Site, mail: MailServer, name: str, by: str) -> None:
    address = f"{name}@voorbeeld.nl"
    elsewhere = Visitor(site.url, site.session(name, "agent"))
    site.run(lambda store: store.accounts.change(name, email=address))
    visitor = Visitor(site.url)
    assert "Wachtwoord vergeten?" in visitor.get("/sign-in").text
    asked = visitor.post("/sign-in/forgotten", name=name if by == "id" else address.upper())
    assert "Als dit account bestaat" in visitor.get(asked.location).text
    path = link_in(mailed_to(mail, address))
    assert elsewhere.get("/desk").status == 200, "asking changes nothing"
    assert choose(visitor, path).status == 303
    assert elsewhere.get("/desk").status == 303
    account = site.run(lambda store: store.accounts.verify(name, NEW_PASSWORD))
    assert account.name == name.title(), "the name is for the profile"


def test_a_mailed_link_leads_to_our_own_site_whatever_the_request_names(
    site: Site, mail: MailServer, name: str
) -> None:
    address = f"{name}@voorbeeld.nl"
    site.account(name, "agent")
    site.run(lambda store: store.accounts.change(name, email=address))
    forged = Visitor(site.url, headers={"host": "evil.example", "x-forwarded-host": "evil.example"})
    assert forged.post("/sign-in/forgotten", name=name).status == 303
    text = mailed_to(mail, address)
    assert "evil.example" not in text and site.url + link_in(text) in text


def test_forgotten_password_answers_the_same_for_nobody(site: Site, mail: MailServer, name: str) -> None:
    visitor = Visitor(site.url)
    for who in (name, "", "x" * 5000, "*"):
        assert visitor.post("/sign-in/forgotten", name=who).location == "/sign-in/forgotten?asked=1"
    assert not any(name in str(to) for to in mail.recipients)


def test_a_link_can_be_asked_for_a_few_times_only(site: Site, mail: MailServer, name: str) -> None:
    address = f"{name}@voorbeeld.nl"
    site.account(name, "agent")
    site.run(lambda store: store.accounts.change(name, email=address))
    for _ in range(5):
        assert Visitor(site.url).post("/sign-in/forgotten", name=name).status == 303
    mailed_to(mail, address)
    entries = site.run(lambda store: store.audit.page(limit=20))
    assert any(one.what == "account.link_asked" and one.details == "too many attempts" for one in entries)
    assert sum(to == [address] for to in mail.recipients) <= 3


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({"id": "a b"}, 400, "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."),
        ({"id": "../x"}, 400, "Gebruik 2 tot 40 kleine letters, cijfers, punten of streepjes."),
        ({"id": "api"}, 400, "Deze naam gebruikt het programma zelf. Kies een andere."),
        ({"name": " "}, 400, "Vul een naam in van hoogstens 60 tekens."),
        ({"roles": []}, 400, "Kies minstens één rol."),
        ({"email": "sanne@"}, 400, "Vul een e-mailadres in"),
        ({"id": "baas"}, 409, "Deze inlognaam is al in gebruik."),
    ],
    ids=["id with a space", "id as a path", "reserved", "no name", "no role", "no address", "taken"],
)
def test_account_form_says_what_is_wrong(
    admin: Visitor, name: str, fields: dict[str, object], status: int, error: str
) -> None:
    page = admin.post_form("/accounts", {**FORM, "id": name, **fields})
    assert page.status == status and error in page.text and "/sign-in/link/" not in page.body


def test_roles_change_at_the_next_request(site: Site, admin: Visitor, name: str) -> None:
    visitor = Visitor(site.url, site.session(name, "agent"))
    assert (visitor.get("/desk").status, visitor.get("/editor").status) == (200, 403)
    saved = admin.post_form(f"/accounts/{name}", {**FORM, "roles": ["editor"], "capacity": "3"})
    assert "De gegevens zijn opgeslagen." in admin.get(saved.location).text
    assert (visitor.get("/desk").status, visitor.get("/editor").status) == (403, 200)
    account = site.run(lambda store: store.accounts.get(name))
    assert (account.name, account.capacity) == ("Piet", 3)
    entry = site.run(lambda store: store.audit.page(limit=1))[0]
    assert (entry.what, entry.details) == ("account.changed", "name, roles, capacity; now editor")


@pytest.mark.parametrize("capacity", ["veel", "-1", "101", "9" * 30, "³"])
def test_capacity_is_a_number(site: Site, admin: Visitor, name: str, capacity: str) -> None:
    site.account(name, "agent")
    page = admin.post_form(f"/accounts/{name}", {**FORM, "capacity": capacity})
    assert page.status == 400 and "Vul een getal in van 0 tot 100." in page.text


@pytest.mark.parametrize("deed", ["disable", "remove"])
def test_who_goes_is_out_at_once_and_leaves_conversations_in_the_queue(
    site: Site, admin: Visitor, name: str, deed: str
) -> None:
    site.account(name, "agent")
    path = link_in(admin.post(f"/accounts/{name}/link").text)
    gone = Visitor(site.url, site.run(lambda store: store.sessions.start(name)))
    assert gone.get("/desk").status == 200

    conversation_id = site.run(handed_over)
    assert gone.post(f"/desk/{conversation_id}/claim", seen_owner="queue").status == 303
    of_program = site.run(lambda store: held_by_program(store, name))
    admin.post(f"/accounts/{name}/{deed}")
    assert gone.get("/desk").status == 303
    for one in (conversation_id, of_program):
        assert site.run(lambda store, one=one: store.conversations.get(one)).owner == "queue"
    assert choose(Visitor(site.url), path).status == 404
    if deed == "remove":
        with pytest.raises(NotFound):
            site.run(lambda store: store.accounts.get(name))
    else:
        admin.post(f"/accounts/{name}/enable")
        assert not site.run(lambda store: store.accounts.get(name)).is_disabled


def test_link_for_a_new_password_ends_the_old_one(site: Site, admin: Visitor, name: str) -> None:
    elsewhere = Visitor(site.url, site.session(name, "agent"))
    path = link_in(admin.post(f"/accounts/{name}/link").text)
    assert elsewhere.get("/desk").status == 303
    with pytest.raises(NotSignedIn):
        site.run(lambda store: store.accounts.verify(name, PASSWORD))
    assert choose(Visitor(site.url), path).status == 303
    site.run(lambda store: store.accounts.verify(name, NEW_PASSWORD))


def test_admin_ends_sessions_and_second_factor_of_somebody_else(site: Site, admin: Visitor, name: str) -> None:
    lost = Visitor(site.url, site.session(name, "agent"))
    assert "Overal uitloggen" in admin.get(f"/accounts/{name}").text
    admin.post(f"/accounts/{name}/sign-out")
    assert lost.get("/desk").status == 303
    site.run(lambda store: store.accounts.change(name, has_totp=True))
    admin.post(f"/accounts/{name}/totp-reset")
    assert not site.run(lambda store: store.accounts.get(name)).has_totp


@pytest.mark.parametrize("action", ["remove", "disable", "link", "totp-reset"])
def test_admin_cannot_shut_themselves_out(site: Site, admin: Visitor, action: str) -> None:
    assert admin.post(f"/accounts/baas/{action}").status == 403
    site.run(lambda store: store.accounts.verify("baas", PASSWORD))


def test_last_admin_stays_admin(site: Site, admin: Visitor) -> None:
    page = admin.post_form("/accounts/baas", {"name": "Baas", "roles": ["agent"]})
    assert page.status == 409 and "Dit is de laatste beheerder." in page.text
    assert "admin" in site.run(lambda store: store.accounts.get("baas")).roles


@pytest.mark.parametrize("action", ["", "/remove", "/disable", "/enable", "/link", "/sign-out", "/totp-reset"])
def test_account_that_is_not_there_is_not_found(admin: Visitor, action: str) -> None:
    assert admin.post_form(f"/accounts/niemand{action}", FORM).status == 404


ROLES: list[Role] = ["editor", "agent", "manager"]


@pytest.mark.parametrize("role", ROLES)
def test_accounts_are_for_admins(site: Site, name: str, role: Role) -> None:
    visitor = Visitor(site.url, site.session(name, role))
    assert visitor.post_form(f"/accounts/{name}", {**FORM, "roles": ["admin"]}).status == 403
    assert site.run(lambda store: store.accounts.get(name)).roles == (role,)


def test_nothing_is_passed_on_to_who_is_disabled(site: Site, admin: Visitor, name: str) -> None:
    sanne = Visitor(site.url, site.session("sanne", "agent"))
    site.account(name, "agent")
    conversation_id = site.run(handed_over)
    sanne.post(f"/desk/{conversation_id}/claim", seen_owner="queue")
    assert f'value="agent:{name}"' in sanne.get(f"/desk/{conversation_id}").body
    admin.post(f"/accounts/{name}/disable")
    assert f'value="agent:{name}"' not in sanne.get(f"/desk/{conversation_id}").body
    assert sanne.post(f"/desk/{conversation_id}/transfer", to=f"agent:{name}", note="Hoi").status == 400
    assert site.run(lambda store: store.conversations.get(conversation_id)).owner == "agent:sanne"
