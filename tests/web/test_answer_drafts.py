"""From draft to what customers read: who may do what, and two people on one answer. Over HTTP, without JavaScript."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from tests.conftest import Site
from tests.web.answer_form import address, new_answer, opened, send, set_review
from tests.web.visitor import Page, Visitor


@pytest.fixture
def robin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("robin", "editor", name="Robin"))


@pytest.fixture
def mira(site: Site) -> Visitor:
    return Visitor(site.url, site.session("mira", "manager", name="Mira"))


@pytest.fixture
def answer(site: Site) -> Template:
    return new_answer(site)


@pytest.fixture
def review(site: Site) -> Iterator[None]:
    """Every answer needs a second pair of eyes, for one test."""
    site.run(lambda store: set_review(store, True))
    yield
    site.run(lambda store: set_review(store, False))


def read_by_customers(site: Site, answer: Template) -> str:
    return site.run(lambda store: store.templates.get(answer.name)).text


def draft_of(site: Site, answer: Template) -> AnswerDraft | None:
    return site.run(lambda store: store.answer_drafts.get(answer.name))


def test_a_draft_is_kept_for_everybody_and_read_by_no_customer(
    site: Site, robin: Visitor, mira: Visitor, answer: Template
) -> None:
    saved = send(robin, answer, opened(robin, answer), "draft", text="Nieuw.", because="Nieuwe prijs")
    assert "Concept opgeslagen. Klanten zien het nog niet." in robin.get(saved.location).text
    assert read_by_customers(site, answer) == "De eerste tekst."
    page = mira.get(address(answer))
    assert page.value("text") == "Nieuw." and "Concept van Robin" in page.text and "Nieuwe prijs" in page.text
    assert "Klanten zien nog versie 1." in page.text
    assert "concept" in next(row for row in mira.get("/editor").body.split("<tr class") if answer.name in row)
    published = send(mira, answer, opened(mira, answer), "publish")
    assert "Gepubliceerd. Klanten zien dit antwoord nu." in mira.get(published.location).text
    stored = site.run(lambda store: store.templates.get(answer.name))
    assert (stored.text, stored.edited_by, stored.written_by, stored.because) == (
        "Nieuw.",
        "mira",
        "robin",
        "Nieuwe prijs",
    )
    assert draft_of(site, answer) is None
    history = mira.get(address(answer)).text
    assert "Concept van Robin" in history and "“ Nieuwe prijs ”" in history, "who and when stays"


def test_without_the_rule_publishing_is_one_click(site: Site, robin: Visitor, answer: Template) -> None:
    assert send(robin, answer, opened(robin, answer), "publish", text="Meteen.").status == 303
    assert read_by_customers(site, answer) == "Meteen."


def test_a_draft_may_be_unfinished_and_what_is_missing_is_said(site: Site, robin: Visitor, answer: Template) -> None:
    saved = send(robin, answer, opened(robin, answer), "draft", text="", title="")
    page = robin.get(saved.location)
    assert "Vul het antwoord in." in page.text and "Vul een titel in." in page.text
    refused = send(robin, answer, opened(robin, answer), "publish")
    assert refused.status == 400 and read_by_customers(site, answer) == "De eerste tekst."
    assert send(robin, answer, opened(robin, answer), "review").status == 400


def test_saving_what_customers_read_already_makes_no_draft(site: Site, robin: Visitor, answer: Template) -> None:
    saved = send(robin, answer, opened(robin, answer), "draft")
    assert "Er is niets veranderd." in robin.get(saved.location).text and draft_of(site, answer) is None
    send(robin, answer, opened(robin, answer), "draft", text="Iets.")
    send(robin, answer, opened(robin, answer), "draft", text="De eerste tekst.")
    assert draft_of(site, answer) is None, "typed back to what it was"


def test_throwing_a_draft_away_changes_nothing_for_customers(site: Site, robin: Visitor, answer: Template) -> None:
    send(robin, answer, opened(robin, answer), "draft", text="Nee toch niet.")
    version = opened(robin, answer)["draft_version"]
    gone = robin.post(address(answer) + "/discard", draft_version=version)
    assert "Het concept is weg." in robin.get(gone.location).text
    assert draft_of(site, answer) is None and read_by_customers(site, answer) == "De eerste tekst."
    assert robin.post(address(answer) + "/discard", draft_version=version).status == 303, "a double click"


def test_a_draft_that_somebody_changed_is_not_thrown_away_unseen(
    site: Site, robin: Visitor, mira: Visitor, answer: Template
) -> None:
    send(robin, answer, opened(robin, answer), "draft", text="Van Robin.")
    version = opened(robin, answer)["draft_version"]
    send(mira, answer, opened(mira, answer), "draft", text="Van Mira.")
    assert robin.post(address(answer) + "/discard", draft_version=version).status == 409
    draft = draft_of(site, answer)
    assert draft and draft.template.text == "Van Mira."


# A second pair of eyes.


def test_who_made_a_draft_does_not_publish_it_and_a_colleague_does(
    site: Site, robin: Visitor, mira: Visitor, answer: Template, review: None
) -> None:
    page = send(robin, answer, opened(robin, answer), "publish", text="Zelf.")
    assert page.status == 403 and "een collega moet dit eerst nakijken" in page.text
    assert page.value("text") == "Zelf.", "what was typed stays"
    send(robin, answer, opened(robin, answer), "review", text="Samen.")
    form = opened(robin, answer)
    assert 'value="publish"' not in robin.get(address(answer)).body
    assert send(robin, answer, form, "publish").status == 403
    assert read_by_customers(site, answer) == "De eerste tekst."
    # Nor what the colleague changes on the way.
    assert send(mira, answer, opened(mira, answer), "publish", text="Anders.").status == 403
    assert send(mira, answer, opened(mira, answer), "publish").status == 303
    assert read_by_customers(site, answer) == "Samen."


def test_who_only_asks_for_the_review_of_anothers_draft_has_not_written_it(
    site: Site, robin: Visitor, mira: Visitor, answer: Template, review: None
) -> None:
    send(robin, answer, opened(robin, answer), "draft", text="Van Robin.")
    send(mira, answer, opened(mira, answer), "review")
    assert send(robin, answer, opened(robin, answer), "publish").status == 403
    assert send(mira, answer, opened(mira, answer), "publish").status == 303


def test_a_draft_is_sent_back_with_a_note_and_stays_its_authors(
    site: Site, robin: Visitor, mira: Visitor, answer: Template, review: None
) -> None:
    send(robin, answer, opened(robin, answer), "review", text="Samen.", because="Klopt dit?")
    version = opened(mira, answer)["draft_version"]
    empty = mira.post(address(answer) + "/return", draft_version=version, note=" ")
    assert empty.status == 400 and "Schrijf wat er anders moet" in empty.text
    back = mira.post(address(answer) + "/return", draft_version=version, note="Noem de <b>prijs</b>.")
    assert "Teruggestuurd." in mira.get(back.location).text
    page = robin.get(address(answer))
    assert "Mira stuurde het terug: “ Noem de <b>prijs</b>. ”" in page.text and "<b>prijs" not in page.body
    told = site.run(lambda store: store.notifications.latest("robin"))[0]
    assert told.text.startswith("Mira stuurde je concept van") and told.url == address(answer)
    assert page.value("because") == "", "the note is no reason of Robin's"
    assert send(robin, answer, opened(robin, answer), "publish").status == 403
    assert mira.post(address(answer) + "/return", draft_version=version, note="Nog eens").status == 409


def test_the_api_is_no_way_round(site: Site, robin: Visitor, answer: Template, review: None) -> None:
    refused = httpx.put(
        f"{site.url}/api/v1/templates/{answer.name}", json={"text": "Via de API."}, cookies=robin.cookies
    )
    assert refused.status_code == 403 and read_by_customers(site, answer) == "De eerste tekst."


def test_the_audit_log_has_every_step(site: Site, robin: Visitor, mira: Visitor, answer: Template) -> None:
    send(robin, answer, opened(robin, answer), "draft", text="Eén.")
    send(robin, answer, opened(robin, answer), "review", text="Twee.")
    version = opened(mira, answer)["draft_version"]
    mira.post(address(answer) + "/return", draft_version=version, note="Nee")
    send(robin, answer, opened(robin, answer), "review")
    send(mira, answer, opened(mira, answer), "publish")
    entries = site.run(lambda store: store.audit.page(limit=30))
    steps = [(one.account_id, one.what, one.details) for one in reversed(entries) if one.about == answer.name]
    assert steps == [
        ("robin", "template.draft", ""),
        ("robin", "template.review", ""),
        ("mira", "template.returned", ""),
        ("robin", "template.review", ""),
        ("mira", "template.saved", "versie 2, concept van robin"),
    ]


# Two people on one answer.


def test_two_drafts_at_once_are_a_conflict_that_shows_both(
    site: Site, robin: Visitor, mira: Visitor, answer: Template
) -> None:
    mine, theirs = opened(robin, answer), opened(mira, answer)
    send(mira, answer, theirs, "draft", text="Van Mira.")
    conflict = send(robin, answer, mine, "draft", text="Van Robin.")
    assert conflict.status == 409 and "Concept van Mira" in conflict.text
    assert "Van Mira." in conflict.text and conflict.value("text") == "Van Robin."
    # Also for who would publish over it.
    assert send(robin, answer, mine, "publish", text="Van Robin.").status == 409
    assert read_by_customers(site, answer) == "De eerste tekst."
    seen = {name: conflict.value(name) for name in ("title", "text", "expected_version", "draft_version")}
    assert send(robin, answer, seen, "draft").status == 303
    draft = draft_of(site, answer)
    assert draft and (draft.template.text, draft.by) == ("Van Robin.", "robin")


def test_a_draft_of_an_older_version_is_not_published_over_a_newer_one(
    site: Site, robin: Visitor, mira: Visitor, answer: Template
) -> None:
    send(robin, answer, opened(robin, answer), "draft", text="Concept.")
    newer = Template(answer.name, answer.title, "Intussen.", edited_by="mira")
    site.run(lambda store: store.templates.save(newer, expected_version=1))
    page = robin.get(address(answer))
    assert "na het begin van dit concept is versie 2 gepubliceerd, door Mira" in page.text
    conflict = send(robin, answer, opened(robin, answer), "publish")
    assert conflict.status == 409 and "Intussen." in conflict.text
    seen = {name: conflict.value(name) for name in ("title", "text", "expected_version", "draft_version")}
    assert send(robin, answer, seen, "publish").status == 303
    assert read_by_customers(site, answer) == "Concept."


def test_publishing_nothing_leaves_a_colleagues_new_draft(
    site: Site, robin: Visitor, mira: Visitor, answer: Template
) -> None:
    form = opened(robin, answer)
    send(mira, answer, opened(mira, answer), "draft", text="Van Mira.")
    send(robin, answer, form, "publish")
    assert draft_of(site, answer) is not None


def test_of_many_who_publish_at_once_one_wins_and_the_others_see_it(site: Site, answer: Template) -> None:
    visitors = [Visitor(site.url, site.session(f"druk-{one}", "editor")) for one in range(4)]
    forms = [opened(one, answer) for one in visitors]
    pages: list[Page] = []

    def press(number: int) -> None:
        pages.append(send(visitors[number], answer, forms[number], "publish", text=f"Van {number}."))

    threads = [threading.Thread(target=press, args=[one]) for one in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(page.status for page in pages) == [303, 409, 409, 409]
    winner = read_by_customers(site, answer)
    assert all(winner.rstrip(".") in page.text for page in pages if page.status == 409)


def test_a_process_that_died_between_publishing_and_ending_the_draft_leaves_no_draft(
    site: Site, robin: Visitor, answer: Template
) -> None:
    async def die_between(store: Store) -> None:
        published = await store.templates.save(Template(answer.name, answer.title, "Nieuw."), expected_version=1)
        await store.answer_drafts.save(AnswerDraft(published, "review", "robin", 1_000))

    site.run(die_between)
    page = robin.get(address(answer))
    assert "Concept van" not in page.text
    assert send(robin, answer, opened(robin, answer), "publish", text="Nog nieuwer.").status == 303
    assert draft_of(site, answer) is None


def test_each_sees_who_else_is_there(site: Site, robin: Visitor, mira: Visitor, answer: Template) -> None:
    assert "bewerkt dit ook" not in robin.get(address(answer)).text
    assert "Robin bewerkt dit ook." in mira.get(address(answer)).text
    seen = robin.post(address(answer) + "/viewing", doing="here").body
    assert '"name":"Mira"' in seen.replace(" ", "") and '"version":1' in seen.replace(" ", "")
    mira.post(address(answer) + "/viewing", doing="typing")
    assert '"types":true' in robin.post(address(answer) + "/viewing", doing="here").body.replace(" ", "")
    mira.post(address(answer) + "/viewing", doing="gone")
    assert "Mira" not in robin.post(address(answer) + "/viewing", doing="here").body


@pytest.mark.parametrize("text", ["😀 مرحبا", "<script>alert(1)</script>", "regel\r\nregel", "x" * 8_000])
def test_odd_text_in_a_draft_stays_as_it_was_typed(robin: Visitor, answer: Template, text: str) -> None:
    assert send(robin, answer, opened(robin, answer), "draft", text=text).status == 303
    page = robin.get(address(answer))
    assert page.value("text") == text.replace("\r\n", "\n") and "<script>alert" not in page.body


def test_a_huge_draft_is_refused_and_said_so(site: Site, robin: Visitor, answer: Template) -> None:
    page = send(robin, answer, opened(robin, answer), "draft", text="x" * 8_001)
    assert page.status == 400 and "Dit mag hoogstens 8000 tekens lang zijn" in page.text
    assert draft_of(site, answer) is None
