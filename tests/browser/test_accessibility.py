"""axe-core finds nothing on any page in any state: light on a desk, and dark on a phone.

A new page fails `test_every_page_is_looked_at` until it has a row in STATES.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from bot.store import Store
from bot.store.topics import Example
from bot.web.access import SESSION_COOKIE
from bot.web.desk.listing import VIEWS
from bot.web.desk.words import page_url
from tests.conftest import PASSWORD, Site, free_port, running_site
from tests.fakes.conversations import handed_over, write
from tests.fakes.imports import some_imports
from tests.fakes.missed import something_missed
from tests.fakes.office import Office
from tests.fakes.openid import CLIENT_ID, CLIENT_SECRET, OpenIdProvider
from tests.fakes.platform import SETTINGS
from tests.fakes.topics import seed_topics
from tests.test_docs import all_routes

pytestmark = pytest.mark.browser

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
AXE = """async ([part, rules]) => {
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await axe.run(part || document, options);
  const found = (id, { target, html }) => `${id}: ${target} ${html.slice(0, 200)}`;
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => found(id, node)));
}"""
# What colours and width change; the rest is the same page.
DARK_AND_NARROW = ["color-contrast", "target-size", "scrollable-region-focusable"]
EMPTY_AND_SUBMIT = """form => {
  for (const one of form.querySelectorAll("input:not([type=hidden]), textarea")) one.value = "";
  HTMLFormElement.prototype.submit.call(form);
}"""
CLOSE_WITH_ANOTHER = """row => {
  const form = Object.assign(document.createElement("form"), { method: "post", action: "/desk/bulk" });
  const fields = [["ids", row.id.replace("row-", "")], ["ids", "widget-niet-er"], ["deed", "close:solved"]];
  for (const [name, value] of fields)
    form.append(Object.assign(document.createElement("input"), { name, value }));
  document.body.append(form);
  form.submit();
}"""
SUBMIT_FROM_BEFORE = """form => {
  form.elements.expected_version.value = 1;
  if (form.elements.text) form.elements.text.value = "Elke dag open.";
  if (form.elements.added) form.elements.added.value = "is dat gratis";
  form.submit();
}"""
# GET routes that are no page: parts of one, and files of which there is none here.
FRAGMENTS = {
    "/learning/conversation",
    "/desk/list",
    "/desk/{conversation_id}/transcript",
    "/desk/{conversation_id}/customer",
}
FILES = {"/static/{path}", "/modules/{version}/{name}", "/desk/{conversation_id}/media/{message_id}/{place}"}
Prepare = Callable[[Page], None]


@dataclass(frozen=True)
class State:
    """A page as somebody finds it. path: {parts} are those of the office. prepare: what is done first on it.

    part: what is looked at, where another state has the same around it; empty for all of it.
    """

    route: str
    title: str = ""
    path: str = ""
    who: str = "sanne"
    prepare: Prepare | None = None
    part: str = ""
    status: int = 200  # of the page before that

    @property
    def id(self) -> str:
        return f"{self.route} {self.title}".strip()


# What is done on a page first


def unfold(page: Page) -> None:
    """Everything that can be folded out in the page, at once."""
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")


def menu(selector: str) -> Prepare:
    """One menu open: they lie over each other."""

    def click(page: Page) -> None:
        page.locator(f"{selector} > summary").click()
        expect(page.locator(selector)).to_have_attribute("open", "")

    return click


def keys(*pressed: str, shows: str) -> Prepare:
    """Pressed on the page, until something shows."""

    def press(page: Page) -> None:
        page.locator("#main").focus()
        for key in pressed:
            page.keyboard.press(key) if len(key) == 1 or "+" in key else page.keyboard.type(key)
        expect(page.locator(shows)).to_be_visible()

    return press


def send_empty(form: str = "main form.panel", shows: str = "main [role=alert]") -> Prepare:
    """The server says what is wrong: submit() asks the browser nothing."""

    def send(page: Page) -> None:
        with page.expect_navigation():
            page.locator(form).first.evaluate(EMPTY_AND_SUBMIT)
        expect(page.locator(shows).first).to_be_visible()

    return send


def sign_in(name: str, password: str, shows: str) -> Prepare:
    def fill(page: Page) -> None:
        page.locator("#name").fill(name)
        page.locator("#password").fill(password)
        page.keyboard.press("Enter")
        expect(page.get_by_text(shows).first).to_be_visible()

    return fill


def choose_all(page: Page) -> None:
    page.locator(".conversation-row input").first.check()
    expect(page.locator("#bulk-count")).not_to_be_empty()


def close_two(page: Page) -> None:
    """Without script: one that is closed already, and one that is gone."""
    with page.expect_navigation():
        page.locator("#rows > li").first.evaluate(CLOSE_WITH_ANOTHER)
    expect(page.locator("#refused > li")).to_have_count(2)


def make_codes(page: Page) -> None:
    page.locator("#current").fill(PASSWORD)
    page.get_by_role("button", name="Nieuwe herstelcodes maken").click()
    expect(page.locator("main li code").first).to_be_visible()


def open_chat(page: Page) -> None:
    page.get_by_role("button", name="Stel je vraag").click()
    page.get_by_label("Je bericht").fill("Wat kost terugsturen?")
    page.keyboard.press("Enter")
    expect(page.locator("chat-widget .message").first).to_be_visible()


def unfold_customer(page: Page) -> None:
    """Also on a phone, where the card is folded."""
    page.evaluate("for (const one of document.querySelectorAll('#customer-card details')) one.open = true")


def save_what_a_colleague_changed(form: str) -> Prepare:
    """From the version before."""

    def save(page: Page) -> None:
        with page.expect_navigation():
            page.locator(form).evaluate(SUBMIT_FROM_BEFORE)
        expect(page.locator("[role=alert]", has_text="Nog niet opgeslagen")).to_be_focused()

    return save


def switch_crisis_on(banner: str, shows: str) -> Prepare:
    def switch(page: Page) -> None:
        page.locator("#banner").fill(banner)
        page.get_by_role("button", name="Crisisstand aanzetten").click()
        expect(page.locator("main", has_text=shows)).to_be_visible()

    return switch


def plan_answer(page: Page) -> None:
    page.get_by_label("Vanaf").fill(f"{date.today() + timedelta(days=30)}T12:00")
    page.get_by_role("button", name="Inplannen").click()
    expect(page.get_by_text("Ingepland. Op die tijd")).to_be_visible()


def make_token(page: Page) -> None:
    page.locator("#name").fill("Rapport")
    page.keyboard.press("Enter")
    expect(page.locator(".one-time-password")).to_be_visible()


def invite(page: Page) -> None:
    page.locator("#id").fill("joris")
    page.locator("main form.panel #name").fill("Joris")
    page.get_by_role("checkbox", name="Medewerker").first.check()
    page.get_by_role("button", name="Uitnodigen").click()
    expect(page.locator(".one-time-password, main [role=status]").first).to_be_visible()


def ask_for_review(page: Page) -> None:
    """With a picture and other wordings, as many things as there can be in the preview."""
    page.get_by_label("Antwoord", exact=True).fill("Elke dag open, {prijs}.")
    page.locator(".variants summary").click()
    page.get_by_label("Andere tekst 1", exact=True).fill("Altijd open.")
    expect(page.locator("#preview-other .preview-turn").first).to_be_visible()
    page.get_by_label("Antwoord", exact=True).fill("Elke dag open.")
    page.get_by_role("button", name="Ter beoordeling").click()
    expect(page.locator(".draft-panel")).to_be_visible()
    unfold(page)


def remove_answer(page: Page) -> None:
    page.get_by_role("link", name="Antwoord verwijderen").click()
    page.get_by_role("button", name="Ja, verwijder het antwoord").click()
    expect(page.get_by_role("button", name="Terughalen")).to_be_visible()


def name_a_variable_wrongly(page: Page) -> None:
    page.locator("#field-1-name").fill("Fout!")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator("main [role=alert]")).to_be_visible()


def write_otherwise(page: Page) -> None:
    page.get_by_label("Antwoord", exact=True).fill("U kunt het notificatiemechanisme indien gewenst uitzetten!!!")
    expect(page.get_by_role("button", name="Vervang U door Je")).to_be_visible()


def set_no_sentence(page: Page) -> None:
    page.get_by_label("Woorden in de langste zin").fill("0")
    page.get_by_role("button", name="Opslaan").click()
    expect(page.locator("main [role=alert]")).to_be_visible()


DESK, CONVERSATION, MINE = "/desk", "/desk/{conversation_id}", "/desk/{mine}"
STATES = (
    # For everybody
    State("/demo", "with the chat closed", who=""),
    State("/demo", "with the chat open", who="", prepare=open_chat),
    State("/sign-in", who=""),
    State("/sign-in", "with a wrong password", who="", prepare=sign_in("daan", "verkeerd", "horen niet bij elkaar")),
    State("/sign-in/code", who="", path="/sign-in", prepare=sign_in("wim", PASSWORD, "Code invullen")),
    State("/sign-in/forgotten", who=""),
    State("/sign-in/forgotten", "after asking", "/sign-in/forgotten?asked=1", who=""),
    State("/sign-in/link/{token}", "of an invitation", "/sign-in/link/{invitation}", who=""),
    State(
        "/sign-in/link/{token}", "of a reset, filled in wrongly", "/sign-in/link/{reset}", who="", prepare=send_empty()
    ),
    State("/sign-in/link/{token}", "that is over", "/sign-in/link/voorbij", who="", status=404),
    State("/sign-in/openid", "while the provider is away", who="", status=502),
    State(
        "/sign-in/openid/callback",
        "that nobody asked for",
        "/sign-in/openid/callback?state=x&code=y",
        who="",
        status=401,
    ),
    State("/niet-er", "that is not there", who="", status=404),
    State("/accounts", "for who may not", who="daan", status=403),
    State("/desk/{conversation_id}", "that went wrong on our side", "/desk/{broken}", status=500),
    # The lists of the desk
    State(DESK),
    State(DESK, "without conversations", "/desk?view=mine", who="lotte"),
    *(State(DESK, view, f"/desk?view={view}", part="#desk-list") for view in VIEWS if view != "waiting"),
    State(DESK, "of a department", "/desk?department=hr", part="#desk-list"),
    State(DESK, "with nobody for me", "/desk?said=nobody", part="#desk-list"),
    State(DESK, "with chosen conversations", prepare=choose_all, part="#desk-list"),
    State(DESK, "with its menu open", prepare=menu("#list-menu"), part="#list-menu"),
    State(DESK, "with the account's menu open", prepare=menu(".account-menu"), part=".account-menu"),
    State(DESK, "with the shortcuts", prepare=keys("?", shows="#shortcuts-help"), part="#shortcuts-help"),
    State(DESK, "with a deed that was not done, without script", "/desk?view=closed", prepare=close_two),
    State("/desk/templates", "of a conversation", "/desk/templates?conversation={mine}"),
    State("/desk/search"),
    State("/desk/search", "with results", "/desk/search?q=pakket"),
    State("/desk/search", "without results", "/desk/search?q=xylofoon"),
    # A conversation
    *(
        State(CONVERSATION, f"that is {mode}", f"/desk/{{{mode}}}", part="#conversation")
        for mode in ("waiting", "alarm", "late", "colleague", "assistant", "closed", "snoozed")
    ),
    State(CONVERSATION, "that is mine", MINE),
    State(CONVERSATION, "of Messenger", "/desk/{messenger}", part="#conversation"),
    State(CONVERSATION, "that can't be answered", "/desk/{blocked}", part="#conversation"),
    State(CONVERSATION, "that is not there", "/desk/widget-niet-er", status=404),
    State(CONVERSATION, "with the customer unfolded", MINE, prepare=unfold_customer, part="#customer-card"),
    State(CONVERSATION, "with customers found", MINE + "?find=lift", prepare=unfold_customer, part="#customer-card"),
    State(
        CONVERSATION,
        "with the answers",
        MINE,
        prepare=keys("a", "/", shows="#picker [role=option] >> nth=0"),
        part="#composing",
    ),
    State(
        CONVERSATION,
        "with a note",
        MINE,
        prepare=keys("m", "@", shows="#picker [role=option] >> nth=0"),
        part="#composing",
    ),
    *(
        State(CONVERSATION, f"with {name} open", MINE, prepare=menu(f"#{name}"), part=f"#{name}")
        for name in ("transfer-menu", "later-menu", "close-menu", "more-menu", "label-add")
    ),
    State("/desk/{conversation_id}/reminder", path="/desk/{mine}/reminder"),
    State("/desk/{conversation_id}/mail", path="/desk/{mine}/mail"),
    State("/notifications", prepare=unfold),
    State("/notifications", "without any", who="lotte"),
    # The team
    State("/team", prepare=unfold),
    State("/team/new", prepare=unfold),
    State("/team/new", "filled in wrongly", prepare=send_empty(".department-form")),
    State("/team/departments/{department_id}", prepare=unfold),
    State(
        "/team/departments/{department_id}",
        "with a conflict",
        prepare=save_what_a_colleague_changed(".department-form"),
    ),
    State("/team/rooster"),
    State("/team/rooster", "filled in wrongly", prepare=send_empty("main form.panel:has(#account)")),
    State("/team/rooster", "for an agent", who="daan"),
    State("/team/beoordelingen"),
    State("/team/beoordelingen", "of a week without", "/team/beoordelingen?week=2024-W05"),
    State("/team/mail"),
    State("/team/labels", prepare=unfold),
    State("/team/lijsten", prepare=unfold),
    # The answers
    State("/editor"),
    State("/editor", "of those not used", path="/editor?filter=unused&sort=used"),
    State("/editor/{name}", prepare=unfold),
    State("/editor/{name}", "filled in wrongly", prepare=send_empty("#answer-form")),
    State("/editor/{name}", "with a conflict", prepare=save_what_a_colleague_changed("#answer-form")),
    State("/editor/{name}/plans"),
    State("/editor/{name}/plans", "filled in wrongly", prepare=send_empty("#plan-form")),
    State("/editor/{name}/plans", "with a plan", prepare=plan_answer),
    State("/editor/plans"),
    State("/crisis"),
    State("/crisis", "filled in wrongly", prepare=switch_crisis_on("", shows="nu verandert er niets")),
    State("/trials"),
    State("/trials", "filled in wrongly", prepare=send_empty(".trial-form")),
    State("/trials/{trial_id}", prepare=unfold),
    State("/trials/{trial_id}", "that waits", "/trials/{waiting_trial}"),
    # The trainings
    State("/training"),
    State("/training/{training_id}", prepare=unfold),
    State("/training/{training_id}", "that failed", path="/training/{failed_training}", prepare=unfold),
    State("/training/{training_id}", "that waits", path="/training/{waiting_training}"),
    State("/trials/experiment", prepare=unfold),
    # The topics
    State("/importing"),
    State("/importing", "without anything to read", prepare=send_empty(".import-form")),
    State("/importing/{import_id}", prepare=unfold),
    State("/importing/{import_id}", "filled in wrongly", prepare=send_empty("main form")),
    State("/importing/{import_id}", "that was cut off", "/importing/{import_begun}"),
    State("/importing/{import_id}", "that is done", "/importing/{import_done}", prepare=unfold),
    State("/importing/{import_id}", "that was undone", "/importing/{import_undone}"),
    State("/topics"),
    State("/topics", "that are not there", path="/topics?q=bestaat-niet"),
    State("/topics/new", "filled in wrongly", prepare=send_empty("#topic-form")),
    State("/topics/{intent}", prepare=unfold),
    State("/topics/{intent}", "with a conflict", prepare=save_what_a_colleague_changed("#topic-form")),
    State("/topics/{intent}", "that is no question", path="/topics/nlu_fallback", part=".topic-form"),
    State("/topics/{intent}/merge", path="/topics/{intent}/merge?into=faq_ruilen"),
    State("/editor/{name}", "with remarks of the house style", prepare=write_otherwise, part="#answer-form"),
    State("/editor/{name}", "with a draft for review", prepare=ask_for_review),
    State("/editor/{name}", "with a colleague's draft", who="femke", prepare=unfold),
    State("/editor/{name}/compare"),
    State("/editor/{name}/remove"),
    State("/editor/{name}", "removed", prepare=remove_answer),
    State("/editor/rules"),
    State("/editor/rules", "filled in wrongly", prepare=name_a_variable_wrongly),
    State("/house-style"),
    State("/house-style", "filled in wrongly", prepare=set_no_sentence),
    State("/house-style", "for an editor", who="femke"),
    State("/house-style/report"),
    # What it learns from
    State("/learning"),
    State("/learning", "without a message", "/learning?reason=handed_over"),
    State("/learning/group", "of messages", "/learning/group?id={missed}", prepare=unfold),
    State("/learning/group", "filled in wrongly", "/learning/group?id={missed}", prepare=send_empty("#learning-form")),
    State("/learning/lessons", prepare=unfold),
    # Accounts and administration
    State("/account"),
    State("/account/password"),
    State("/account/password", "filled in wrongly", prepare=send_empty()),
    State("/account/totp"),
    State("/account/totp", "filled in wrongly", prepare=send_empty()),
    State("/account/totp", "that is on", who="wim"),
    State("/account/totp", "with new recovery codes", who="wim", prepare=make_codes),
    State("/account/openid"),
    State("/account/tokens", prepare=unfold),
    State("/account/tokens", "with a new one", prepare=make_token),
    State("/accounts"),
    State("/accounts", "filled in wrongly", prepare=send_empty()),
    State("/accounts", "with an invitation", prepare=invite),
    State("/accounts/{account_id}", prepare=unfold),
    State("/accounts/tokens", prepare=unfold),
    State("/audit"),
    State("/koppelingen"),
    State("/koppelingen", "filled in wrongly", prepare=send_empty()),
    State("/koppelingen/webhooks/{hook_id}", prepare=unfold),
    State("/koppelingen/messenger", prepare=unfold),
    # Last: from here on every page has a bar.
    State("/crisis", "that is on", prepare=switch_crisis_on("Er is een storing.", shows="De crisisstand is aan.")),
    State("/desk/{conversation_id}", "in a crisis", MINE),
)


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With every channel on, and a provider to sign in with that does not answer."""
    settings = {
        **SETTINGS,
        "oidc_issuer": OpenIdProvider(free_port()).issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": "agents=agent",
        "agent_away_s": 3600,
        "smtp_url": "smtp://127.0.0.1:9",
        "mail_from": "desk@winkel.example",
    }
    with running_site(redis_url, tmp_path_factory.mktemp("site"), **settings) as site:
        yield site


