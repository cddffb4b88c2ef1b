"""What agents see of Messenger and Instagram, and what they are kept from, over real HTTP and without JavaScript."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from bot.model import META_INBOX, Attachment, Media
from bot.store import Store
from bot.store.work import now_ms
from bot.web.desk.attachments import safe_url
from bot.web.desk.words import page_url
from tests.conftest import API_TOKEN, Site, running_site
from tests.fakes.conversations import message
from tests.fakes.platform import HOUR_MS, PAGE, SETTINGS, accepted, asks, begun, failed, sends
from tests.web.test_desk import Agent, draft_in

WINDOW = "De klant schreef te lang geleden."
PICTURE = Media("ab/cd/0", "image/png", 120_000, "foto.png")


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site"), **SETTINGS) as site:
        yield site


@pytest.fixture
async def data(site: Site) -> AsyncIterator[Store]:
    async with site.store() as store:
        yield store


@pytest.fixture
async def sanne(site: Site) -> AsyncIterator[Agent]:
    agent = Agent(site, site.session("sanne", "agent", name="Sanne"))
    yield agent
    await agent.close()


def words(page: str) -> str:
    """What a reader sees, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def part(page: str, element_id: str) -> str:
    """The page from the element with that id on."""
    return page[page.index(f'id="{element_id}"') :]


async def said(data: Store, conversation_id: str) -> list[str]:
    lines = await data.conversations.transcript(conversation_id)
    return [line.message.text for line in lines if line.message.to_customer and not line.message.in_reply_to]


# Until when an agent may write


@pytest.mark.parametrize(
    ("channel", "hours_ago", "sentence"),
    [
        ("messenger", 0.1, "Je kunt antwoorden tot "),
        ("instagram", 0.1, "Je kunt antwoorden tot "),
        ("messenger", 30, "Alleen jij, niet de assistent, kunt nog antwoorden tot "),
        ("comment", 30, "Dit is een openbare reactie. Je eerste antwoord gaat als privébericht; dat kan tot "),
    ],
)
async def test_an_agent_reads_until_when_an_answer_is_possible_and_may_answer(
    data: Store, sanne: Agent, channel: str, hours_ago: float, sentence: str
) -> None:
    conversation_id = await begun(data, channel=channel, hours_ago=hours_ago)
    await asks(data, conversation_id)
    await sanne.claim(conversation_id)
    _, page = await sanne.get(page_url(conversation_id))
    assert sentence in words(part(page, "platform"))
    assert (await sanne.reply(conversation_id, "ja hoor"))[0] == 303
    assert "ja hoor" in await said(data, conversation_id)
    assert "Wordt verzonden" in words((await sanne.get(page_url(conversation_id)))[1])


