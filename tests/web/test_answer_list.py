"""The list of answers with its figures, filters and order, over HTTP; and what decides them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from bot.model import Template
from bot.store import Store
from bot.store.answer_drafts import AnswerDraft
from bot.store.answer_figures import NO_USE, AnswerUse, LastUse
from bot.store.plans import Plan
from bot.store.work import now_ms
from bot.web.editor.list_rows import DAY_MS, Change, Row, in_order, make_rows, next_change
from bot.web.editor.people import Names
from tests.conftest import Site, running_site
from tests.web.visitor import Page, Visitor

NOW = 1_800_000_000_000
SLY = '=HYPERLINK("x")'


def answer(name: str, title: str = "", **fields: str | int | bool) -> Template:
    return replace(Template(f"utter_faq_{name}", title or name.capitalize(), "Een antwoord."), **fields)


def row(name: str = "ruilen", **facts: object) -> Row:
    known = {"template": answer(name), "edited_by": "Sanne", "sent": 0, "use": NO_USE, "last_used_ms": 0, **facts}
    return Row(**known)  # type: ignore[arg-type]


# What belongs to a filter


@pytest.mark.parametrize(("days_ago", "unused"), [(0, False), (89, False), (90, True), (NOW // DAY_MS, True)])
def test_unused_is_what_nobody_got_for_ninety_days(days_ago: int, unused: bool) -> None:
    assert row(last_used_ms=NOW - days_ago * DAY_MS).is_in("unused", NOW) is unused


def test_what_the_program_says_by_itself_is_never_unused() -> None:
    assert not row(template=Template("utter_gesloten", "Gesloten", "Dag.")).is_in("unused", NOW)


@pytest.mark.parametrize(("yes", "no", "unhelpful"), [(2, 3, True), (2, 2, False), (3, 2, False), (0, 5, True)])
def test_unhelpful_is_less_than_sixty_in_a_hundred_of_at_least_five(yes: int, no: int, unhelpful: bool) -> None:
    assert row(use=AnswerUse(9, yes, no)).is_in("unhelpful", NOW) is unhelpful


@pytest.mark.parametrize(("days", "soon"), [(1, True), (14, True), (15, False)])
@pytest.mark.parametrize("begins", [True, False])
def test_what_is_planned_within_two_weeks_changes_soon(days: int, soon: bool, begins: bool) -> None:
    assert row(change=Change(NOW + days * DAY_MS, begins)).is_in("planned", NOW) is soon


def test_the_next_change_is_the_first_that_is_still_to_come() -> None:
    plans = [Plan(answer("ruilen"), NOW - 5, NOW + 20, "sanne", 0), Plan(answer("ruilen"), NOW + 30, 0, "sanne", 0)]
    assert next_change(plans, NOW) == Change(NOW + 20, begins=False)
    assert next_change(plans, NOW + 20) == Change(NOW + 30, begins=True)
    assert next_change(plans, NOW + 30) is None


def test_a_removed_answer_is_in_its_own_list_alone() -> None:
    removed = row(template=answer("weg", is_removed=True), draft="draft", use=AnswerUse(9, 0, 9))
    assert [removed.is_in(one, NOW) for one in ("removed", "", "unused", "unhelpful", "draft")] == [True] + [False] * 4
    assert not row().is_in("removed", NOW)


@pytest.mark.parametrize("descending", [True, False])
def test_of_whom_no_figure_is_known_is_at_the_end_either_way(descending: bool) -> None:
    low, high = row("laag", use=AnswerUse(9, 1, 5)), row("hoog", use=AnswerUse(9, 5, 1))
    found = in_order([row("geen"), low, high], "helped", descending=descending)
    assert found == [*([high, low] if descending else [low, high]), row("geen")]


def test_those_alike_are_by_title() -> None:
    rows = [row("b", sent=1), row("c", sent=2), row("a", sent=1)]
    assert [one.title for one in in_order(rows, "used", descending=True)] == ["C", "A", "B"]
    assert [one.title for one in in_order(rows, "used", descending=False)] == ["A", "B", "C"]


def test_a_draft_that_says_what_customers_read_is_none() -> None:
    one = answer("ruilen")
    drafts = {one.name: AnswerDraft(replace(one, version=3), "draft", "sanne", 1)}
    [made] = make_rows(
        [one], names=Names({}), drafts=drafts, plans={}, sent={}, helped={}, last_use=LastUse({}, 0), now_ms=NOW
    )
    assert (made.draft, made.edited_by) == ("", "meegeleverd")


# The page


@pytest.fixture(scope="module")
def shop(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with the project's 17 answers, and 202 others, of which one is used."""
    with running_site(redis_url, tmp_path_factory.mktemp("list")) as site:
        site.run(_fill)
        yield site


async def _fill(store: Store) -> None:
    for number in range(200):
        await store.templates.save(answer(f"vraag_{number:03}", edited_by="noor"), expected_version=0)
    for one in (answer("ruilen", SLY), answer("opsturen")):
        await store.templates.save(one, expected_version=0)
    today, used = now_ms() // DAY_MS, store._keys.answers_used
    counts = {"sent utter_faq_opsturen": 1234, "yes utter_faq_opsturen": 1, "no utter_faq_opsturen": 7}
    await store._client.hset(store._keys.answers_used_on(today - 3), mapping=counts)
    await store._client.hset(store._keys.answers_used_on(today - 40), "sent utter_faq_opsturen", 5)
    await store._client.hset(used, "utter_faq_opsturen", now_ms() - 3 * DAY_MS)
    await store.answer_drafts.save(AnswerDraft(answer("ruilen", "Ruilen"), "review", "noor", now_ms()))
    plan = Plan(answer("ruilen"), now_ms() + DAY_MS, now_ms() + 2 * DAY_MS, "noor", now_ms())
    await store.plans.add(plan)