@pytest.fixture(scope="module")
def parts(site: Site) -> dict[str, str]:
    """What stands for each {part} of a path."""
    known = site.run(lambda store: Office(store, site.settings).open())
    known |= {"intent": site.run(some_topics)}
    known |= site.run(something_missed)
    known |= site.run(some_imports)
    return {**known, "broken": site.run(lambda store: broken_copy(store, known["closed"]))}


async def some_topics(store: Store) -> str:
    """Of the project, and one with something to say about it."""
    topics = {topic.intent: topic for topic in await seed_topics(store)}
    topic = topics["faq_garantie"]
    doubtful = (*topic.examples[:3], Example("mijn bsn is 111222333", "sanne", 1), Example("hm", message_id="m1"))
    await store.topics.save(replace(topic, examples=doubtful, edited_by="wim", edited_at_ms=1))
    return topic.intent


async def broken_copy(store: Store, conversation_id: str) -> str:
    """A conversation that can't be read, as a mistake of ours might leave it; no list has it."""
    record = await store._client.hgetall(store._keys.conversation(conversation_id))
    broken = {**record, "created_at_ms": "gisteren"}
    await store._client.hset(store._keys.conversation("widget-kapot"), mapping=broken)
    return "widget-kapot"


@pytest.fixture(scope="module")
def pages(chromium: Browser, site: Site, parts: dict[str, str]) -> Iterator[Callable[[str], Page]]:
    """A page that is signed in as somebody, the same one each time."""
    known: dict[str, Page] = {}

    def page_of(who: str) -> Page:
        if who not in known:
            context = chromium.new_context(reduced_motion="reduce")
            if who:
                context.add_cookies([{"name": SESSION_COOKIE, "value": site.session(who), "url": site.url}])
            known[who] = context.new_page()
        return known[who]

    yield page_of
    for page in known.values():
        page.context.close()


