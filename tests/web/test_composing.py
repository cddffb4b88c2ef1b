"""What agents can count on when they write: answers, notes, drafts, labels, over real HTTP and without JavaScript."""

from __future__ import annotations

import asyncio
import html
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.answers import render
from bot.model import Account, Handoff, IntentScore, Template, Variant
from bot.store import Store
from bot.store.conversations import Contact
from bot.store.notifications import Notification
from bot.web.desk.limits import text_limit, too_long
from bot.web.desk.mentions import mentioned
from bot.web.desk.words import page_url
from tests.conftest import Site
from tests.fakes.conversations import NOT_SURE, answer, handed_over, naming, write
from tests.web.test_desk import Agent, daan, data, draft_in, sanne, sign_in
from tests.web.test_desk import tokens as desk_tokens

__all__ = ["daan", "data", "desk_tokens", "sanne", "sign_in"]

JSON = {"accept": "application/json"}


@pytest.fixture
def tokens(site: Site, desk_tokens: dict[str, str]) -> dict[str, str]:
    return {**desk_tokens, "manager": site.session("manager", "manager", name="Mo")}


async def mine(store: Store, agent: Agent, text: str = "hoe laat zijn jullie open?") -> str:
    """A conversation that the agent has; its id."""
    conversation_id = await handed_over(store, text)
    assert (await agent.claim(conversation_id))[0] == 303
    return conversation_id


async def answers(agent: Agent, query: str = "", conversation_id: str = "") -> list[dict[str, str]]:
    path = f"/desk/templates?q={query}&conversation={conversation_id}"
    status, body = await agent.get(path, **JSON)
    assert status == 200
    found: list[dict[str, str]] = json.loads(body)["answers"]
    return found


def control(page: str, id: str) -> str:
    """What the control with this id holds."""
    found = re.search(rf'<(?:input|textarea)[^>]*\bid="{id}"[^>]*>', page)
    assert found, id
    if found[0].startswith("<textarea"):
        return html.unescape(page[found.end() :].partition("</textarea>")[0])
    value = re.search(r'value="([^"]*)"', found[0])
    return html.unescape(value[1]) if value else ""


def notice(page: str) -> str:
    return page.partition('id="desk-notice"')[2].partition("</div>")[0]


# Answers of the editors


async def test_every_word_of_a_search_must_fit_and_titles_come_first(data: Store, sanne: Agent) -> None:
    await data.templates.save(Template("utter_faq_één", "Crème brûlée", "kost 2 euro"), expected_version=0)
    await data.templates.save(Template("utter_faq_leeg", "Leeg", "  "), expected_version=0)
    assert [one["name"] for one in await answers(sanne, "CREME%20bru")] == ["utter_faq_één"]
    assert [one["name"] for one in await answers(sanne, "faq%20retour")] == ["utter_faq_retourkosten"]
    assert (await answers(sanne, "retour"))[0]["name"] == "utter_faq_retourkosten"
    assert await answers(sanne, "leeg") == [] and await answers(sanne, "bestaatniet") == []
    everything = await answers(sanne)
    assert everything[0]["name"].startswith("utter_faq_") and len(everything) > 5


async def test_answers_are_filled_in_for_the_customer_and_the_agent(data: Store, sanne: Agent) -> None:
    text = "Hoi {klant}, je bestelling {bestelnummer} is bij {medewerker}."
    elsewhere = (Variant("Kort.", "instagram"), Variant("Om en om."))
    await data.templates.save(Template("utter_faq_invullen", "Invullen", text, variants=elsewhere), expected_version=0)
    written = await write(data, "hallo")
    nlu = naming(NOT_SURE, order_number="WS-1", person="Jan")
    await answer(data, written, nlu=nlu)
    (filled,) = await answers(sanne, "invullen", written.conversation_id)
    assert filled["text"] == "Hoi Jan, je bestelling WS-1 is bij Sanne."
    on_instagram = await write(data, "hallo", channel="instagram", customer_id="8001")
    (filled,) = await answers(sanne, "invullen", on_instagram.conversation_id)
    assert filled["text"] == "Kort.", "as the customer would read it there"
    (empty,) = await answers(sanne, "invullen")
    assert empty["text"] == "Hoi, je bestelling is bij Sanne."


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Hoi {klant}, dag", "Hoi, dag"),
        ("{klant}!", "!"),
        ("Dank je, {klant}.", "Dank je."),
        ("Ja, {klant}", "Ja,"),
        ("Dag {klant} :)", "Dag :)"),
        ("a {x} b", "a b"),
    ],
)
def test_a_variable_without_a_value_leaves_no_gap(text: str, filled: str) -> None:
    assert render(text, {"klant": ""}) == filled


