"""What is masked for everybody but an agent, and what the words beside a number keep from being masked.

All numbers are made up: test numbers of card issuers and bank papers, and nines that happen to pass the 11-test.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.personal_data import PLACEHOLDERS, find, masked
from tests.costs import growth

BSN, IBAN, BELGIAN_IBAN, CARD = "123456782", "NL91ABNA0417164300", "BE68539007547034", "4111111111111111"


@pytest.mark.parametrize(
    "written", [BSN, "123 456 782", "1234.56.782", "1234-56-782", "12 34 56 782", "123\u00a0456\u00a0782"]
)
def test_a_bsn_is_masked_in_every_spelling(written: str) -> None:
    assert masked(f"mijn nummer is {written}, klopt dat?") == "mijn nummer is [BSN], klopt dat?"


@pytest.mark.parametrize(
    "written",
    [
        IBAN,
        IBAN.lower(),
        "NL91 ABNA 0417 1643 00",
        "NL91.ABNA.0417.1643.00",
        "nl91-abna-0417-1643-00",
        "NL 91 ABNA 0417164300",
    ],
)
def test_an_iban_is_masked_in_every_spelling_and_the_words_behind_it_are_not(written: str) -> None:
    assert masked(f"geld terug op {written} graag voor 12 uur") == "geld terug op [IBAN] graag voor 12 uur"


@pytest.mark.parametrize(
    "iban", [BELGIAN_IBAN, "BE68 5390 0754 7034", "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"]
)
def test_ibans_of_other_countries_are_masked(iban: str) -> None:
    assert masked(f"({iban})") == "([IBAN])"


@pytest.mark.parametrize(
    "written",
    [
        CARD,
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "3782 822463 10005",
        "5555555555554444",
    ],
)
def test_a_card_is_masked_in_every_spelling(written: str) -> None:
    assert masked(f"betaald met {written} gisteren") == "betaald met [kaartnummer] gisteren"


def test_expiry_date_and_code_beside_a_card_are_masked() -> None:
    assert masked("4111 1111 1111 1111 12/27 123") == "[kaartnummer] [vervaldatum] [beveiligingscode]"
    said = masked("kaart 4111111111111111, geldig tot 03-2028, cvc is 1234")
    assert said == "kaart [kaartnummer], geldig tot [vervaldatum], cvc is [beveiligingscode]"


def test_a_date_without_a_card_stays_and_a_code_that_is_called_one_does_not() -> None:
    assert masked("de actie liep tot 12/27, kortingscode 123") == "de actie liep tot 12/27, kortingscode 123"
    assert masked("o ja, cvc: 123") == "o ja, cvc: [beveiligingscode]"


@pytest.mark.parametrize(
    "text",
    [
        "bestelnummer 123456782",
        "Bestelling: 123456782",
        "123456782 is mijn bestelnummer",
        "123456782 is het nummer van de bestelling",
        "mijn klantnummer is 123456782",
        "factuurnr. 123456782",
        "WS-123456782 en #123456782",
        "EAN 8712345678906",
        "bel 06-12345678 of 020 - 123 4567",
        "+31 612345678 of +31 (0)6 1234 5678",
        "track & trace 3SABCD123456782",
        "bestelnummer 4111111111111111",
        "10482215",
        "hoe laat zijn jullie open op 12-03-2026?",
    ],
)
def test_what_the_customer_calls_something_else_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bsn 123456789", "bsn [BSN]"),
        ("mijn burgerservicenummer is 12345672", "mijn burgerservicenummer is [BSN]"),
        ("NL91ABNA0417164301", "[IBAN]"),
        ("iban: NL91 ABNA 0417 1643 0", "iban: [IBAN]"),
        ("creditcard 4111 1111 1111 1112", "creditcard [kaartnummer]"),
    ],
)
def test_a_slip_of_the_finger_is_masked_too(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_a_word_counts_for_its_own_number_only() -> None:
    assert masked("bestelnummer 10482215, bsn 123456782") == "bestelnummer 10482215, bsn [BSN]"
    assert masked("123456782, bestelnummer 10482215") == "[BSN], bestelnummer 10482215"
    assert masked("bsn 123 456 782 06 12345678") == "bsn [BSN] 06 12345678"


def test_spans_are_in_order_and_name_their_kind() -> None:
    text = f"{BSN} {IBAN} {CARD}"
    found = [(span.kind, text[span.start : span.end]) for span in find(text)]
    assert found == [("bsn", BSN), ("iban", IBAN), ("card", CARD)]


@given(st.text(alphabet="0123456789 .-/,+#abnlNLis", max_size=80))
def test_masking_leaves_the_rest_alone_and_nothing_to_mask(text: str) -> None:
    parts, at = "", 0
    for span in find(text):
        assert at <= span.start < span.end
        parts, at = parts + text[at : span.start] + PLACEHOLDERS[span.kind], span.end
    assert masked(text) == parts + text[at:]


@pytest.mark.parametrize("text", ["1 " * 80, "12 " * 60, "is 12 ik wil " * 15, "4111 1111 1111 1111 " * 8])
def test_the_work_grows_with_the_text_and_no_faster(text: str) -> None:
    assert growth(find, text, 8) < 32  # linear: 8; quadratic: 64
