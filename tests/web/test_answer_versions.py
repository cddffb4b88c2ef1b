"""An answer's other wordings, its picture, its preview on each channel, its versions, and its removal; over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.answers import Answers
from bot.errors import NotFound
from bot.model import Button, Image, Template, Variant
from bot.store import Store
from bot.store.crisis import Crisis
from bot.store.work import now_ms
from bot.web.editor.compare import as_text, compare
from bot.web.editor.preview import preview
from tests.conftest import Site
from tests.web.answer_form import address, new_answer, opened, send
from tests.web.visitor import Page, Visitor

PICTURE = {"picture-url": "https://winkel.example/kaart.png", "picture-alt": "De kaart"}


@pytest.fixture
def robin(site: Site) -> Visitor:
    return Visitor(site.url, site.session("robin", "editor", name="Robin"))


@pytest.fixture
def answer(site: Site) -> Template:
    return new_answer(site)


def stored(site: Site, answer: Template) -> Template:
    return site.run(lambda store: store.templates.published(answer.name))


def bubbles(page: Page, part: str) -> list[str]:
    """The texts in the preview of the widget, or of the other channel."""
    found = re.search(rf'id="preview-{part}".*?</section>', page.body, re.DOTALL)
    assert found
    return [re.sub(r"<[^>]*>", "", one) for one in re.findall(r'"preview-text">(.*?)</p>', found[0], re.DOTALL)]


def test_other_wordings_and_a_picture_are_saved_and_sent(site: Site, robin: Visitor, answer: Template) -> None:
    variants = {
        "variant-1-text": "Om en om.",
        "variant-1-channel": "",
        "variant-2-text": "",
        "variant-3-text": "Kort.",
        "variant-3-channel": "instagram",
    }
    assert send(robin, answer, opened(robin, answer), "publish", **variants, **PICTURE).status == 303
    now = stored(site, answer)
    assert now.variants == (Variant("Om en om."), Variant("Kort.", "instagram"))
    assert now.image == Image("https://winkel.example/kaart.png", "De kaart")
    page = robin.get(address(answer))
    assert [page.value(f"variant-{number}-text") for number in (1, 2, 3)] == ["Om en om.", "Kort.", ""]
    assert page.value("picture-alt") == "De kaart"

    async def said(store: Store, channel: str) -> set[str]:
        answers = Answers(store.templates, site.settings, store.departments, store.editing_rules)
        return {(await answers.message(answer.name, f"c{one}", channel=channel)).text for one in range(20)}

    assert site.run(lambda store: said(store, "widget")) == {"De eerste tekst.", "Om en om."}
    assert site.run(lambda store: said(store, "instagram")) == {"Kort."}


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"variant-1-text": "Kost {prijs}"}, "{prijs} bestaat niet."),
        ({"variant-1-text": "x" * 2001}, "Andere tekst 1 mag hoogstens 2000 tekens lang zijn"),
        ({"variant-1-text": "Hoi", "variant-1-channel": "fax"}, "Kies wie andere tekst 1 leest."),
        ({f"variant-{one}-text": "Hoi" for one in range(1, 8)}, "Een antwoord heeft hoogstens 6 andere teksten."),
        ({**PICTURE, "picture-url": "http://winkel.example/a.png"}, "dat begint met https://"),
        ({**PICTURE, "picture-url": "javascript:alert(1)"}, "dat begint met https://"),
        ({**PICTURE, "picture-alt": ""}, "Beschrijf de afbeelding"),
        ({**PICTURE, "picture-alt": "x" * 201}, "De beschrijving mag hoogstens 200 tekens lang zijn"),
        ({"because": "x" * 301}, "De uitleg mag hoogstens 300 tekens lang zijn"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    site: Site, robin: Visitor, answer: Template, fields: dict[str, Any], error: str
) -> None:
    page = send(robin, answer, opened(robin, answer), "publish", **fields)
    assert page.status == 400 and page.text.count(error) == 2
    for name, value in fields.items():
        if "channel" not in name:
            assert page.value(name) == value, "what was typed stays"
    assert stored(site, answer) == answer


# The preview.


def test_the_preview_without_javascript_saves_nothing_and_shows_both_channels(
    site: Site, robin: Visitor, answer: Template
) -> None:
    changes = {
        "text": "Welkom in {kanaal}{klant}, {prijs}.",
        "variant-1-text": "Hoi!",
        "variant-1-channel": "instagram",
    }
    page = send(robin, answer, opened(robin, answer), "preview", **changes, preview_channel="instagram", **PICTURE)
    assert page.status == 200 and "Er is nog niets opgeslagen." in page.text
    assert bubbles(page, "widget") == ["Welkom in de chat, {prijs}."] and bubbles(page, "other") == ["Hoi!"]
    assert '<mark class="preview-unknown"' in page.body, "the variable that doesn't exist"
    assert page.body.count('src="https://winkel.example/kaart.png"') == 2
    assert "img-src 'self' data: https:;" in page.headers["content-security-policy"]
    assert "img-src 'self' data: https:;" in robin.get("/demo").headers["content-security-policy"]
    assert "https:;" not in robin.get("/editor").headers["content-security-policy"].partition("connect-src")[0]
    assert page.value("text") == changes["text"] and stored(site, answer) == answer


def test_the_preview_is_a_part_of_the_page_for_scripts(site: Site, robin: Visitor, answer: Template) -> None:
    form = {**opened(robin, answer), "text": "<b>Hoi</b> 😀 مرحبا"}
    part = robin.post_form(address(answer) + "/preview", form)
    assert "<html" not in part.body and "<b>Hoi" not in part.body
    assert part.text.count("<b>Hoi</b> 😀 مرحبا") == 2
    assert stored(site, answer) == answer


def test_a_platform_shows_what_it_does_with_a_long_answer() -> None:
    links = (Button("Site", url="https://winkel.example"), Button("Retour", "/faq_retour"))
    template = Template("utter_faq_x", "X", "Zin. " * 500, links, image=Image("https://a.example/b.png", "Kaart"))
    values: dict[str, dict[str, str]] = {one: {} for one in ("widget", "messenger", "instagram", "comment", "rest")}
    shown = preview(template, values, other="messenger")
    [wording] = shown.other.wordings
    assert wording[0].image and not wording[0].text, "the picture goes first"
    assert wording[-1].links == ("Site",) and wording[-1].replies == ("Retour",)
    assert shown.other.notes == ("Dit gaat als 2 berichten, want het is te lang voor één.",)
    [whole] = shown.widget.wordings[0]
    assert whole.replies == ("Site", "Retour") and whole.image and not shown.widget.notes
    assert "één privébericht" in preview(template, values, other="comment").other.notes[0]
    assert preview(template, values, other="fax").other.channel == "messenger"


# Versions.


def test_any_two_versions_stand_beside_each_other_and_go_back_with_one_click(
    site: Site, robin: Visitor, answer: Template
) -> None:
    send(robin, answer, opened(robin, answer), "publish", text="De tweede tekst.")
    send(robin, answer, opened(robin, answer), "publish", text="De derde tekst.")
    send(robin, answer, opened(robin, answer), "draft", text="De vierde tekst.")
    page = robin.get(address(answer) + "/compare?a=1&b=3")
    assert re.findall(r"<mark>(.*?)</mark>", page.body) == ["eerste ", "derde "]
    assert "Zet versie 1 terug" in page.text and "Zet versie 3 terug" not in page.text, "customers read it already"
    newest = robin.get(address(answer) + "/compare")
    assert "Concept van Robin" in newest.text and re.findall(r"<mark>(.*?)</mark>", newest.body) == [
        "derde ",
        "vierde ",
    ]
    assert "Deze twee zijn gelijk." in robin.get(address(answer) + "/compare?a=2&b=2").text
    assert robin.get(address(answer) + "/compare?a=9&b=1").status == 404
    restored = robin.post(address(answer) + "/restore", version=1, expected_version=3)
    assert "Teruggezet." in robin.get(restored.location).text
    assert (stored(site, answer).text, stored(site, answer).because) == ("De eerste tekst.", "Versie 1 teruggezet")


def test_what_is_put_back_during_a_crisis_is_read_when_that_is_over(
    site: Site, robin: Visitor, answer: Template
) -> None:
    send(robin, answer, opened(robin, answer), "publish", text="Een vergissing.")

    async def switch(store: Store, is_on: bool) -> None:
        texts = {answer.name: "Storing: we bellen je terug."} if is_on else {}
        now, at_ms = await store.crisis.get(), now_ms()
        wanted = Crisis(is_on, texts=texts, from_ms=at_ms, until_ms=at_ms + 60_000, at_ms=at_ms, version=now.version)
        await store.crisis.save(wanted)

    site.run(lambda store: switch(store, True))
    try:
        robin.post(address(answer) + "/restore", version=1, expected_version=2)
        assert site.run(lambda store: store.templates.get(answer.name)).text == "Storing: we bellen je terug."
    finally:
        site.run(lambda store: switch(store, False))
    assert site.run(lambda store: store.templates.get(answer.name)).text == "De eerste tekst."


def test_versions_differ_in_all_that_an_editor_can_change() -> None:
    one = Template("utter_x", "X", "Tekst")
    others = [
        Template("utter_x", "Y", "Tekst"),
        Template("utter_x", "X", "Anders"),
        Template("utter_x", "X", "Tekst", (Button("Ja", "/bevestigen"),)),
        Template("utter_x", "X", "Tekst", variants=(Variant("Kort", "instagram"),)),
        Template("utter_x", "X", "Tekst", image=Image("https://a.example/b.png", "Kaart")),
        Template("utter_x", "X", "Tekst", is_removed=True),
    ]
    assert len({as_text(each, {}) for each in (one, *others)}) == 7
    assert "Knop: Ja → Ja zeggen" in as_text(others[2], {"/bevestigen": "Ja zeggen"})


def test_comparing_long_texts_of_the_same_words_is_quick() -> None:
    pieces, _ = compare("woord " * 2_000, "woord " * 1_999 + "anders")
    assert "".join(piece.text for piece in pieces) == "woord " * 2_000


# Removal.


def test_a_removed_answer_keeps_its_versions_and_comes_back(site: Site, robin: Visitor, answer: Template) -> None:
    intent = answer.name.removeprefix("utter_")
    other = new_answer(site, "Kies.", buttons=(Button("Meer", f"/{intent}"),))
    asked = robin.get(address(answer) + "/remove")
    assert other.title in asked.text and "gaat voortaan naar een medewerker" in asked.text
    assert stored(site, answer) == answer, "asking removes nothing"
    gone = robin.post(address(answer) + "/remove", expected_version=1)
    page = robin.get(gone.location)
    assert "Verwijderd. Klanten krijgen dit antwoord niet meer." in page.text and "Terughalen" in page.text
    with pytest.raises(NotFound):
        site.run(lambda store: store.templates.get(answer.name))
    assert robin.post(address(answer) + "/remove", expected_version=1).status == 303, "a double click"
    listed = robin.get("/editor?filter=removed").body
    assert listed.index('id="removed"') < listed.index(f"/editor/{answer.name}")
    back = robin.post(address(answer) + "/bring-back", expected_version=2)
    assert "Teruggehaald." in robin.get(back.location).text
    assert site.run(lambda store: store.templates.get(answer.name)).text == "De eerste tekst."
    assert [one.is_removed for one in site.run(lambda store: store.templates.history(answer.name))] == [
        False,
        True,
        False,
    ]


def test_what_a_colleague_edited_meanwhile_is_not_removed(site: Site, robin: Visitor, answer: Template) -> None:
    send(robin, answer, opened(robin, answer), "publish", text="Nieuw.")
    page = robin.post(address(answer) + "/remove", expected_version=1)
    assert page.status == 409 and "iemand anders heeft dit antwoord intussen bewerkt" in page.text
    assert not stored(site, answer).is_removed


def test_who_edits_what_is_removed_meanwhile_sees_that_and_may_bring_it_back(
    site: Site, robin: Visitor, answer: Template
) -> None:
    form = opened(robin, answer)
    robin.post(address(answer) + "/remove", expected_version=1)
    conflict = send(robin, answer, form, "publish", text="Nieuw.")
    assert conflict.status == 409 and "heeft dit antwoord intussen verwijderd." in conflict.text
    seen = {name: conflict.value(name) for name in ("title", "text", "expected_version", "draft_version")}
    assert send(robin, answer, seen, "publish").status == 303
    assert site.run(lambda store: store.templates.get(answer.name)).text == "Nieuw."


def test_what_the_program_says_by_itself_is_never_removed(site: Site, robin: Visitor) -> None:
    danger = Template("utter_noodgeval", "Noodgeval", "Bel 112.")
    site.run(lambda store: store.templates.seed([danger]))
    assert "Antwoord verwijderen" not in robin.get("/editor/utter_noodgeval").text
    assert robin.get("/editor/utter_noodgeval/remove").status == 400
    assert robin.post("/editor/utter_noodgeval/remove", expected_version=1).status == 400
    assert not site.run(lambda store: store.templates.published("utter_noodgeval")).is_removed
