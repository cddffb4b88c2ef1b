"""What the house style finds in a text, and what it writes instead."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from bot.house_style import RULES, check, check_link, readability
from bot.house_style.words import plain_words
from bot.store.house_style import HouseStyle
from tests import sources

ROOT = Path(__file__).resolve().parents[1]
NOTHING = HouseStyle(address="", most_words=None, plain=False, most_emoji=None, most_exclamations=None, capitals=False)
JE, U = replace(NOTHING, address="je"), replace(NOTHING, address="u")


def rewritten(text: str, style: HouseStyle) -> str:
    """With every suggestion taken."""
    for finding in reversed(check(text, style)):
        if finding.suggestion is not None:
            text = text[: finding.start] + finding.suggestion + text[finding.end :]
    return text


def found(text: str, style: HouseStyle) -> list[tuple[str, str]]:
    """Rule and words."""
    return [(one.rule, text[one.start : one.end]) for one in check(text, style)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("U kunt uw bestelling volgen.", "Je kunt je bestelling volgen."),
        ("Heeft u een vraag? Dan kunt u bellen.", "Heb je een vraag? Dan kun je bellen."),
        ("Als u het niet vindt, belt u ons.", "Als je het niet vindt, bel je ons."),
        ("U heeft 30 dagen.", "Je hebt 30 dagen."),
        ("Weet u het? Vindt u het goed?", "Weet je het? Vind je het goed?"),
        ("Dit is van u. Is dit van uw buren?", "Dit is van jou. Is dit van je buren?"),
        ("Doe het uzelf niet aan.", "Doe het jezelf niet aan."),
        ("Wij zijn er tot 21.00 u, of tot 9 u.", "Wij zijn er tot 21.00 u, of tot 9 u."),
        ("Typ 'u', maak een U-bocht, a.u.b., en mail u@u.nl of {u}.", None),
        ("Zie https://u.example/u?u=uw en www.uw.nl/uw.", None),
        ("Nu is het u duidelijk.", "Nu is het je duidelijk."),
        ("Alles over je bestelling.", None),
    ],
)
def test_u_becomes_je_with_its_verb(text: str, expected: str | None) -> None:
    assert rewritten(text, JE) == (expected or text)
    assert (expected or text) == text or check(text, JE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Je kunt je bestelling volgen.", "U kunt uw bestelling volgen."),
        ("Heb je een vraag? Dan kun je bellen.", "Hebt u een vraag? Dan kunt u bellen."),
        ("Bel je voor 9.00 uur?", "Belt u voor 9.00 uur?"),
        ("Meld je retour aan.", "Meld uw retour aan."),
        ("Het geld dat jij terugkrijgt is van jou, op jouw rekening.", None),
        ("Dank je wel.", "Dank u wel."),
        ("Lees je zwemabonnement na.", "Lees je zwemabonnement na."),
    ],
)
def test_je_becomes_u_with_its_verb_or_is_left_to_the_editor(text: str, expected: str | None) -> None:
    assert rewritten(text, U) == (expected or "Het geld dat u terugkrijgt is van u, op uw rekening.")
    assert check(text, U), "also what it can't rewrite is pointed at"


@pytest.mark.parametrize(
    ("text", "style", "expected"),
    [
        ("Goedkope schoenen", {"forbidden": (("goedkope", "Zeg voordelig."),)}, [("forbidden", "Goedkope")]),
        ("Hergoedkope", {"forbidden": (("goedkope", ""),)}, []),
        ("De help\ndesk en de e-mail", {"forbidden": (("help desk", ""), ("mail", ""))}, [("forbidden", "help\ndesk")]),
        ("Mail {mail}", {"forbidden": (("mail", ""),)}, [("forbidden", "Mail")]),
        ("Onze Helpdesk", {"preferred": (("helpdesk", "klantenservice"),)}, [("preferred", "Helpdesk")]),
        ("Indien u belt", {"plain": True}, [("plain", "Indien")]),
        ("Een zin van vijf woorden", {"most_words": 5}, []),
        ("Een zin van zes hele woorden", {"most_words": 5}, [("sentence", "Een zin van zes hele woorden")]),
        ("Zes, bijv. de rode en blauwe.", {"most_words": 5}, [("sentence", "Zes, bijv. de rode en blauwe.")]),
        ("Om 9.30 en 10.45 uur op 3 mei, € 4,95", {"most_words": 6}, []),
        ("Zie {klant} {bedrijf} {kanaal} https://a.example/b-c-d hier", {"most_words": 3}, []),
        ("Kom naar Breda, Den Haag, Ede, Utrecht, Gouda en Zwolle toe", {"most_words": 5}, []),
        ("Je pakket wordt morgen bezorgd.", {"plain": True}, [("passive", "wordt morgen bezorgd")]),
        ("Het wordt morgen warm en het bericht is er.", {"plain": True}, []),
        ("Vraag het afhaalpunt om verzendkosten.", {"plain": True}, []),
        ("Bij het notificatiemechanisme.", {"plain": True}, [("rare", "notificatiemechanisme")]),
        ("Bij Notificatiemechanisme BV.", {"plain": True}, []),
        ("Hoi 👋", {"most_emoji": 0}, [("emoji", "👋")]),
        ("Hoi 👨‍👩‍👧🇳🇱👍🏽", {"most_emoji": 1}, [("emoji", "🇳🇱"), ("emoji", "👍🏽")]),
        ("Hoi! Ja! Nee!", {"most_exclamations": 2}, [("exclamation", "!")]),
        ("GRATIS voor BTW en de ANWB", {"capitals": True}, [("capitals", "GRATIS")]),
        ("Hallo, dit is het.", {"greeting": "must"}, []),
        ("Dit is het.", {"greeting": "must"}, [("greeting", "")]),
        ("Hallo, dit is het.", {"greeting": "must_not"}, [("greeting", "Hallo, ")]),
        ("Hallootjes, dit is het.", {"greeting": "must_not"}, []),
        ("Dit is het.\nGroetjes, Sanne", {"sign_off": "must"}, []),
        ("Groetjes, Sanne\nDit is het.", {"sign_off": "must"}, [("sign_off", "")]),
        ("Zie https://x.nl/a en www.x.nl", {"own_domains": ("x.nl",)}, []),
        ("Zie https://x.nl.evil.com", {"own_domains": ("x.nl",)}, [("link", "https://x.nl.evil.com")]),
        ("Zie (https://ax.nl).", {"own_domains": ("x.nl",)}, [("link", "https://ax.nl")]),
        ("Zie https://x.nl@evil.com/", {"own_domains": ("x.nl",)}, [("link", "https://x.nl@evil.com/")]),
        ("  \n ", {"address": "je", "greeting": "must"}, []),
    ],
)
def test_a_rule_finds_its_words_and_no_others(
    text: str, style: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert found(text, replace(NOTHING, **style)) == expected


def test_a_suggestion_keeps_the_capital_and_stands_in_the_place_of_its_words() -> None:
    style = replace(NOTHING, plain=True, preferred=(("helpdesk", "klantenservice"),), greeting="must", sign_off="must")
    text = "Helpdesk bellen kan indien gewenst."
    assert rewritten(text, style) == "Hallo!\nKlantenservice bellen kan als je wilt.\nGroet"
    assert "als u wilt" in rewritten(text, replace(style, address="u"))


def test_words_that_two_rules_are_about_are_named_once() -> None:
    style = replace(NOTHING, plain=True, forbidden=(("onverwijld", "Te stijf."),))
    assert found("Bel onverwijld.", style) == [("forbidden", "onverwijld")]


def test_what_a_manager_demands_weighs_more_and_guesses_are_never_demanded() -> None:
    style = HouseStyle(required=tuple(RULES))
    weights = {one.rule: one.severity for one in check("U wordt gebeld over het notificatiemechanisme.", style)}
    assert weights == {"address": "error", "passive": "tip", "rare": "tip"}


def test_a_button_is_looked_at_for_where_it_leads() -> None:
    style = replace(HouseStyle(), own_domains=("winkel.example",))
    assert check_link("https://www.winkel.example/uw", style) == ()
    assert [one.rule for one in check_link("https://elders.example/uw", style)] == ["link"]
    assert check_link("https://elders.example/", HouseStyle()) == ()


def test_readability_is_for_texts_that_are_long_enough() -> None:
    assert readability("Een korte zin.") is None
    easy = readability(
        "Je krijgt je geld terug. Dat duurt een week. Bel ons als het niet lukt. Wij helpen je dan graag."
    )
    hard = readability(
        "Overeenkomstig bovengenoemde retourvoorwaarden geschiedt terugbetaling uitsluitend nadat ontvangst en "
        "beoordeling van geretourneerde artikelen administratief verwerkt en gecontroleerd zijn."
    )
    assert easy and easy.score > 80 and easy.words == "makkelijk"
    assert hard and hard.score < 50 and hard.words == "moeilijk"


def test_the_answers_of_the_project_give_few_findings() -> None:
    texts = [one["text"] for all_of in sources.data(ROOT / "domain.yml")["responses"].values() for one in all_of]
    number = sum(len(check(text, HouseStyle())) for text in texts)
    assert len(texts) > 60 and number <= len(texts) / 5, "false alarms make people switch it off"


def test_the_plain_words_are_many_and_don_t_lead_to_each_other() -> None:
    words = plain_words()
    assert len(words) >= 120
    for stiff, plain in words.items():
        assert stiff == stiff.strip().lower() and plain.strip() == plain != stiff
        again = found(plain, replace(NOTHING, plain=True))
        assert not [rule for rule, _ in again if rule == "plain"], f"{stiff} = {plain}"


@pytest.mark.parametrize(
    "piece", ["!", "! ", "a, ", "u ", "😀", "ge", "word gebeld ", "aanvraagbestelbetaal", "www.", "@"]
)
def test_a_strange_long_text_takes_no_long(piece: str) -> None:
    style = replace(HouseStyle(), own_domains=("x.nl",), greeting="must", sign_off="must")
    check("eerst de woordenlijst", style)
    before = time.process_time()
    check((piece * 5_000)[:5_000], style)
    # A quadratic one takes more than ten times as long.
    assert time.process_time() - before < 2
