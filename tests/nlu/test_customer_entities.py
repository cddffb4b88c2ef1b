from __future__ import annotations

import time
import timeit
from typing import Any

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.customer_entities import CustomerEntities
from bot.nlu.dutch_spacy import DutchSpacy
from tests.nlu.component_checks import create, examples, message, train

LONG_MESSAGE = "Ik heb op 12 maart order WS-1048221 voor € 49,95, bel +31 6 12345678 of mail a@example.nl. "
PRODUCTS = ["tafel", "eettafel", "ronde eettafel", "T-shirt", "tv's"]


def with_products(*words: str) -> TrainingData:
    return TrainingData([], lookup_tables=[{"name": "product", "elements": list(words)}])


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Any:
    storage = LocalModelStorage.create(tmp_path_factory.mktemp("entities"))
    return train(CustomerEntities, storage, with_products(*PRODUCTS))


def found(component: Any, text: str) -> list[tuple[str, str]]:
    given = message(text)
    component.process([given])
    entities = given.get("entities", [])
    assert all(text[one["start"] : one["end"]] == one["value"] for one in entities)
    return [(one["entity"], one["value"]) for one in entities]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("waar blijft WS-1048221?", "WS-1048221"),
        ("waar blijft ws 1048221", "ws 1048221"),
        ("bestelnummer 10482215 is weg", "10482215"),
        ("mijn bestelnummer is: 10482215", "10482215"),
        ("retour van #2024-55123 graag", "#2024-55123"),
        ("order 4482019", "4482019"),
        ("over de bestelling met nummer 2024-55123", "2024-55123"),
        ("wat is er met 10482215 gebeurd", "10482215"),
        ("ordernr.204857613", "204857613"),
    ],
)
def test_order_numbers(component: Any, text: str, value: str) -> None:
    assert found(component, text) == [("order_number", value)]


@pytest.mark.parametrize(
    "text",
    [
        "factuurnummer 20241234",
        "mijn klantnummer is 88214",
        "mijn klantnummer is 10482215",
        "kvk 12345678",
        "kost 1048221 euro",
        "maat 42, lengte 180",
    ],
)
def test_a_number_that_is_something_else_is_no_order_number(component: Any, text: str) -> None:
    assert "order_number" not in dict(found(component, text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("mail jan.de-vries+ws@voorbeeld.example.", "jan.de-vries+ws@voorbeeld.example"),
        ("(anna@example.nl)", "anna@example.nl"),
    ],
)
def test_emails(component: Any, text: str, value: str) -> None:
    assert found(component, text) == [("email", value)]


@pytest.mark.parametrize(
    "written",
    [
        "0612345678",
        "06-12345678",
        "06 12 34 56 78",
        "020 - 555 1234",
        "(020) 555 1234",
        "+31 6 12345678",
        "+31 (0)6 1234 5678",
        "0031612345678",
        "0470 12 34 56",
        "0475/12.34.56",
        "+32 470 12 34 56",
        "02/511.55.55",
        "0900-1234",
    ],
)
def test_dutch_and_belgian_phones(component: Any, written: str) -> None:
    assert found(component, f"bel me op {written}, liefst na zessen") == [("phone", written)]


def test_two_phones_and_an_order_in_one_message(component: Any) -> None:
    text = "020-5551234 of mobiel 06 98 76 54 32, het gaat om 10482216"
    expected = [("phone", "020-5551234"), ("phone", "06 98 76 54 32"), ("order_number", "10482216")]
    assert found(component, text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ik woon op 1012 AB", "1012 AB"),
        ("naar 1012ab graag", "1012ab"),
        ("pakket naar 2000 Antwerpen", "2000"),
        ("mijn postcode is 9000", "9000"),
        ("Kerkstraat 1, B-3000 te bezorgen", "3000"),
    ],
)
def test_dutch_and_belgian_postcodes(component: Any, text: str, value: str) -> None:
    assert found(component, text) == [("postcode", value)]


@pytest.mark.parametrize("text", ["in 2024 is dat zo", "1500 en nog wat", "weegt 1200 kg", "9000 stuks", "de 1000 SS"])
def test_other_four_figures_are_no_postcode(component: Any, text: str) -> None:
    assert found(component, text) == []


@pytest.mark.parametrize(
    "written",
    [
        "€ 49,95",
        "€49",
        "20 eur",
        "1.299,00 euro",
        "49.95 euro",
        "12,-",
        "75 euro",
        "EUR 12,50",
        "vijftig euro",
        "50 cent",
    ],
)
def test_amounts(component: Any, written: str) -> None:
    assert found(component, f"ik heb {written} te veel betaald") == [("amount", written)]