@pytest.mark.parametrize(("hours_ago", "status"), [(1, 200), (30, 409)])
async def test_a_program_may_answer_as_long_as_the_assistant_may(
    site: Site, data: Store, hours_ago: float, status: int
) -> None:
    conversation_id = await begun(data, hours_ago=hours_ago)
    await asks(data, conversation_id)
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {API_TOKEN}"}) as http:
        at = f"{site.url}/api/v1/conversations/{conversation_id}"
        owner = (await data.conversations.get(conversation_id)).owner
        assert (await http.post(f"{at}/claim", json={"seen_owner": owner})).status == 200
        assert (await http.post(f"{at}/reply", json={"text": "ja"})).status == status


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("too long ago", WINDOW),
        ("unreachable", "De klant is niet te bereiken"),
        ("private reply sent", "Meta staat maar één privébericht toe"),
        ("comment removed", "De klant heeft de reactie verwijderd, of die is ouder dan zeven dagen."),
        ("comment too old", "De klant heeft de reactie verwijderd, of die is ouder dan zeven dagen."),
        ("another page", "Messenger staat uit, of deze pagina is hier niet ingesteld."),
    ],
)
async def test_what_can_not_be_sent_is_refused_and_stays_typed(
    site: Site, data: Store, sanne: Agent, case: str, sentence: str
) -> None:
    comment = case in ("private reply sent", "comment removed", "comment too old")
    conversation_id = await begun(
        data,
        channel="comment" if comment else "messenger",
        hours_ago=8 * 24 if case in ("too long ago", "comment too old") else 1,
        page_id="1003" if case == "another page" else PAGE,
    )
    await asks(data, conversation_id)
    await sanne.claim(conversation_id)
    before = await said(data, conversation_id)
    if case == "unreachable":
        await data.conversations.set_field(conversation_id, "unreachable", "unreachable")
    if case in ("private reply sent", "comment removed"):
        await data.conversations.set_field(conversation_id, "private_reply", "sent" if "sent" in case else "gone")
    status, page = await sanne.reply(conversation_id, "<b>ja</b> hoor", str(uuid.uuid4()))
    assert (status, draft_in(page)) == (409, "<b>ja</b> hoor")
    assert f"Niet verzonden. {sentence}" in words(part(page, "desk-notice"))
    assert await said(data, conversation_id) == before
    # The page said so before.
    _, page = await sanne.get(page_url(conversation_id))
    assert sentence in words(part(page, "platform"))
    assert "Je kunt nu niet antwoorden." in words(part(page, "composer"))
    assert re.search(r'id="send" disabled', page) and re.search(r"<textarea[^>]* readonly", page)
    # Programs hear it as well.
    authorization = {"authorization": f"Bearer {API_TOKEN}"}
    async with aiohttp.ClientSession(site.url, headers=authorization) as http:
        owner = {"seen_owner": "agent:sanne"}
        assert (await http.post(f"/api/v1/conversations/{conversation_id}/claim", json=owner)).status == 200
        refused = await http.post(f"/api/v1/conversations/{conversation_id}/reply", json={"text": "ja"})
        assert (refused.status, (await refused.json())["code"]) == (409, "not_sendable")


async def test_it_can_be_sent_again_when_the_customer_writes(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data, hours_ago=200)
    await asks(data, conversation_id)
    await sanne.claim(conversation_id)
    assert (await sanne.reply(conversation_id, "te laat"))[0] == 409
    conversation = await data.conversations.get(conversation_id)
    client, key = data._client, data._keys.conversation(conversation.id)
    await client.hset(key, mapping={"opened_at_ms": now_ms(), "wrote_at_ms": now_ms()})
    assert (await sanne.reply(conversation_id, "op tijd"))[0] == 303