@pytest.fixture
def editor(shop: Site) -> Visitor:
    return Visitor(shop.url, shop.session("sanne", "editor", name="Sanne de Wit"))


def names(page: Page) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/editor/(\w+)"', page.body)


def row_of(page: Page, name: str) -> str:
    [found] = [one for one in re.findall(r'<tr class="answer-row">.*?</tr>', page.body, re.DOTALL) if f"/{name}" in one]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", found))


def test_a_row_says_how_often_it_was_sent_and_whether_it_helped(editor: Visitor) -> None:
    page = editor.get("/editor?q=gesloten+opsturen")
    assert names(page) == [], "all words must be found"
    found = row_of(editor.get("/editor?q=opsturen"), "utter_faq_opsturen")
    assert "1234" in found and "12% van 8" in found, found
    assert "nog te weinig klanten" in row_of(editor.get("/editor?q=gesloten"), "utter_gesloten")


def test_a_row_says_what_is_going_on(editor: Visitor) -> None:
    found = row_of(editor.get("/editor?q=ruilen"), "utter_faq_ruilen")
    assert "ter beoordeling" in found and "ander antwoord vanaf" in found


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("unhelpful", ["utter_faq_opsturen"]),
        ("planned", ["utter_faq_ruilen"]),
        ("review", ["utter_faq_ruilen"]),
        ("draft", []),
        ("removed", []),
    ],
)
def test_a_filter_leaves_what_belongs_to_it_and_says_how_many(
    editor: Visitor, filter: str, expected: list[str]
) -> None:
    page = editor.get(f"/editor?filter={filter}")
    assert names(page) == expected
    assert f"{len(expected)} antwoord" in page.text
    assert ("Bekijk alle antwoorden" in page.text) is not expected


def test_unused_says_since_when_that_is_known(shop: Site, editor: Visitor) -> None:
    page = editor.get("/editor?filter=unused")
    assert "203 antwoorden" in page.text and "utter_faq_opsturen" not in names(page)
    assert "We tellen dit sinds" in page.text


def test_more_than_a_page_is_paged_and_a_page_too_far_is_the_last(editor: Visitor) -> None:
    first, second = editor.get("/editor"), editor.get("/editor?page=2")
    assert (len(names(first)), len(names(second))) == (200, 19)
    assert "219 antwoorden" in first.text and "Bladzijde 1 van 2" in first.text
    assert names(second)[4:] == sorted(names(second)[4:]) and names(second)[-1] == "utter_terug_naar_assistent", (
        "what the program says by itself comes last"
    )
    for wild in ("99", "0", "-1", "x", "%C2%B2", "9" * 400):
        assert editor.get(f"/editor?page={wild}").status == 200
    assert names(editor.get("/editor?page=99")) == names(second)


def test_a_column_sorts_and_a_second_click_turns_it_round(editor: Visitor) -> None:
    page = editor.get("/editor?sort=used")
    assert names(page)[0] == "utter_faq_opsturen" and 'aria-sort="descending"' in page.body
    assert 'href="/editor?sort=used&amp;order=asc"' in page.body
    assert names(editor.get("/editor?sort=used&order=asc&page=2"))[3] == "utter_faq_opsturen", (
        "the last of the questions"
    )


def test_a_filter_keeps_the_words_and_the_order(editor: Visitor) -> None:
    page = editor.get("/editor?q=ops&sort=used&order=asc&page=3")
    assert "/editor?q=ops&amp;filter=unhelpful&amp;sort=used&amp;order=asc" in page.body
    assert page.value("sort") == "used" and page.value("q") == "ops"


@pytest.mark.parametrize("asked", ["filter=wild&sort=wild&order=wild", "q=" + "%F0%9F%98%80" * 300, "q=%00%E2%80%AE"])
def test_what_is_not_known_in_the_address_does_no_harm(editor: Visitor, asked: str) -> None:
    assert editor.get(f"/editor?{asked}").status == 200


def test_the_list_is_a_file_with_all_pages_and_no_formulas(editor: Visitor) -> None:
    page = editor.get("/editor.csv?sort=used")
    assert "antwoorden.csv" in page.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(page.body.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert len(lines) == 219
    assert (lines[0]["Naam"], lines[0]["Gebruikt (30 dagen)"], lines[0]["Niet geholpen (90 dagen)"]) == (
        "utter_faq_opsturen",
        "1234",
        "7",
    )
    [sly] = [line for line in lines if line["Naam"] == "utter_faq_ruilen"]
    assert sly["Onderwerp"] == f"'{SLY}" and sly["Status"] == "ter beoordeling"
    assert len(editor.get("/editor.csv?filter=unhelpful").body.splitlines()) == 2


def test_an_answers_own_page_has_its_figures(editor: Visitor) -> None:
    text = editor.get("/editor/utter_faq_opsturen").text
    assert "Laatste 30 dagen 1234 12% van 8 Laatste 90 dagen 1239 12% van 8" in " ".join(text.split())
    assert "Nog geen klant kreeg dit." in editor.get("/editor/utter_gesloten").text
