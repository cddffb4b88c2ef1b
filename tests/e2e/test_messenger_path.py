"""From a comment under a post to a human in Meta's inbox and back: real Rasa and Redis, a real browser on the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from bot.store import Store
from tests.conftest import Site, eventually
from tests.e2e.conftest import Assistant, site_with_model
from tests.e2e.test_whole_path import ODD_QUESTION, sign_in
from tests.fakes.graph import Customer, FakeGraph
from tests.fakes.graph.records import Sent
from tests.fakes.platform import APP_ID, APP_SECRET, PAGE, SETTINGS, VERIFY_TOKEN
from tests.fakes.threaded import Threaded, in_thread

pytestmark = [pytest.mark.browser, pytest.mark.train]

POST, JO = "1001_5", "6001"
MESSENGER_FILE = f"""\
pages:
  - id: "{PAGE}"
    name: Winkel van Sinkel
    persona_picture: https://winkel.example/agent.png
    comments:
      private_reply: true
"""
COMMENT = "hoe laat zijn jullie open op zondag?"
QUESTION = "wat zijn de verzendkosten?"
FROM_AGENT = "Ik stuur meteen iemand naar de lift!"
FROM_INBOX = "Ann van de winkel hier, de lift doet het weer."
MEANWHILE = "kan ik mijn bestelling nog annuleren?"
AFTERWARDS = "hoe lang heb ik garantie?"
SOON_MS = 20_000


@pytest.fixture(scope="module")
def meta() -> Iterator[Threaded[FakeGraph]]:
    """A page, in Playwright's stead in a thread of its own."""
    with in_thread(FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN)) as meta:
        meta.run(lambda: meta.server.add_page(PAGE))
        yield meta


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory, meta: Threaded[FakeGraph]) -> Iterator[Site]:
    var = tmp_path_factory.mktemp("messenger-path")
    (var / "messenger.yml").write_text(MESSENGER_FILE)
    settings = {**SETTINGS, "messenger_file": var / "messenger.yml", "graph_url": meta.server.url}
    # No machine is so slow that a human should get what the assistant answers.
    with site_with_model(redis_url, var, turn_timeout_s=30.0, **settings) as site:
        meta.server.webhook_url = site.url + "/webhooks/messenger"
        yield site


class Person:
    """Jo, who comments and chats."""

    def __init__(self, meta: Threaded[FakeGraph], site: Site) -> None:
        self._meta = meta
        self._site = site
        self.graph: FakeGraph = meta.server
        self._jo: Customer = meta.run(lambda: meta.server.customer(JO, name="Jo Klant"))

    def comments(self, text: str) -> str:
        return self._meta.do(self._jo.comments(text, post=POST))

    def says(self, text: str) -> None:
        self._meta.do(self._jo.says(text))

    def presses(self, title: str) -> None:
        self._meta.do(self._jo.presses(title))

    def reads(self) -> None:
        self._meta.do(self._jo.reads())

    def hears(self, text: str) -> Sent:
        """The next message with this text; none is found twice."""
        return self._meta.do(self._jo.hears(text, timeout_s=SOON_MS / 1000))

    def is_answered_in_inbox(self, text: str) -> None:
        self._meta.do(self.graph.inbox_replies(JO, text))

    def inbox_is_done(self) -> None:
        self._meta.do(self.graph.inbox_done(JO))

    def heard(self) -> list[str]:
        """All that our app said, after everything that was begun has ended."""

        async def nothing_to_do(store: Store) -> bool:
            async def none() -> bool:
                left = await store.inbound.size() + await store.work.waiting() + await store.sending.size()
                return left == 0

            return await eventually(none)

        assert self._site.run(nothing_to_do)
        return [sent.text for sent in self.graph.sent_to(JO)]

    def is_answered_by(self, comment_id: str, text: str) -> list[str]:
        """Who said something to what this customer wrote; Meta may have refused it."""

        async def speakers(store: Store) -> list[str]:
            messages = await store.conversations.messages(f"comment-{PAGE}-{comment_id}")
            (written,) = [message.id for message in messages if message.text == text]
            return [message.sender for message in messages if message.in_reply_to == written]

        return self._site.run(speakers)

    def public_replies(self, comment_id: str) -> list[str]:
        found = self.graph.comments.values()
        return [comment.text for comment in found if comment.parent_id == comment_id and comment.from_id == PAGE]


