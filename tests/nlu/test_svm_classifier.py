from __future__ import annotations

import numpy as np
import pytest
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_RANKING_KEY
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.calibration import calibrate, expected_calibration_error, fit_temperature
from bot.nlu.cross_validation import assign_folds, near_duplicate_groups
from bot.nlu.decision import Decision
from bot.nlu.dutch_spacy import DutchSpacy
from bot.nlu.sentence_vectors import SentenceVectors
from bot.nlu.svm_classifier import RANKING_LENGTH, SvmClassifier
from bot.nlu.text_features import Vocabulary, char_ngrams, known_share, word_ngrams
from tests.nlu.component_checks import examples
from tests.nlu.conftest import COMPONENTS, SMALL, Pipeline, train_pipeline


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("om hoe laat gaat de winkel open?", "faq_openingstijden"),
        ("HOEVEEL KOST RETOURNEREN", "faq_retourkosten"),
        ("wachtwoordt vergeten help", "faq_wachtwoord"),
        ("welk weer wordt het in zwolle", "nlu_fallback"),
    ],
)
def test_new_message_gets_the_right_intent(pipeline: Pipeline, text: str, intent: str) -> None:
    ranking = pipeline.parse(text)[INTENT_RANKING_KEY]
    assert ranking[0]["name"] == intent
    assert sum(entry["confidence"] for entry in ranking) == pytest.approx(1, abs=1e-5)


def test_ranking_holds_the_best_ten(storage: LocalModelStorage) -> None:
    words = "appel brood citroen dadel ei fruit griesmeel honing ijs jam kaas limoen".split()
    many = train_pipeline(storage, {f"faq_{word}": [f"{word} kopen", f"ik wil {word}"] for word in words})
    ranking = many.parse("ijs kopen")[INTENT_RANKING_KEY]
    assert len(ranking) == RANKING_LENGTH
    assert ranking == sorted(ranking, key=lambda entry: -entry["confidence"])


def test_two_intents_are_enough(storage: LocalModelStorage) -> None:
    two = train_pipeline(storage, {name: SMALL[name] for name in ("faq_openingstijden", "faq_wachtwoord")})
    assert two.parse("nieuw wachtwoord")[INTENT_RANKING_KEY][0]["name"] == "faq_wachtwoord"
    assert two.parse("zondag open?")[INTENT_RANKING_KEY][0]["name"] == "faq_openingstijden"


def test_one_intent_is_refused(storage: LocalModelStorage) -> None:
    with pytest.raises(InvalidConfigException, match="at least two intents.*faq_wachtwoord"):
        train_pipeline(storage, {"faq_wachtwoord": SMALL["faq_wachtwoord"]})


def test_two_examples_are_enough_to_train(storage: LocalModelStorage) -> None:
    assert train_pipeline(storage, {"faq_a": ["is er koopavond"], "faq_b": ["retourkosten"]}).parse("koopavond?")


def test_intent_with_one_example_does_not_stop_training(storage: LocalModelStorage) -> None:
    assert train_pipeline(storage, {**SMALL, "faq_afhalen": ["kan ik hem ophalen"]}).parse("ophalen")


def test_training_examples_get_the_ranking_of_a_model_that_did_not_see_them(pipeline: Pipeline) -> None:
    data = examples(SMALL)
    for component_class in (DutchSpacy, SentenceVectors):
        pipeline.components[COMPONENTS.index(component_class)].process_training_data(data)
    classifier = pipeline.components[COMPONENTS.index(SvmClassifier)]
    classifier.process_training_data(data)

    def mean_confidence_in_label(messages: list[Message]) -> float:
        rankings = [{e["name"]: e["confidence"] for e in message.get(INTENT_RANKING_KEY)} for message in messages]
        return float(np.mean([r[m.get(INTENT)] for r, m in zip(rankings, messages, strict=True)]))

    labels = [message.get(INTENT) for message in data.training_examples]
    unseen = mean_confidence_in_label(data.training_examples)
    seen = [pipeline.before(Decision, message.get("text")) for message in data.training_examples]
    for message, label in zip(seen, labels, strict=True):
        message.set(INTENT, label)
    assert unseen < mean_confidence_in_label(seen)


def test_word_ngrams_skip_punctuation() -> None:
    assert word_ngrams(["open", ",", "zondag", "?"]) == ["open", "zondag", "open zondag"]


def test_char_ngrams_mark_the_ends_of_a_word() -> None:
    assert set(char_ngrams(["hoi"])) == {" h", "ho", "oi", "i ", " ho", "hoi", "oi ", " hoi", "hoi ", " hoi "}


def test_vocabulary_counts_what_it_knows() -> None:
    vocabulary = Vocabulary.of([["b", "a"], ["a"]])
    assert vocabulary.ngrams() == ["a", "b"]
    assert vocabulary.count([["a", "a", "c"], []]).toarray().tolist() == [[2, 0], [0, 0]]


@pytest.mark.parametrize(
    ("word", "low", "high"), [("winkel", 1, 1), ("winkell", 0.5, 0.9), ("qxzvbn", 0, 0), ("😀", 0, 0)]
)
def test_known_share_tells_typos_from_gibberish(word: str, low: float, high: float) -> None:
    seen = Vocabulary.of([char_ngrams(["de", "winkel"])])
    assert low <= known_share(char_ngrams([word]), seen) <= high


def test_near_duplicates_stay_in_one_fold() -> None:
    texts = ["wat kost verzenden", "wat kost het verzenden", "wat kost het verzenden?", "ik zoek een lamp", "hoi daar"]
    pieces = [char_ngrams(text.split()) for text in texts]
    groups = near_duplicate_groups(Vocabulary.of(pieces).count(pieces))
    folds = assign_folds(np.array(["a"] * 3 + ["b"] * 2), groups, n_folds=2, seed=1)
    assert len(set(groups[:3])) == 1 and len(set(groups)) == 3
    assert len(set(folds[:3])) == 1
    assert set(folds) == {0, 1}


def test_temperature_makes_confidence_match_how_often_it_is_right() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(4000, 4)) * 2
    right = np.array([rng.choice(4, p=row) for row in calibrate(scores, 1.0)])
    overconfident = scores * 5
    temperature = fit_temperature(overconfident, right)
    assert temperature == pytest.approx(5, rel=0.1)
    probabilities = calibrate(overconfident, temperature)
    assert expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == right) < 0.03


def test_temperature_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        calibrate(np.zeros((1, 2)), 0)


def test_calibration_error_is_the_gap_between_promise_and_result() -> None:
    assert expected_calibration_error(np.full(10, 0.95), np.arange(10) < 5) == pytest.approx(0.45)