@pytest.mark.parametrize("state", STATES, ids=[state.id for state in STATES])
def test_axe_finds_nothing(pages: Callable[[str], Page], site: Site, parts: dict[str, str], state: State) -> None:
    page = pages(state.who)
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    answer = page.goto(site.url + address(state, parts))
    assert answer and answer.status == state.status
    if state.prepare:
        state.prepare(page)
    look_at(page, state.part)


def test_axe_finds_nothing_when_the_customer_wrote_meanwhile(
    pages: Callable[[str], Page], site: Site, parts: dict[str, str]
) -> None:
    page = pages("sanne")
    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="light")
    page.goto(site.url + filled("/desk/{messenger}", parts))
    page.locator("#reply").fill("het komt morgen")
    site.run(lambda store: write(store, "laat maar", parts["messenger"], channel="messenger"))
    expect(page.locator("#missed")).to_contain_text("laat maar")
    look_at(page, "#conversation")


def test_axe_finds_nothing_while_redis_is_away(
    pages: Callable[[str], Page], tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = running_site(f"redis://127.0.0.1:{free_port()}", tmp_path_factory.mktemp("alone")).site
    site.start()
    try:
        page = pages("sanne")
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")
        answer = page.goto(site.url + "/desk")
        assert answer and answer.status == 503
        look_at(page, "")
    finally:
        site.stop()


def look_at(page: Page, part: str) -> None:
    page.evaluate(AXE_SCRIPT)
    assert "\n".join(page.evaluate(AXE, [part, None])) == "", "light, on a desk"
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    assert "\n".join(page.evaluate(AXE, [part, DARK_AND_NARROW])) == "", "dark, on a phone"


# By keyboard, and for who hears the page


@pytest.mark.parametrize("path", ["/desk/{mine}", "/desk/{waiting}", "/desk", "/desk/search?q=pakket", "/team/new"])
def test_tab_reaches_everything_in_the_order_of_the_page_and_leaves_it(
    pages: Callable[[str], Page], site: Site, parts: dict[str, str], path: str
) -> None:
    page = pages("sanne")
    page.set_viewport_size(DESKTOP)
    page.goto(site.url + filled(path, parts))
    page.evaluate("document.activeElement.blur()")
    wanted = page.evaluate(TABBABLE)
    assert [press_tab(page) for _ in wanted] == wanted
    # To the browser's own buttons, or where it has none shown, to the beginning.
    assert press_tab(page) in ("", wanted[0])


# Names that stay when the page refreshes itself. Of a group of radio buttons only the chosen one is in the order.
TABBABLE = """() => {
  const all = "a[href], button, input, select, textarea, summary, audio[controls], [tabindex='0']";
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0;
  const isChosen = (one) => one.type !== "radio" || one.checked;
  window.tabName = (one) =>
    one === document.body ? "" : [one.closest("[id]")?.id, one.tagName, one.getAttribute("href") ?? one.name].join(" ");
  return [...document.querySelectorAll(all)].filter((one) => shown(one) && isChosen(one)).map(tabName);
}"""


def press_tab(page: Page) -> str:
    """What has the focus then; empty when nothing in the page has."""
    page.keyboard.press("Tab")
    return str(page.evaluate("tabName(document.activeElement)"))


def test_what_closes_gives_the_focus_back(pages: Callable[[str], Page], site: Site, parts: dict[str, str]) -> None:
    page = pages("sanne")
    page.set_viewport_size(DESKTOP)
    page.goto(site.url + filled(MINE, parts))
    title = page.locator("#conversation-title")
    title.focus()
    page.keyboard.press("?")
    expect(page.locator("#shortcuts-help")).to_be_visible()
    for _ in range(3):  # it keeps the focus while it is open
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.matches('body, #shortcuts-help, #shortcuts-help *')")
    page.keyboard.press("Escape")
    expect(title).to_be_focused()
    for key, name in (("t", "transfer-menu"), ("l", "later-menu"), ("p", "more-menu"), ("e", "close-menu")):
        page.keyboard.press(key)
        expect(page.locator(f"#{name} .menu-items :is(select, button)").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.locator(f"#{name} > summary")).to_be_focused()
    page.locator(".account-menu > summary").press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.locator(".account-menu > summary")).to_be_focused()
    page.locator("#reply").focus()
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Zoek een antwoord")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#reply")).to_be_focused()


