from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.customer_entities import CustomerEntities
from bot.nlu.decision import Decision
from bot.nlu.dutch_spacy import DutchSpacy
from bot.nlu.emergency_classifier import EmergencyClassifier
from bot.nlu.retraining import Retraining
from bot.nlu.sentence_vectors import SentenceVectors
from bot.nlu.spelling import Spelling
from bot.nlu.svm_classifier import SvmClassifier
from tests.nlu.component_checks import examples, message, train

SHARED = Path(__file__).parents[3] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared, which CI has")

COMPONENTS = [
    DutchSpacy,
    CustomerEntities,
    Spelling,
    SentenceVectors,
    EmergencyClassifier,
    SvmClassifier,
    Decision,
]
SMALL = {
    "faq_openingstijden": [
        "hoe laat gaan jullie open",
        "tot hoe laat is de winkel open",
        "zijn jullie zondag open",
        "openingstijden utrecht",
        "wanneer sluiten jullie vanavond",
        "is er koopavond",
        "ben je met pasen geopend",
        "vanaf hoe laat kan ik in de winkel terecht",
    ],
    "faq_retourkosten": [
        "wat kost terugsturen",
        "is retourneren gratis",
        "moet ik de retour zelf betalen",
        "hoeveel betaal ik voor een retourzending",
        "kosten van terugsturen",
        "betaal ik iets als ik het terugstuur",
        "retourkosten?",
        "wie betaalt de verzending als ik hem retour doe",
    ],
    "faq_wachtwoord": [
        "ik ben mijn wachtwoord vergeten",
        "kan niet inloggen",
        "inloggen lukt niet meer",
        "hoe stel ik een nieuw wachtwoord in",
        "wachtwoord werkt niet",
        "ik kom mijn account niet in",
        "krijg geen mail om mijn wachtwoord te herstellen",
        "mijn inlog doet het niet",
    ],
    "nlu_fallback": [
        "hoe laat gaat de trein naar zwolle",
        "wat voor weer wordt het morgen",
        "mijn kat is ziek",
        "wie wint de wedstrijd vanavond",
        "ken je een goed recept voor soep",
        "where is the airport",
        "vertel een mop",
        "ik zoek een kapper",
    ],
}


@pytest.fixture
def storage(tmp_path: Path) -> LocalModelStorage:
    return LocalModelStorage.create(tmp_path)


@dataclass(frozen=True)
class Pipeline:
    """All components, trained on SMALL."""

    components: list[Any]

    def before(self, component_class: type, text: str) -> Message:
        """The message as that component gets it."""
        given = message(text)
        for component in self.components[: COMPONENTS.index(component_class)]:
            component.process([given])
        return given

    def parse(self, text: str) -> dict[str, Any]:
        given = message(text)
        for component in self.components:
            component.process([given])
        return given.data


def train_pipeline(storage: LocalModelStorage, of_intent: dict[str, list[str]], **decision_options: Any) -> Pipeline:
    return train_on(storage, examples(of_intent), **decision_options)


def train_on(storage: LocalModelStorage, data: TrainingData, **decision_options: Any) -> Pipeline:
    components = []
    for component_class in COMPONENTS:
        components.append(
            train(component_class, storage, data, **(decision_options if component_class is Decision else {}))
        )
        if hasattr(component_class, "process_training_data"):
            components[-1].process_training_data(data)
    return Pipeline(components)


@pytest.fixture(scope="session")
def retraining() -> Retraining:
    """The examples of SMALL, read; tests train on them and leave them as they are."""
    return Retraining(examples(SMALL))


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    return train_pipeline(LocalModelStorage.create(tmp_path_factory.mktemp("pipeline")), SMALL)
