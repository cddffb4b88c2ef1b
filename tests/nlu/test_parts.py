from __future__ import annotations

import pytest

from bot.nlu.parts import MAX_PARTS, Split, asks, points_back, split


@pytest.mark.parametrize(
    "text",
    ["retourkosten?", "hoe laat open", "", "   ", "😀", "https://winkel.example/x", "Is de zaak open op zondag?"],
)
def test_one_question_is_not_cut(text: str) -> None:
    assert split(text).texts() == []


def test_sentences_are_judged_one_by_one() -> None:
    assert split("Hoe laat open? En kan ik parkeren?").sentences == ("Hoe laat open?", "En kan ik parkeren?")
    assert split("mijn code werkt niet\nkan ik met paypal betalen").sentences == (
        "mijn code werkt niet",
        "kan ik met paypal betalen",
    )


def test_two_questions_in_one_sentence_are_cut_at_the_joint() -> None:
    assert split("hoe stuur ik iets terug en wanneer krijg ik mijn geld").pairs == (
        ("hoe stuur ik iets terug", "wanneer krijg ik mijn geld"),
    )
    assert split("ik zoek een rode en een blauwe jas").pairs == ()


def test_of_a_story_only_the_questions_are_judged() -> None:
    story = "Ik kocht een lamp. Die was mooi. Hij staat op tafel. Mijn zus wil hem ook. Hebben jullie er nog een?"
    assert split(story) == Split(story_questions=("Hebben jullie er nog een?",))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("niet annuleren, maar het adres wijzigen", "maar het adres wijzigen"),
        ("geen geld terug, ik wil een andere maat", "ik wil een andere maat"),
        ("het adres wijzigen, niet annuleren", "het adres wijzigen"),
    ],
)
def test_of_a_correction_what_is_meant_stands_alone(text: str, meant: str) -> None:
    assert meant in split(text).corrections
    assert split(text).pairs == ()


def test_quoted_lines_and_addresses_are_not_the_customers_words() -> None:
    assert split("> Je bestelling is verzonden.\n> Groetjes\nWaar blijft hij? Ik wacht al.").sentences == (
        "Waar blijft hij?",
        "Ik wacht al.",
    )


@pytest.mark.parametrize("text", ["en in Utrecht?", "en op zondag dan", "hoe lang duurt dat", "kan je daar parkeren"])
def test_follow_up_is_read_behind_the_question_before_it(text: str) -> None:
    assert points_back(text)
    assert split(text, "Zijn jullie open in Zwolle?").with_previous == f"Zijn jullie open in Zwolle {text}"
    assert split(text).with_previous == ""


@pytest.mark.parametrize(
    "text", ["waar is mijn pakket", "retourkosten", "", "en dit is een lange zin die van zichzelf al alles zegt"]
)
def test_what_stands_on_its_own_is_no_follow_up(text: str) -> None:
    assert split(text, "Zijn jullie open in Zwolle?").with_previous == ""


def test_asks() -> None:
    assert asks("hoe lang duurt dat") and asks("leveren jullie in gent") and asks("ik wil graag een bon")
    assert not asks("mijn oude adres") and not asks("hoe dan")


def test_parts_are_limited() -> None:
    many = " ".join(f"Kan ik vraag nummer {i} ook stellen?" for i in range(200))
    assert len(split(many, "vorige").texts()) == MAX_PARTS
    for hostile in ("kan ik dit en ", "niet ", "niet maar ", "a", "ik nee ", ", ", "? ", "> \n", "www."):
        assert len(split(hostile * 5000).texts()) <= MAX_PARTS