async def test_a_repeat_of_what_was_sent_in_time_is_no_refusal(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    await asks(data, conversation_id)
    await sanne.claim(conversation_id)
    message_id = uuid.uuid4().hex
    assert (await sanne.reply(conversation_id, "op tijd", message_id))[0] == 303
    await data.conversations.set_field(conversation_id, "unreachable", "unreachable")
    assert (await sanne.reply(conversation_id, "op tijd", message_id))[0] == 303
    assert (await said(data, conversation_id)).count("op tijd") == 1


async def test_somebody_elses_conversation_is_that_first(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data, hours_ago=200)
    await asks(data, conversation_id)
    status, page = await sanne.reply(conversation_id, "van mij?")
    assert status == 409 and "nu in de wachtrij" in words(part(page, "desk-notice"))


@pytest.mark.parametrize(
    ("channel", "hours_ago", "heard"), [("messenger", 1, True), ("messenger", 30, False), ("comment", 1, False)]
)
async def test_customers_hear_who_takes_over_only_where_that_can_be_sent(
    data: Store, sanne: Agent, channel: str, hours_ago: float, heard: bool
) -> None:
    conversation_id = await begun(data, channel=channel, hours_ago=hours_ago)
    await asks(data, conversation_id)
    assert (await sanne.claim(conversation_id))[0] == 303
    assert any("Je praat nu met Sanne" in text for text in await said(data, conversation_id)) == heard
    for action in ("put-back", "claim", "hand-back", "claim", "close"):
        owner = (await data.conversations.get(conversation_id)).owner
        assert (await sanne.post(f"{page_url(conversation_id)}/{action}", seen_owner=owner))[0] == 303
    assert bool([text for text in await said(data, conversation_id) if "collega kijkt" not in text]) == heard
    assert (await data.conversations.get(conversation_id)).owner == "closed"


# Trouble


@pytest.mark.parametrize(
    ("trouble", "paused_s", "sentence"),
    [
        ("reconnect", 0, "Winkel van Sinkel: De pagina is niet meer gekoppeld."),
        ("blocked", 0, "Winkel van Sinkel: Meta heeft de pagina tijdelijk geblokkeerd."),
        ("", 300, "Winkel van Sinkel: We mogen van Meta even niets versturen. Wat je schrijft, wacht tot ongeveer "),
        ("", 40, "Winkel van Sinkel: We mogen van Meta even niets versturen."),
        ("", 10, ""),
    ],
)
async def test_every_agent_reads_that_a_page_can_not_send_and_answers_wait(
    data: Store, sanne: Agent, trouble: str, paused_s: int, sentence: str
) -> None:
    if trouble:
        await data.pages.set_trouble(PAGE, trouble, "token <expired>", at_ms=now_ms())
    await data.pages.pause(PAGE, now_ms() + paused_s * 1000)
    for path in ("/desk", "/desk/list"):
        _, page = await sanne.get(path)
        shown = re.search(r'<div class="desk-trouble".*?</div>', page, re.S)
        assert shown and words(shown[0]).startswith(sentence) and bool(words(shown[0])) == bool(sentence)
        assert "token" not in shown[0]
    conversation_id = await begun(data)
    await asks(data, conversation_id)
    await sanne.claim(conversation_id)
    assert (await sanne.reply(conversation_id, "dit wacht"))[0] == 303
    await data.pages.clear_trouble(PAGE)
    await data._client.hdel(data._keys.page(PAGE), "paused_until_ms")  # as if the time had passed
    assert "Winkel van Sinkel:" not in (await sanne.get("/desk/list"))[1]


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        ("window", WINDOW),
        ("other_owner", "Iemand anders heeft dit gesprek in de Meta-inbox."),
        ("new one", "geweigerd"),
    ],
)
async def test_a_message_that_failed_says_why(data: Store, sanne: Agent, problem: str, sentence: str) -> None:
    conversation_id = await begun(data)
    await asks(data, conversation_id)
    await failed(data, conversation_id, problem)
    page = words((await sanne.get(page_url(conversation_id)))[1])
    assert re.search(rf"Mislukt: de klant heeft dit niet ontvangen\. [^.]*{re.escape(sentence)}", page)


async def test_its_agent_sends_what_failed_again_once(data: Store, sanne: Agent, site: Site) -> None:
    conversation_id = await begun(data)
    await asks(data, conversation_id)
    await failed(data, conversation_id, "gave_up")
    url, button = page_url(conversation_id), "Probeer opnieuw"
    assert button not in (await sanne.get(url))[1]
    await sanne.claim(conversation_id)
    _, page = await sanne.get(url)
    found = re.search(r'action="[^"]*/retry">\s*<input type="hidden" name="message_id" value="(\w+)"', page)
    assert found and button in page
    daan = Agent(site, site.session("daan", "agent", name="Daan"))
    assert (await daan.post(f"{url}/retry", message_id=found[1]))[0] == 409
    await daan.close()
    assert (await sanne.post(f"{url}/retry", message_id=found[1]))[0] == 303
    assert button not in (await sanne.get(url))[1]
    status, page = await sanne.post(f"{url}/retry", message_id=found[1])
    assert status == 409 and "Dit bericht is al opnieuw verstuurd." in page
    await failed(data, conversation_id, "unreachable")
    await data.conversations.set_field(conversation_id, "unreachable", "unreachable")
    status, page = await sanne.post(f"{url}/retry", message_id=found[1])
    assert status == 409 and "Niet opnieuw verzonden. De klant is niet te bereiken" in words(page)


# Whose it is


