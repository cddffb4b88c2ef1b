"""Topics with hardly any examples: how like a message is to their question and their answer; no Rasa here.

A support vector machine learns nothing from one question, and cross-validation can't judge what it has once. So the
likeness counts, in a way that was learned elsewhere: on the questions, answers and customers' messages of other
companies (tests/evaluation/faqs, docs/explanation/confidence.md has the figures). That nothing of it fits is one of
the possibilities; what the other topics are sure of is worth that much less.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.nlu.calibration import calibrate
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.svm_model import inverse_document_frequency, tf_idf, unit_length
from bot.nlu.text_features import Vocabulary, char_ngrams

# From so many examples on the support vector machine does as well, or better (tests/evaluation/companies).
ENOUGH_EXAMPLES = 5
# What each likeness (cosine) counts: with the nearest example, with question and answer together, in pieces of words
# with these, and with the answer alone.
EXAMPLE_WEIGHT, BOTH_WEIGHT, CHAR_WEIGHT, ANSWER_WEIGHT = 5.1, 11.9, 4.8, 2.2
# What it counts that nothing fits: always, and for the likeness with the nearest example of another topic.
NONE_WEIGHT, OTHER_WEIGHT = 1.3, 10.9
# From here on nothing of it fits for sure, as an answer is sure in bot/nlu/decision.py. Forty questions have
# a few hundredths of "ik wil een klacht indienen", which is no doubt, but more than a threshold leaves room for.
SURE_OF_NONE = 0.9


def small_intents(labels: Iterable[str], answered: Container[str]) -> list[str]:
    """Return the intents that are judged by their likeness to a message, in the order of the alphabet.

    Those with few examples and an answer (`answered`) to compare with. Without an answer the support vector machine is
    the better judge: of the public benchmark's 300 messages it puts 0.934 right, and 0.864 where its small intents are
    judged by likeness. All but what is out of scope, where the others are not even two, or none has two examples.
    """
    counts = Counter(labels)
    in_scope = [intent for intent in counts if intent != OUT_OF_SCOPE]
    small = [intent for intent in in_scope if counts[intent] < ENOUGH_EXAMPLES and intent in answered]
    if (small and len(counts) - len(small) < 2) or all(counts[intent] == 1 for intent in in_scope):
        small = in_scope
    return sorted(small)


@dataclass(frozen=True)
class Text:
    """A message, or what stands for a topic."""

    words: list[str]
    vector: np.ndarray  # float, shape (dimension,)


@dataclass(frozen=True)
class FewTopic:
    """A topic before training. both: its first example with the answer behind it; None without an answer."""

    intent: str
    examples: Sequence[Text]
    answer: Text | None = None
    both: Text | None = None


@dataclass(frozen=True)
class FewModel:
    """Rows of `examples` belong to the intent that `owners` says; the other three have a row for each intent."""

    intents: list[str]
    vocabulary: Vocabulary
    idf: np.ndarray
    mean_vector: np.ndarray
    owners: np.ndarray  # int, shape (n_examples,)
    examples: np.ndarray  # float, shape (n_examples, dimension); lengths 1, as the next two and `others`
    both: np.ndarray
    answers: np.ndarray
    char_pieces: np.ndarray  # float, shape (n_intents, n_pieces)
    others: np.ndarray  # float, shape (n, dimension): the examples of all other topics

    @classmethod
    def of(cls, topics: Sequence[FewTopic], others: Sequence[np.ndarray]) -> FewModel:
        """others: the vectors of the other topics' examples."""
        both = [topic.both or topic.examples[0] for topic in topics]
        answers = [topic.answer or topic.examples[0] for topic in topics]
        examples = [example for topic in topics for example in topic.examples]
        pieces = [char_ngrams(text.words) for text in (*examples, *both)]
        vocabulary = Vocabulary.of(pieces)
        idf = inverse_document_frequency(vocabulary.count(pieces))
        mean_vector = np.vstack([text.vector for text in (*examples, *both)] + list(others)).mean(axis=0)

        def centred(vectors: Sequence[np.ndarray]) -> np.ndarray:
            return unit_length(np.array(vectors).reshape(-1, len(mean_vector)) - mean_vector)

        return cls(
            intents=[topic.intent for topic in topics],
            vocabulary=vocabulary,
            idf=idf,
            mean_vector=mean_vector,
            owners=np.repeat(np.arange(len(topics)), [len(topic.examples) for topic in topics]),
            examples=centred([text.vector for text in examples]),
            both=centred([text.vector for text in both]),
            answers=centred([text.vector for text in answers]),
            char_pieces=tf_idf(vocabulary.count([char_ngrams(text.words) for text in both]), idf).toarray(),
            others=centred(others),
        )

    def probabilities(self, messages: Sequence[Text]) -> np.ndarray:
        """Return the probability of every topic, and last how much is left for all others: shape (n, n_intents + 1).

        That is the probability that none of these fits, or 1 where it is sure.
        """
        vectors = unit_length(np.vstack([message.vector for message in messages]) - self.mean_vector)
        pieces = tf_idf(self.vocabulary.count([char_ngrams(message.words) for message in messages]), self.idf)
        near = vectors @ self.examples.T
        nearest = np.stack([near[:, self.owners == owner].max(axis=1) for owner in range(len(self.intents))], axis=1)
        fits = (
            EXAMPLE_WEIGHT * nearest
            + BOTH_WEIGHT * (vectors @ self.both.T)
            + CHAR_WEIGHT * (pieces @ self.char_pieces.T)
            + ANSWER_WEIGHT * (vectors @ self.answers.T)
        )
        other = (vectors @ self.others.T).max(axis=1, initial=0)
        none = NONE_WEIGHT + OTHER_WEIGHT * other
        probabilities = calibrate(np.column_stack([fits, none]), 1.0)
        probabilities[:, -1] = np.minimum(1.0, probabilities[:, -1] / SURE_OF_NONE)
        return probabilities

    def save(self, file: Path) -> None:
        np.savez_compressed(
            file,
            intents=np.array(self.intents),
            ngrams=np.array(self.vocabulary.ngrams()),
            idf=self.idf,
            mean_vector=self.mean_vector,
            owners=self.owners,
            examples=self.examples,
            both=self.both,
            answers=self.answers,
            char_pieces=self.char_pieces,
            others=self.others,
        )

    @classmethod
    def load(cls, file: Path) -> FewModel:
        with np.load(file, allow_pickle=False) as arrays:
            return cls(
                intents=arrays["intents"].tolist(),
                vocabulary=Vocabulary(arrays["ngrams"].tolist()),
                **{
                    name: arrays[name]
                    for name in ("idf", "mean_vector", "owners", "examples", "both", "answers", "char_pieces", "others")
                },
            )