async def test_without_a_script_an_answer_is_put_behind_what_was_typed(data: Store, sanne: Agent) -> None:
    conversation_id = await mine(data, sanne)
    _, page = await sanne.get(f"/desk/templates?conversation={conversation_id}&q=retour")
    link = re.search(r'href="([^"]*template=utter_faq_retourkosten)"', page)
    assert link and "utter_faq_openingstijden" not in page
    _, opened = await sanne.get(link[1])
    assert draft_in(opened) == "Terugsturen kost 2,95."
    await save_draft(sanne, conversation_id, "Dag! ")
    _, opened = await sanne.get(link[1])
    assert draft_in(opened) == "Dag!\n\nTerugsturen kost 2,95."
    assert (await sanne.get(f"{page_url(conversation_id)}?template=utter_nergens"))[0] == 404


# Suggestions


def suggested(page: str) -> list[str]:
    return re.findall(r'class="suggestion"[^>]*template=(\w+)"', page)


async def test_the_last_message_gets_three_suggestions_at_most(data: Store, sanne: Agent) -> None:
    for number in range(4):
        template = Template(f"utter_faq_s{number}", f"Titel {number}", f"antwoord {min(number, 2)} " + "woord " * 30)
        await data.templates.save(template, expected_version=0)
    names = ["groet", "faq_s0", "nlu_fallback", "faq_geen_antwoord", "faq_s3", "faq_s2", "faq_s1", "faq_openingstijden"]
    ranking = tuple(IntentScore(name, 0.9 - place / 10) for place, name in enumerate(names))
    written = await write(data, "help")
    handoff, conversation_id = Handoff("not_confident", "normal", 1), written.conversation_id
    await answer(data, written, nlu=replace(NOT_SURE, ranking=ranking), handoff=handoff)
    assert suggested((await sanne.get(page_url(conversation_id)))[1]) == []
    await sanne.claim(conversation_id)
    _, page = await sanne.get(page_url(conversation_id))
    # s2 says the same as s3.
    assert suggested(page) == ["utter_faq_s0", "utter_faq_s3", "utter_faq_s1"]
    assert "Titel 0" in page and "Alt 3" in page
    # Of this one nobody knows what it is about.
    await write(data, "en nog iets", conversation_id)
    assert suggested((await sanne.get(page_url(conversation_id)))[1]) == []


# Drafts


async def save_draft(agent: Agent, conversation_id: str, text: str, **fields: str) -> int:
    form = {"text": text, "message_id": uuid.uuid4().hex, "kind": "reply", **fields}
    return (await agent.post(f"{page_url(conversation_id)}/draft", **form))[0]


async def test_a_draft_is_there_wherever_the_agent_signs_in_until_it_is_sent(
    data: Store, sanne: Agent, daan: Agent, sign_in: Callable[[str], Agent]
) -> None:
    conversation_id, message_id = await mine(data, sanne), uuid.uuid4().hex
    assert await save_draft(sanne, conversation_id, "ik zoek <het>\r\nvoor je ", message_id=message_id) == 204
    assert await save_draft(sanne, conversation_id, "is boos", kind="note") == 204
    _, page = await sign_in("sanne").get(page_url(conversation_id))
    assert control(page, "reply") == "ik zoek <het>\nvoor je " and control(page, "message-id") == message_id
    assert control(page, "note") == "is boos"
    assert control((await daan.get(page_url(conversation_id)))[1], "reply") == ""
    await sanne.reply(conversation_id, "ik zoek het voor je", message_id)
    # What was saved a second before sending, and came a second later.
    assert await save_draft(sanne, conversation_id, "ik zoek het voor j", message_id=message_id) == 204
    _, page = await sanne.get(page_url(conversation_id))
    assert control(page, "reply") == "" and control(page, "note") == "is boos"
    assert await save_draft(sanne, conversation_id, "", kind="note") == 204
    assert control((await sanne.get(page_url(conversation_id)))[1], "note") == ""