def test_who_hears_the_page_is_told_what_changes(
    pages: Callable[[str], Page], site: Site, parts: dict[str, str]
) -> None:
    page = pages("sanne")
    page.set_viewport_size(DESKTOP)
    page.goto(site.url + filled(MINE, parts))
    live = {"transcript-log": "log", "desk-status": "status", "connection-bar": "status", "others-here": "status"}
    live |= {"customer-typing": "status", "bulk-result": "status", "missed": "alert"}
    assert {name: page.locator(f"#{name}").get_attribute("role") for name in live} == live
    expect(page.locator("#desk-alarm")).to_have_attribute("role", "alert")
    expect(page.locator("#connection-bar")).to_be_empty()
    site.run(lambda store: write(store, "en waar is mijn stoel?", parts["mine"]))
    expect(page.get_by_role("log")).to_contain_text("en waar is mijn stoel?")
    site.run(lambda store: handed_over(store, "hallo?"))
    expect(page.locator("#desk-status")).to_have_text(re.compile(r"^Er wachten \d+ gesprekken\.$"))


def address(state: State, parts: dict[str, str]) -> str:
    return filled(state.path or state.route, parts)


def filled(path: str, parts: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda part: part_of(parts, part[1]), path)


def part_of(parts: dict[str, str], name: str) -> str:
    return (
        page_url(parts[name]).removeprefix("/desk/")
        if parts[name].startswith(("widget-", "messenger-"))
        else parts[name]
    )


def test_every_page_is_looked_at(site: Site, parts: dict[str, str]) -> None:
    """Each GET route that answers HTML to somebody who may everything has a row in STATES."""
    known = {state.route for state in STATES} | FRAGMENTS | FILES
    headers = {"accept": "text/html", "cookie": f"{SESSION_COOKIE}={site.session('sanne')}"}
    asked = {route.removeprefix("GET ") for route in all_routes() if route.startswith("GET ")} - known
    some = {**parts, "conversation_id": parts["mine"]}
    missing = []
    with httpx.Client(base_url=site.url, headers=headers) as client:
        for route in asked:
            path = re.sub(r"\{(\w+)\}", lambda part: part_of(some, part[1]) if part[1] in some else "niet-er", route)
            with client.stream("GET", path) as response:
                is_html = response.headers.get("content-type", "").startswith("text/html")
                if is_html and not response.is_redirect:
                    missing.append(route)
    assert missing == []