async def test_a_conversation_in_metas_inbox_is_there_and_can_be_taken(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    await asks(data, conversation_id)
    ann = message(conversation_id, "agent", "Ann hier", agent_name="Meta-inbox")
    await data.queue.answered_elsewhere(conversation_id, at_ms=now_ms(), control="263902037430900", message=ann)
    _, page = await sanne.get(page_url(conversation_id))
    shown = words(page)
    assert "in de Meta-inbox" in shown and "Iemand antwoordt in de Meta-inbox. De assistent zegt zolang niets." in shown
    assert "Overnemen van de Meta-inbox" in shown
    _, rows = await sanne.get("/desk/list?view=colleagues")
    assert "Meta-inbox" in words(part(rows, "rows"))
    # Another agent was meant; the one in Meta's inbox was first.
    status, page = await sanne.claim(conversation_id, "queue")
    assert status == 409 and "Iemand in de Meta-inbox was je voor." in words(page)
    assert (await sanne.claim(conversation_id, META_INBOX))[0] == 303
    _, page = await sanne.get(page_url(conversation_id))
    assert "Als jij antwoordt, nemen we het over." in words(page)


async def test_names_are_shown_as_text_everywhere(data: Store, sanne: Agent) -> None:
    name = '<img src=x onerror="alert(1)"> de Vries'
    conversation_id = await begun(data, customer_name=name)
    await asks(data, conversation_id)
    for path in (page_url(conversation_id), "/desk/list"):
        _, page = await sanne.get(path)
        assert html.escape(name, quote=False) in page.replace("&#34;", '"').replace("&#39;", "'")
        assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("channel", "word"), [("messenger", "Messenger"), ("instagram", "Instagram"), ("comment", "Facebook-reactie")]
)
async def test_a_row_says_which_channel_it_is(data: Store, sanne: Agent, channel: str, word: str) -> None:
    conversation_id = await begun(data, channel=channel)
    await asks(data, conversation_id)
    _, rows = await sanne.get("/desk/list")
    row = part(rows, f"row-{conversation_id}").partition("</li>")[0]
    assert re.search(rf'class="channel channel-{channel}">{word}<', row)


# What came with a message


async def test_attachments_are_shown_by_what_they_are(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    cdn = "https://scontent.xx.fbcdn.net/v/secret"
    written = await sends(
        data,
        conversation_id,
        (Attachment("image", cdn), PICTURE),
        (Attachment("audio", cdn), Media("k", "audio/mp4", 50_000, "spraakbericht.m4a")),
        (Attachment("video", cdn), Media("k", "video/mp4", 5_000_000, "video.mp4")),
        (Attachment("file", cdn), Media("k", "application/pdf", 1_400_000, 'fac"tuur<b>.pdf')),
        (Attachment("file", cdn), Media("k", "application/octet-stream", 900, "x.exe")),
        (Attachment("sticker", cdn), PICTURE),
        (Attachment("image", cdn), None),
        (Attachment("image", cdn), Media(problem="too_big")),
        (Attachment("video"), None),
        (Attachment("link", "https://www.example.nl/a", "Onze <b>actie"), None),
        (Attachment("post", "https://www.facebook.com/1"), None),
        (Attachment("location", "", "52.37, 4.89"), None),
        (Attachment("other"), None),
    )
    _, page = await sanne.get(page_url(conversation_id))
    shown = re.findall(r'<li class="attachment attachment-(\w+)"[^>]*>(.*?)</li>', page, re.S)
    url = f"{page_url(conversation_id)}/media/{written.id}"
    assert [(shape, words(content)) for shape, content in shown] == [
        ("image", ""),
        ("audio", ""),
        ("video", ""),
        ("file", 'Bestand: fac"tuur<b>.pdf 1,4 MB'),
        ("file", "Bestand: x.exe 1 kB · onbekend soort bestand, open het alleen als je het vertrouwt"),
        ("sticker", ""),
        ("text", "Foto Wordt opgehaald…"),
        ("text", "Foto Niet opgehaald: groter dan 25 MB."),
        ("text", "Video Niet meegestuurd door Meta."),
        ("link", "Link: Onze <b>actie www.example.nl"),
        ("link", "Gedeeld bericht: www.facebook.com"),
        ("text", "Locatie: 52.37, 4.89"),
        ("text", "Bijlage Dit kunnen we hier niet laten zien."),
    ]
    assert f'<img src="{url}/0" alt="Foto van de klant"' in shown[0][1]
    assert f'src="{url}/1"' in shown[1][1] and f'src="{url}/2"' in shown[2][1]
    assert f'href="{url}/3" download' in shown[3][1]
    assert 'rel="noopener noreferrer nofollow"' in shown[9][1]
    # A browser never goes to the platform for it, and never learns an address that lets anybody read it.
    assert "fbcdn" not in page
    assert '<p class="bubble"></p>' not in page


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://www.example.nl/a?b=1", True),
        ("http://example.nl", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\tscript:alert(1)", False),
        ("https://example.nl/\n", False),
        ("data:text/html,<script>1</script>", False),
        ("//example.nl", False),
        ("https:", False),
        ("https://[", False),
        ("", False),
    ],
)
async def test_only_web_addresses_are_links(data: Store, sanne: Agent, url: str, safe: bool) -> None:
    assert bool(safe_url(url)) == safe
    conversation_id = await begun(data)
    await sends(data, conversation_id, (Attachment("link", url, "klik hier"), None))
    _, page = await sanne.get(page_url(conversation_id))
    assert bool(re.search(r'<a href="[^"]*" target="_blank" rel="noopener', page)) == safe
    assert "klik hier" in page and "javascript:" not in page.lower()


