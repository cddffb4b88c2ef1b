"""A message becomes what the platform takes: nothing of it is lost, and every part is within the limits."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import Attachment, Button, Message
from bot.web.channels.messenger.private_replies import joined
from bot.web.channels.messenger.rendering import parts, text_of
from bot.web.channels.messenger.splitting import Limit, graphemes, shortened, split, utf16_units

FAMILY, FLAG, THUMB, ACCENTED = "👨‍👩‍👧‍👦", "🇳🇱", "👍🏽", "e\u0301"


def message(text: str, *buttons: Button) -> Message:
    return Message("m1", "messenger-1001-6001", "assistant", text, 1, buttons=buttons)


def rendered(text: str, *buttons: Button, channel: str = "messenger") -> list[dict[str, Any]]:
    return parts(message(text, *buttons), channel=channel)


def titles(part: dict[str, Any]) -> list[str]:
    return [reply["title"] for reply in part.get("quick_replies", ())]


def test_a_short_text_is_one_part_as_it_was_written() -> None:
    assert rendered("Hallo!\n\nWe zijn open.  مرحبا") == [{"text": "Hallo!\n\nWe zijn open.  مرحبا"}]
    assert rendered("  ") == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a" * 900 + ".\n\n" + "b. " * 900, "a" * 900 + "."),  # a paragraph before a sentence
        ("a" * 900 + ' b "c!" ' + "d" * 1500, "a" * 900 + ' b "c!"'),  # a sentence, with its closing mark
        ("a" * 900 + "? Nee.\n" + "d " * 900, "a" * 900 + "? Nee."),  # a line
        ("woord " * 500, ("woord " * 333).strip()),  # a word
        (
            "Hoi.\n\n" + "woord " * 500,
            ("Hoi.\n\n" + "woord " * 332).strip(),
        ),  # not three letters in a part of their own
        ("x" * 2500, "x" * 1999),
        (FAMILY * 300, FAMILY * 181),  # 11 units each
    ],
)
def test_a_long_text_is_cut_where_a_reader_pauses(text: str, first: str) -> None:
    assert rendered(text)[0]["text"] == first


@pytest.mark.parametrize(
    "sign", [FAMILY, FLAG, THUMB, ACCENTED, "नि", "각", "\r\n", "🏴\U000e0067\U000e0062\U000e007f"]
)
def test_what_a_reader_sees_as_one_sign_stays_whole(sign: str) -> None:
    assert list(graphemes(f"a{sign}b")) == ["a", sign, "b"]
    assert list(graphemes(sign * 2))[0] == sign
    assert shortened(f"abc{sign}defg", Limit(4 + utf16_units(sign) - 1, utf16_units)) == "abc…"


def test_a_sign_that_is_longer_than_a_part_is_cut_all_the_same() -> None:
    endless = "e" + "\u0301" * 5000
    assert "".join(split(endless, Limit(1999, utf16_units))) == endless


def test_instagram_counts_bytes() -> None:
    texts = [part["text"] for part in rendered("é" * 800, channel="instagram")]
    assert "".join(texts) == "é" * 800
    assert [len(text.encode()) for text in texts] == [998, 602]


def test_choices_are_quick_replies_of_the_last_part() -> None:
    first, last = rendered("woord " * 500, Button("Ja", "/bevestigen"), Button("Nee", "/ontkennen"))
    assert "quick_replies" not in first
    assert last["quick_replies"][0] == {"content_type": "text", "title": "Ja", "payload": "/bevestigen"}
    assert titles(last) == ["Ja", "Nee"]


def test_a_long_title_is_a_numbered_line_and_its_button_readable() -> None:
    (part,) = rendered(
        "Bedoel je:",
        Button("Retourkosten bij ruilen", "/faq_retourkosten"),
        Button("Retourkosten bij ruilen in de winkel", "/faq_ruilen"),
        Button("Iets anders", "/medewerker"),
    )
    assert titles(part) == ["1. Retourkosten bij…", "2. Retourkosten bij…", "3. Iets anders"]
    assert part["text"] == (
        "Bedoel je:\n\n1. Retourkosten bij ruilen\n2. Retourkosten bij ruilen in de winkel\n3. Iets anders"
    )


def test_buttons_with_one_title_can_be_told_apart() -> None:
    (part,) = rendered("Welke?", Button("Ruilen", "/a"), Button("Ruilen", "/b"), Button("Ruilen", "/a"))
    assert titles(part) == ["1. Ruilen", "2. Ruilen"]


def test_what_does_not_fit_thirteen_buttons_can_be_typed() -> None:
    (part,) = rendered("Kies:", *(Button(f"Keuze {number}", f"/k{number}") for number in range(1, 16)))
    assert len(titles(part)) == 13
    assert part["text"].endswith("13. Keuze 13\n\nOf typ wat je zoekt:\n14. Keuze 14\n15. Keuze 15")


def test_links_are_buttons_under_the_end_of_the_text() -> None:
    link = Button("Voorwaarden", url="https://winkel.example/v")
    (part,) = rendered("Lees dit.", link)
    payload = part["attachment"]["payload"]
    assert payload == {
        "template_type": "button",
        "text": "Lees dit.",
        "buttons": [{"type": "web_url", "url": link.url, "title": "Voorwaarden"}],
    }
    before, template = rendered("w " * 400 + "einde.\n\nLees dit.", link, Button("Ja", "/bevestigen"))
    assert (before["text"][-6:], text_of(template), titles(template)) == ("einde.", "Lees dit.", ["Ja"])


@pytest.mark.parametrize(
    ("channel", "links"),
    [
        ("instagram", [("Site", "https://a.example")]),
        ("comment", [("Site", "https://a.example")]),
        ("messenger", [("Site", f"https://{host}.example") for host in "abcd"]),
        ("messenger", [("Een titel die te lang is", "https://a.example")]),
        ("messenger", [("Bel ons", "tel:113")]),
    ],
)
def test_links_that_fit_no_button_are_lines_of_the_text(channel: str, links: list[tuple[str, str]]) -> None:
    (part,) = rendered("Kijk:", *(Button(title, url=url) for title, url in links), channel=channel)
    assert part == {"text": "Kijk:\n\n" + "\n".join(f"{title}: {url}" for title, url in links)}


def test_buttons_without_a_word_get_one() -> None:
    assert [part["text"] for part in rendered("", Button("Ja", "/bevestigen"))] == ["Maak een keuze:"]
    assert text_of(rendered("", Button("Site", url="https://a.example"))[0]) == "Kijk hier:"


def test_under_a_comment_a_picture_is_an_address_in_the_one_message() -> None:
    picture = Attachment("image", "https://a.example/kaart.png", "De kaart")
    said = replace(message("Zie de kaart."), template="utter_x", attachments=(picture,))
    assert parts(said, channel="comment") == [{"text": "Zie de kaart.\n\nDe kaart: https://a.example/kaart.png"}]
    joined_with, _ = joined([replace(message("Hoi."), id="m0"), said])
    assert text_of(*parts(joined_with, channel="comment")).endswith("https://a.example/kaart.png")


_SIGNS = st.sampled_from(
    [*"aé. \n!?:", "woord ", "Zin. ", "\n\n", FAMILY, FLAG, THUMB, ACCENTED, "שלום ", "😀", "x" * 50]
)
_TEXTS = st.one_of(st.text(max_size=300), st.lists(_SIGNS, max_size=900).map("".join), st.just("lang woord " * 700))
_TITLES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=45)
_CHOICES = st.builds(Button, _TITLES, st.sampled_from(["/faq_ruilen", "/medewerker", "/" + "x" * 1001]))
_LINKS = st.builds(
    lambda title, url: Button(title, url=url), _TITLES, st.sampled_from(["https://a.example/pad?x=1", "tel:113"])
)


@settings(max_examples=150, deadline=None)
@given(
    _TEXTS, st.lists(st.one_of(_CHOICES, _LINKS), max_size=16), st.sampled_from(["messenger", "instagram", "comment"])
)
def test_nothing_is_lost_and_every_part_is_within_the_limits(text: str, buttons: list[Button], channel: str) -> None:
    found = rendered(text, *buttons, channel=channel)
    for part in found:
        check_limits(part, channel)
    shown = [one for part in found for one in urls(part)]
    seen = {one["title"] for one in shown} | {title for part in found for title in titles(part)}
    everything = squeezed("".join(text_of(part) for part in found))
    assert squeezed(text) in everything
    for button in buttons:
        assert " ".join(button.title.split()) in seen or squeezed(button.title) in everything
        assert button.url in {one["url"] for one in shown} or squeezed(button.url) in everything
    for part in found[:-1]:
        assert set(part) == {"text"}


def check_limits(part: dict[str, Any], channel: str) -> None:
    text = text_of(part)
    assert text.strip() == text and text
    size, limit = (len(text.encode()), 1000) if channel == "instagram" else (utf16_units(text), 2000)
    assert size < limit
    assert len(titles(part)) <= 13 and len(set(titles(part))) == len(titles(part))
    for reply in part.get("quick_replies", ()):
        assert 0 < utf16_units(reply["title"]) <= 20 and 0 < len(reply["payload"]) <= 1000
    if template(part):
        assert channel == "messenger" and utf16_units(text) <= 640
        assert 1 <= len(urls(part)) <= 3
        assert all(utf16_units(one["title"]) <= 20 and one["url"].startswith("http") for one in urls(part))


def template(part: dict[str, Any]) -> dict[str, Any]:
    return dict(part["attachment"]["payload"]) if "attachment" in part else {}


def urls(part: dict[str, Any]) -> list[dict[str, Any]]:
    return list(template(part).get("buttons", ()))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
