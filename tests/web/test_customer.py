"""The customer's card beside a conversation, and the stakeholder lists, over HTTP and without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bot.model import Account, Handoff
from bot.store import Store
from bot.store.work import now_ms
from tests.conftest import Site, until
from tests.fakes.conversations import NOT_SURE, answer, handed_over, naming, write
from tests.web.visitor import Page, Visitor

SANNE = Account("sanne", "Sanne", ("agent",))


@pytest.fixture
def sanne(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "agent", name="Sanne"))


@pytest.fixture
def daan(site: Site) -> Visitor:
    return Visitor(site.url, site.session("daan", "agent", name="Daan"))


@pytest.fixture
def chef(site: Site) -> Visitor:
    return Visitor(site.url, site.session("chef", "manager"))


def waiting(site: Site, **fields: str) -> str:
    return site.run(lambda store: handed_over(store, **fields))  # type: ignore[arg-type]


def card(visitor: Visitor, conversation_id: str, find: str = "") -> str:
    page = visitor.get(f"/desk/{conversation_id}" + (f"/customer?find={find}" if find else ""))
    assert page.status == 200
    found = re.search(r'<aside class="customer-card".*?</aside>', page.body, re.S)
    assert found
    return found[0]


def text(html: str) -> str:
    return Page(200, None, html).text  # type: ignore[arg-type]


async def complained(store: Store, conversation_id: str, *, close: bool) -> None:
    await handed_over(store, "wat een bende", conversation_id, reason="complaint", channel="rest")
    if close:
        await store.queue.claim(await store.conversations.get(conversation_id), SANNE)
        await store.queue.close(await store.conversations.get(conversation_id), reason="solved")


def test_a_stranger_has_a_card_with_nothing_on_it(site: Site, sanne: Visitor) -> None:
    shown = text(card(sanne, waiting(site)))
    assert "Nog geen eerder contact bekend." in shown and "1 gesprek" in shown and "klacht" not in shown


def test_earlier_contact_complaints_and_what_was_named_come_together(site: Site, sanne: Visitor) -> None:
    async def prepare(store: Store) -> None:
        await complained(store, "rest-oud", close=True)
        asked = await write(store, "waar is ws-1048221", "rest-nieuw", channel="rest")
        await answer(
            store,
            asked,
            nlu=naming(NOT_SURE, order_number="WS-1048221"),
            handoff=Handoff("complaint", "normal", now_ms()),
        )
        await store.labels.set("rest-oud", ["Vermist"])
        old, new = await store.conversations.get("rest-oud"), await store.conversations.get("rest-nieuw")
        await store.people.join(old, new, SANNE)

    site.run(prepare)
    shown = card(sanne, "rest-nieuw")
    assert "Klaagt vaker: al 2 klachten" in shown and "Vermist" in shown and "2 gesprekken" in text(shown)
    assert re.search(r'<a href="/desk/rest-oud"[^>]*>Klacht</a>', shown) and "Sanne · opgelost" in text(shown)
    assert 'data-copy="WS-1048221"' in card(sanne, "rest-oud")


def test_colleagues_read_a_note_and_only_its_writer_takes_it_back(site: Site, sanne: Visitor, daan: Visitor) -> None:
    conversation_id = waiting(site)
    url = f"/desk/{conversation_id}/customer"
    done = sanne.post(f"{url}/note", text="Belt <b>liever</b>")
    assert (done.status, done.location) == (303, f"/desk/{conversation_id}#customer-card")
    shown = card(daan, conversation_id)
    assert "Belt &lt;b&gt;liever" in shown and "remove-note" not in shown
    (note_id,) = re.findall(r'name="note_id" value="(\w+)"', card(sanne, conversation_id))
    assert daan.post(f"{url}/remove-note", note_id=note_id).status == 404
    assert sanne.post(f"{url}/remove-note", note_id=note_id).status == 303
    assert "Belt" not in card(daan, conversation_id)


@pytest.mark.parametrize(("deed", "field"), [("note", "text"), ("name", "name")])
def test_what_is_too_long_is_refused_and_stays_typed(site: Site, sanne: Visitor, deed: str, field: str) -> None:
    conversation_id = waiting(site)
    page = sanne.post(f"/desk/{conversation_id}/customer/{deed}", **{field: "x" * 2001})
    assert page.status == 400 and "Niet bewaard." in page.text
    assert deed != "note" or "x" * 2001 in page.body
    fragment = sanne.post(f"/desk/{conversation_id}/customer/{deed}", {"x-fragment": "1"}, **{field: "x" * 2001})
    assert fragment.status == 400 and fragment.body.lstrip().startswith("<aside")


def test_the_team_has_its_own_name_and_lists_for_a_customer(site: Site, sanne: Visitor, chef: Visitor) -> None:
    conversation_id = waiting(site)
    sanne.post(f"/desk/{conversation_id}/customer/name", name=" Anna  de Wit ")
    done = sanne.post(f"/desk/{conversation_id}/customer/lists", {"x-fragment": "1"}, lists=["pers", "unknown"])
    assert done.location == f"/desk/{conversation_id}/customer"
    shown = card(sanne, conversation_id)
    assert "Anna de Wit" in shown and 'value="pers" checked' in shown and 'value="influencer" checked' not in shown
    lists = chef.get("/team/lijsten")
    assert f'href="/desk/{conversation_id}"' in lists.body and "Anna de Wit" in lists.text


def test_the_same_customer_is_found_linked_and_unlinked_again(site: Site, sanne: Visitor, daan: Visitor) -> None:
    one, two = waiting(site, text="eerste"), waiting(site, text="mijn bestelling is WS-7654321", channel="rest")
    sanne.post(f"/desk/{two}/customer/note", text="over twee")

    def found() -> str:
        shown = card(sanne, one, find="65432")
        return "" if "Niets gevonden" in shown else shown

    shown = until(found)
    assert "<mark>65432</mark>" in shown and f'name="other" value="{two}"' in shown
    assert f'value="{one}"' not in shown
    assert sanne.post(f"/desk/{one}/customer/link", other=two).status == 303
    assert daan.post(f"/desk/{two}/customer/link", other=one).status == 400
    assert sanne.post(f"/desk/{one}/customer/link", other="unknown").status == 404
    joined = card(daan, one)
    assert "over twee" in joined and f'href="/desk/{two}"' in joined and "Samen met" in joined
    (join_id,) = re.findall(r'name="join_id" value="(\w+)"', joined)
    assert daan.post(f"/desk/{two}/customer/unlink", join_id=join_id).status == 303
    assert daan.post(f"/desk/{two}/customer/unlink", join_id=join_id).status == 404
    assert "over twee" not in card(daan, one) and "over twee" in card(daan, two)


def test_a_verified_customer_is_called_so(site: Site, sanne: Visitor) -> None:
    conversation_id = waiting(site)
    site.run(lambda store: store.people.identify(conversation_id, "4711", name="Anna", email="anna@voorbeeld.nl"))
    shown = text(card(sanne, conversation_id))
    assert "Geverifieerd klant 4711" in shown and "anna@voorbeeld.nl" in shown


def test_managers_make_lists(site: Site, chef: Visitor) -> None:
    assert chef.post("/team/lijsten", name="Gemeenteraad").location == "/team/lijsten?done=created"
    twice = chef.post("/team/lijsten", name="gemeenteraad")
    assert twice.status == 409 and twice.value("name") and "Er is al een lijst met deze naam." in twice.text
    assert chef.post("/team/lijsten", name="").status == 400
    assert chef.post("/team/lijsten/change", list="gemeenteraad", name="Raad").status == 303
    assert "Raad" in chef.get("/team/lijsten?done=changed").text
    assert chef.post("/team/lijsten/change", list="gemeenteraad", name="Pers").status == 409
    assert chef.post("/team/lijsten/remove", list="gemeenteraad").status == 303
    assert chef.post("/team/lijsten/remove", list="gemeenteraad").status == 404


@pytest.mark.parametrize("path", ["/desk/unknown/customer", "/desk/unknown"])
def test_there_is_no_card_without_a_conversation(sanne: Visitor, path: str) -> None:
    assert sanne.get(path).status == 404


def test_who_did_what_is_on_record(site: Site, sanne: Visitor) -> None:
    one, two = waiting(site), waiting(site)
    sanne.post(f"/desk/{one}/customer/link", other=two)
    entries: Callable[[Store], object] = lambda store: store.audit.page(limit=5)  # noqa: E731
    (entry, *_) = site.run(entries)  # type: ignore[arg-type]
    assert (entry.account_id, entry.what, entry.about, entry.details) == ("sanne", "person.joined", one, two)