@pytest.mark.parametrize("fields", [{"text": "x" * 4001}, {"text": "x", "message_id": "1"}])
async def test_a_draft_has_limits(data: Store, sanne: Agent, fields: dict[str, str]) -> None:
    conversation_id = await mine(data, sanne)
    assert await save_draft(sanne, conversation_id, **fields) == 400


# Messages that arrive while an agent writes


async def test_what_the_customer_wrote_meanwhile_is_read_before_an_answer_goes_out(data: Store, sanne: Agent) -> None:
    conversation_id = await mine(data, sanne)
    _, page = await sanne.get(page_url(conversation_id))
    form = {"text": "Morgen komt het.", "message_id": control(page, "message-id")}
    await write(data, "laat maar, <het> is er al", conversation_id)
    seen = control(page, "seen-entry-id")
    status, page = await sanne.post(f"{page_url(conversation_id)}/reply", seen_entry_id=seen, **form)
    assert status == 409 and "Nog niet verzonden" in notice(page)
    assert "De klant schreef intussen dit. Toch versturen?" in page
    assert "laat maar, &lt;het&gt; is er al" in page.partition('id="missed-text"')[2].partition("</blockquote>")[0]
    assert (draft_in(page), control(page, "message-id")) == (form["text"], form["message_id"])
    assert await said(data, conversation_id) == []
    newer = control(page, "seen-entry-id")
    assert (await sanne.post(f"{page_url(conversation_id)}/reply", seen_entry_id=newer, **form))[0] == 303
    # Sent already: a repeat is no conflict, whatever was written since.
    await write(data, "nog iets", conversation_id)
    assert (await sanne.post(f"{page_url(conversation_id)}/reply", seen_entry_id=newer, **form))[0] == 303
    assert await said(data, conversation_id) == [form["text"]]


async def said(store: Store, conversation_id: str) -> list[str]:
    return [one.text for one in await store.conversations.messages(conversation_id) if one.sender == "agent"]


@pytest.mark.parametrize("seen", ["", "no place", "1-1; drop"])
async def test_who_does_not_say_what_was_seen_is_not_held_up(data: Store, sanne: Agent, seen: str) -> None:
    conversation_id = await mine(data, sanne)
    form = {"text": "hoi", "message_id": uuid.uuid4().hex, "seen_entry_id": seen}
    assert (await sanne.post(f"{page_url(conversation_id)}/reply", **form))[0] == 303


# Notes


async def note(agent: Agent, conversation_id: str, text: str, message_id: str = "") -> tuple[int, str]:
    form = {"text": text, "message_id": message_id or uuid.uuid4().hex}
    return await agent.post(f"{page_url(conversation_id)}/note", **form)


async def test_anybody_notes_on_any_conversation_and_no_customer_reads_it(
    data: Store, sanne: Agent, daan: Agent, site: Site
) -> None:
    conversation_id, message_id = await mine(data, sanne), uuid.uuid4().hex
    before = await data.conversations.get(conversation_id)
    answers = await asyncio.gather(*(note(daan, conversation_id, "let op <b>", message_id) for _ in range(3)))
    assert [status for status, _ in answers] == [303] * 3
    (line,) = [one for one in await data.conversations.transcript(conversation_id) if one.message.sender == "note"]
    assert (line.message.text, line.message.agent_name, line.state) == ("let op <b>", "Daan", None)
    assert all(one.sender != "note" for one in await data.conversations.messages(conversation_id))
    after = await data.conversations.get(conversation_id)
    assert (after.last_text, after.owner, after.version) == (before.last_text, before.owner, before.version)
    _, page = await sanne.get(page_url(conversation_id))
    assert "Daan, alleen voor medewerkers" in page and "let op &lt;b&gt;" in page
    # Its words are in no log.
    assert "let op" not in Path(site.log).read_text()