@pytest.mark.parametrize(
    "written",
    [
        "12 maart",
        "12 maart 2026",
        "dinsdag 3 november",
        "3-11-2026",
        "03/11/26",
        "2026-11-03",
        "gisteren",
        "eergisteren",
        "morgenavond",
        "vanmiddag",
        "vorige week",
        "volgende week dinsdag",
        "afgelopen vrijdag",
        "dinsdag",
        "twee weken geleden",
        "over drie dagen",
        "volgende maand",
    ],
)
def test_dates_as_they_were_written(component: Any, written: str) -> None:
    assert found(component, f"het was {written} beloofd") == [("date", written)]


@pytest.mark.parametrize("text", ["goede morgen", "goedemorgen", "maat 36-38", "binnen 2-3 dagen", "1/2 liter"])
def test_no_dates(component: Any, text: str) -> None:
    assert found(component, text) == []


def test_products_are_whole_words_of_the_lookup_table_the_longest_first(component: Any) -> None:
    assert found(component, "een RONDE eettafel, een tafel en t-shirts") == [
        ("product", "RONDE eettafel"),
        ("product", "tafel"),
    ]
    assert found(component, "tafellaken van een t-shirt") == [("product", "t-shirt")]


def test_an_article_code_is_a_product(component: Any) -> None:
    assert found(component, "op de doos staat 8712345678906") == [("product", "8712345678906")]
    assert found(component, "op de doos staat 8712345678907") == []


def test_without_lookup_table_all_other_kinds_are_found(storage: LocalModelStorage) -> None:
    component = train(CustomerEntities, storage, examples({}))
    assert found(component, "de eettafel van order 4482019") == [("order_number", "4482019")]


def test_every_lookup_table_is_an_entity_of_its_name(storage: LocalModelStorage) -> None:
    tables = [{"name": "winkel", "elements": ["Utrecht Oudegracht"]}]
    component = train(CustomerEntities, storage, TrainingData([], lookup_tables=tables))
    assert found(component, "in utrecht oudegracht") == [("winkel", "utrecht oudegracht")]


def test_a_company_has_its_own_order_numbers(storage: LocalModelStorage) -> None:
    component = create(CustomerEntities, storage, order_numbers=[r"\bB\d{3}X\b", r"bon (\d{4})"], bare_order_number="")
    assert found(component, "B123X, bon 4321 en 10482215") == [("order_number", "B123X"), ("order_number", "4321")]


def test_the_more_certain_kind_wins_and_nothing_overlaps(storage: LocalModelStorage) -> None:
    component = train(CustomerEntities, storage, with_products("barbie"))
    given = message("barbie voor Anna, anna@example.nl")
    guesses = [
        {"entity": "person", "value": "barbie", "start": 0, "end": 6, "extractor": "DutchSpacy"},
        {"entity": "person", "value": "Anna", "start": 12, "end": 16, "extractor": "DutchSpacy"},
    ]
    given.set("entities", guesses)
    component.process([given])
    assert [(one["entity"], one["value"], one["extractor"]) for one in given.get("entities")] == [
        ("person", "Anna", "DutchSpacy"),
        ("product", "barbie", "CustomerEntities"),
        ("email", "anna@example.nl", "CustomerEntities"),
    ]


def test_text_after_the_cap_is_not_read(storage: LocalModelStorage) -> None:
    assert found(create(CustomerEntities, storage, max_text_chars=10), "hallo daar, order 4482019") == []


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "06-", "a.", "@a", "€ 1 of meer ", "3-11-", "ronde eettafel ", LONG_MESSAGE]
)
def test_a_message_eight_times_as_long_takes_no_more_than_that(component: Any, piece: str) -> None:
    def fastest_s(chars: int) -> float:
        text = (piece * chars)[:chars]
        return min(
            timeit.repeat(lambda: component.process([message(text)]), number=2, repeat=3, timer=time.thread_time)
        )

    # Were it to grow with the square of the length, it would be 64 times as long.
    assert fastest_s(2000) < 24 * fastest_s(250)


def test_it_works_behind_dutch_spacy(storage: LocalModelStorage) -> None:
    given = message("order 4482019 is weg")
    create(DutchSpacy, storage).process([given])
    create(CustomerEntities, storage).process([given])
    assert [one["value"] for one in given.get("entities")] == ["4482019"]
    assert given.get("text_tokens")