def said_by(desk: Page, sender: str, text: str) -> Locator:
    """The line of the transcript with what somebody said."""
    return desk.locator(f"#transcript > .message-{sender}").filter(has_text=text)


def test_a_comment_a_chat_an_agent_and_a_human_in_metas_inbox(
    site: Site, assistant: Assistant, meta: Threaded[FakeGraph], agent: BrowserContext
) -> None:
    jo = Person(meta, site)

    comment_id = jo.comments(COMMENT)
    reply = jo.hears("zondag van 12.00 tot 17.00 uur")
    assert reply.comment_id == comment_id
    meta.do(jo.graph.wait_for(lambda: jo.public_replies(comment_id)))
    assert jo.public_replies(comment_id) == ["Dank je voor je reactie! We hebben je een privébericht gestuurd."]

    jo.says(QUESTION)
    answer = jo.hears("vanaf € 40 is het gratis")
    assert answer.titles == ["Afhalen", "Naar het buitenland"]
    jo.presses("Afhalen")
    jo.hears("gratis afhalen in al onze winkels")

    jo.says(ODD_QUESTION)
    jo.hears("collega")
    desk = sign_in(agent, site)
    desk.locator(".conversation-row").filter(has_text=ODD_QUESTION).click()
    expect(said_by(desk, "customer", COMMENT)).to_be_visible()
    expect(said_by(desk, "assistant", "zondag van 12.00 tot 17.00 uur")).to_be_visible()
    expect(desk.locator("#handoff")).to_contain_text("Vraag niet herkend")

    desk.get_by_role("button", name="Neem over", exact=True).click()
    jo.hears("Je praat nu met Sanne")
    desk.get_by_role("textbox", name="Antwoord aan").fill(FROM_AGENT)
    desk.get_by_role("button", name="Versturen").click()
    from_agent = jo.hears(FROM_AGENT)
    assert jo.graph.personas[from_agent.persona_id].name == "Sanne"
    expect(said_by(desk, "agent", FROM_AGENT)).not_to_contain_text("Gelezen")
    jo.reads()
    expect(said_by(desk, "agent", FROM_AGENT)).to_contain_text("Gelezen", timeout=SOON_MS)

    desk.locator("#transfer-menu > summary").click()
    desk.get_by_role("button", name="Geef terug aan de assistent").click()
    jo.hears("Je praat nu weer met de digitale assistent")
    before = jo.heard()
    jo.is_answered_in_inbox(FROM_INBOX)
    expect(said_by(desk, "agent", FROM_INBOX)).to_contain_text("Meta-inbox", timeout=SOON_MS)
    jo.says(MEANWHILE)
    expect(said_by(desk, "customer", MEANWHILE)).to_be_visible(timeout=SOON_MS)
    assert jo.heard() == before
    assert jo.is_answered_by(comment_id, MEANWHILE) == []

    jo.inbox_is_done()
    expect(desk.locator("#conversation-head")).to_contain_text("bij de assistent", timeout=SOON_MS)
    jo.says(AFTERWARDS)
    jo.hears("garantie")
    afterwards = jo.heard()[len(before) :]
    assert jo.is_answered_by(comment_id, MEANWHILE) == []
    assert ["weer met de digitale assistent" in text for text in afterwards] == [True, False]
    assert "garantie" in afterwards[1] and "annuleren" not in "".join(afterwards)
    assert jo.graph.sent_twice() == jo.graph.sent_twice("content") == []