async def mentions(store: Store, account_id: str) -> list[Notification]:
    return [one for one in await store.notifications.latest(account_id) if one.kind == "mention"]


async def test_a_note_names_colleagues_who_hear_of_it_once(data: Store, sanne: Agent, daan: Agent, site: Site) -> None:
    site.account("karim", "agent", name="Karim de Wit")
    site.account("karim2", "agent", name="Karim")
    conversation_id, message_id = await mine(data, sanne), uuid.uuid4().hex
    text = "@karim de wit en @DAAN, zie mail@redactie.nl. @sanne ook, @redactie niet"
    for _ in range(2):
        await note(sanne, conversation_id, text, message_id)
    told = {who: await mentions(data, who) for who in ("karim", "karim2", "daan", "sanne", "redactie")}
    assert {who: len(found) for who, found in told.items()} == {
        "karim": 1,
        "karim2": 0,
        "daan": 1,
        "sanne": 0,
        "redactie": 0,
    }
    (one,) = told["daan"]
    assert (
        one.kind == "mention" and one.url == page_url(conversation_id) and "Sanne noemt je in een notitie" in one.text
    )
    assert "mail@" not in one.text
    _, page = await daan.get(page_url(conversation_id))
    assert re.findall(r'class="mention">(.*?)<', page) == ["@karim de wit", "@DAAN", "@sanne"]
    _, body = await sanne.get("/desk/colleagues")
    ids = {one["id"] for one in json.loads(body)["colleagues"]}
    assert {"karim", "daan", "sanne", "chef"} <= ids and "redactie" not in ids


def test_a_name_that_two_have_means_both() -> None:
    both = [Account("a", "Jan", ("agent",)), Account("b", "jan", ("agent",))]
    assert mentioned("@JAN kijk", both) == both
    assert mentioned("@Jans kijk, x@Jan", both) == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001])
async def test_a_note_that_is_not_kept_comes_back_as_a_note(data: Store, sanne: Agent, text: str) -> None:
    conversation_id = await mine(data, sanne)
    status, page = await note(sanne, conversation_id, text)
    assert status == 400 and "Niet bewaard." in notice(page)
    assert control(page, "note") == text.strip() and control(page, "reply") == ""
    assert re.search(r'id="compose-note" checked', page)


# Who else is there


async def test_colleagues_see_who_looks_and_who_types(data: Store, sanne: Agent, daan: Agent) -> None:
    conversation_id = await mine(data, sanne)
    url = f"{page_url(conversation_id)}/viewing"
    assert json.loads((await daan.post(url, doing="here"))[1]) == {"others": []}
    assert "Daan kijkt mee." in (await sanne.get(page_url(conversation_id)))[1]
    assert (await sanne.post(f"{page_url(conversation_id)}/typing"))[0] == 204
    others = json.loads((await daan.post(url, doing="typing"))[1])["others"]
    assert others == [{"id": "sanne", "name": "Sanne", "types": True}]
    assert "Daan typt." in (await sanne.get(page_url(conversation_id)))[1]
    assert (await daan.post(url, doing="gone"))[0] == 204
    assert "Daan" not in (await sanne.get(page_url(conversation_id)))[1].partition('id="others-here"')[2][:60]
    assert (await sanne.post("/desk/widget-nergens/viewing", doing="here"))[0] == 404


# Labels


async def test_agents_put_labels_on_and_take_them_off(data: Store, sanne: Agent, daan: Agent) -> None:
    conversation_id = await handed_over(data)
    url = f"{page_url(conversation_id)}/labels"
    assert (await sanne.post(url, add=" <Levering>  laat "))[0] == 303
    assert (await daan.post(url, add="<levering> LAAT"))[0] == 303
    assert (await data.conversations.get(conversation_id)).labels == ("<Levering> laat",)
    _, page = await daan.get(page_url(conversation_id))
    assert "<bdi>&lt;Levering&gt; laat</bdi>" in page
    other = await handed_over(data)
    assert '<option value="&lt;Levering&gt; laat">' in (await daan.get(page_url(other)))[1]
    status, page = await daan.post(url, add="x" * 41)
    assert status == 400 and "1 tot 40 tekens" in notice(page)
    assert (await daan.post(url, remove="<Levering> laat"))[0] == 303
    assert (await data.conversations.get(conversation_id)).labels == ()


