"""Finding entries of the audit log, in a real Redis."""

from __future__ import annotations

import pytest

from bot.errors import InvalidMessage
from bot.store import Store, audit


async def test_search_goes_on_from_page_to_page_and_finds_each_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOKED_AT_ONCE", 4)
    for number in range(10):
        await store.audit.note("sanne" if number % 2 else "noor", "template.saved", f"utter_{number}")
    found, before = [], ""
    for _ in range(3):
        page = await store.audit.search(account_id="sanne", before=before, limit=2)
        found += [entry.about for entry in page.entries]
        before = page.before
    assert found == ["utter_9", "utter_7", "utter_5", "utter_3", "utter_1"]
    assert before == ""


async def test_search_finds_what_was_done_to_an_account_and_one_kind_of_deed(store: Store) -> None:
    await store.audit.note("baas", "account.created", "sanne")
    await store.audit.note("sanne", "template.saved", "utter_groet")
    await store.audit.note("baas", "template.saved", "utter_groet")
    of_sanne = await store.audit.search(account_id="sanne")
    assert [entry.what for entry in of_sanne.entries] == ["template.saved", "account.created"]
    templates = await store.audit.search(kind="template")
    assert [entry.account_id for entry in templates.entries] == ["baas", "sanne"]
    assert (await store.audit.search(kind="temp")).entries == ()


async def test_search_that_finds_little_stops_and_says_where_to_go_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "LOOKED_AT_ONCE", 2)
    monkeypatch.setattr(audit, "MAX_LOOKED_AT", 4)
    await store.audit.note("noor", "template.saved", "utter_groet")
    for _ in range(4):
        await store.audit.note("sanne", "template.saved", "utter_groet")
    first = await store.audit.search(account_id="noor")
    assert first.entries == () and first.before
    second = await store.audit.search(account_id="noor", before=first.before)
    assert [entry.account_id for entry in second.entries] == ["noor"] and not second.before


async def test_last_page_that_is_just_full_has_no_next_one(store: Store) -> None:
    for _ in range(4):
        await store.audit.note("sanne", "template.saved", "utter_groet")
    first = await store.audit.search(limit=2)
    assert not (await store.audit.search(before=first.before, limit=2)).before


async def test_odd_place_to_go_on_is_refused(store: Store) -> None:
    with pytest.raises(InvalidMessage):
        await store.audit.search(before="(evil")