# What happened to a message


async def test_an_edited_message_shows_both_texts(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    written = await asks(data, conversation_id, "maandag <i>open</i>?")
    await data.conversations.edit(conversation_id, written.id, "dinsdag <i>open</i>?", number=1)
    _, page = await sanne.get(page_url(conversation_id))
    line = part(page, f"message-{await _entry_id(data, conversation_id, written.id)}").partition("</li>")[0]
    assert "· bewerkt" in words(line)
    assert '<p class="bubble">dinsdag &lt;i&gt;open' in line
    assert re.search(r"<summary>Eerste tekst</summary>\s*<p>maandag &lt;i&gt;open", line)


async def test_a_message_that_was_taken_back_leaves_a_note(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    written = await sends(data, conversation_id, (Attachment("image", "https://fbcdn.net/a"), PICTURE), text="geheim")
    path = f"{page_url(conversation_id)}/media/{written.id}/0"
    note = message(conversation_id, "note", "De klant heeft een bericht verwijderd.")
    await data.conversations.delete(conversation_id, written.id, note)
    _, page = await sanne.get(page_url(conversation_id))
    assert "De klant heeft een bericht verwijderd." in page and "geheim" not in page and "/media/" not in page
    assert (await sanne.get(path))[0] == 404


async def test_a_reaction_stands_on_its_message(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    written = await asks(data, conversation_id)
    await data.conversations.react(conversation_id, written.id, "❤️", at_ms=1)
    assert "Reactie van de klant: ❤️" in words((await sanne.get(page_url(conversation_id)))[1])
    await data.conversations.react(conversation_id, written.id, "", at_ms=2)
    assert "Reactie van de klant" not in words((await sanne.get(page_url(conversation_id)))[1])


async def test_a_message_shows_what_it_answers(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data)
    first = await asks(data, conversation_id, "x" * 200, id="m_first")
    await sanne.claim(conversation_id)
    reply_id = uuid.uuid4().hex
    await sanne.reply(conversation_id, "Welke <b>maat</b>?", reply_id)
    await accepted(data, conversation_id, reply_id, "m_ours")
    for quoted_id in ("m_first", "m_ours", "m_unknown"):
        await asks(data, conversation_id, "deze", quoted_id=quoted_id)
    _, page = await sanne.get(page_url(conversation_id))
    quotes = re.findall(r'<p class="quoted">(.*?)</p>', page, re.S)
    assert [words(quote) for quote in quotes] == [
        f"Antwoord op: {'x' * 100}…",
        "Antwoord op: Welke <b>maat</b>?",
        "Antwoord op: een eerder bericht",
    ]
    assert f'href="#message-{await _entry_id(data, conversation_id, first.id)}"' in quotes[0]
    assert "<b>maat" not in page


async def _entry_id(data: Store, conversation_id: str, message_id: str) -> str:
    lines = await data.conversations.transcript(conversation_id)
    return next(line.message.entry_id for line in lines if line.message.id == message_id)


async def test_the_page_knows_when_the_time_to_answer_ends(data: Store, sanne: Agent) -> None:
    conversation_id = await begun(data, hours_ago=23)
    await asks(data, conversation_id)
    _, page = await sanne.get(page_url(conversation_id))
    ends_at = re.search(r'data-ends-at-ms="(\d+)"', page)
    assert ends_at and 0 < int(ends_at[1]) - now_ms() <= HOUR_MS