async def test_managers_keep_the_list_of_labels_tidy(data: Store, sign_in: Callable[[str], Agent]) -> None:
    manager, conversation_id = sign_in("manager"), await handed_over(data)
    assert (await manager.post("/team/labels", name="Lelijk <b>", colour="red"))[0] == 303
    await data.labels.add(conversation_id, "lelijk <B>")
    _, page = await manager.get("/team/labels")
    assert 'class="label label-red"><span><bdi>Lelijk &lt;b&gt;</bdi>' in page and "Gesprekken: </span>1</td>" in page
    for form, status in (({"name": "LELIJK <b>"}, 409), ({"name": " "}, 400)):
        got, page = await manager.post("/team/labels", **form)
        assert got == status and "error-summary" in page
    assert (await manager.post("/team/labels/change", label="Lelijk <b>", name="Mooi", colour="green"))[0] == 303
    assert (await data.conversations.get(conversation_id)).labels == ("Mooi",)
    # What was not done at once is done by itself.
    await data._client.hset(data._keys.label_changes, "Mooi", "Mooier")
    async with asyncio.timeout(10):
        while (await data.conversations.get(conversation_id)).labels != ("Mooier",):
            await asyncio.sleep(0.05)
    await data.labels.set(conversation_id, ["Mooi"])
    assert (await manager.post("/team/labels/change", label="Lelijk <b>", name="x", colour="green"))[0] == 404
    assert (await manager.post("/team/labels", name="x", colour="roze"))[0] == 400
    assert (await manager.post("/team/labels/remove", label="Mooi"))[0] == 303
    assert (await data.conversations.get(conversation_id)).labels == ()
    deeds = [(one.what, one.about) for one in await data.audit.page(limit=3)]
    assert deeds == [("label.removed", "Mooi"), ("label.changed", "Lelijk <b>"), ("label.created", "Lelijk <b>")]


# Limits of channels


@pytest.mark.parametrize(
    ("channel", "size", "parts"), [("messenger", 1999, True), ("instagram", 999, True), ("comment", 1999, False)]
)
async def test_the_box_knows_how_much_a_platform_takes(
    data: Store, sanne: Agent, channel: str, size: int, parts: bool
) -> None:
    conversation_id = f"{channel}-1001-{uuid.uuid4().hex[:6]}"
    await data.conversations.note_contact(conversation_id, Contact(channel, "6001", "1001", opened_at_ms=1))
    _, page = await sanne.get(page_url(conversation_id))
    assert f'data-limit="{size}"' in page
    conversation = await data.conversations.get(conversation_id)
    limit = text_limit(conversation)
    assert limit and limit.parts is parts
    assert bool(too_long(conversation, "x" * (size + 3))) is not parts
    if not parts:
        status, page = await sanne.reply(conversation_id, "x" * (size + 3))
        assert status == 400 and "Haal er 3 weg." in notice(page)
        assert too_long(conversation, "x" * size) == ""


async def test_a_widget_takes_all_that_can_be_typed(data: Store, sanne: Agent) -> None:
    assert "data-limit" not in (await sanne.get(page_url(await handed_over(data))))[1]


@pytest.mark.parametrize("action", ["note", "retry", "draft", "viewing", "labels"])
async def test_only_agents_and_only_conversations_that_are_there(
    data: Store, sanne: Agent, sign_in: Callable[[str], Agent], action: str
) -> None:
    form = {"text": "x", "message_id": uuid.uuid4().hex, "doing": "here", "add": "x"}
    status, _ = await sanne.post(f"/desk/widget-nergens/{action}", **form)
    assert status == (204 if action == "draft" else 404)
    conversation_id = await handed_over(data)
    for name, expected in (("redactie", 403), ("nobody", 401)):
        assert (await sign_in(name).post(f"{page_url(conversation_id)}/{action}", **form))[0] == expected
