"""Examples that say the same: the same text, near duplicates in two intents, an intent that repeats itself.

Likeness is two cosines: of the character pieces, as in cross-validation, and of the sentence vectors less their mean,
as in the model. Both must be high: "wat kost retourneren" and "hoe retourneren" have nearly the same pieces,
"bezorgtijd aanpassen" and "bezorgadres aanpassen" nearly the same vector. Pairs among 4,579 examples of 50 intents,
with the vectors of two encoders; without their mean, those of the second would all be alike:

                        in two intents   in one intent
    pieces  vectors     use    e5        use    e5
    0.9     0.9           0     0          8     5   the same but for a letter
    0.6     0.7          20     6        183   170   "bedankt" and "nee bedankt"; at most half deserve a change
    0.5     0.6         119    67        570   604   in two intents mostly different questions, in one the same
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from bot.nlu.cross_validation import char_likeness
from bot.nlu.lint.findings import Finding, Severity
from bot.nlu.lint.pipeline import Seen
from bot.nlu.lint.sources import SourceExample
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.svm_model import unit_length
from bot.nlu.text_features import Vocabulary, char_ngrams

# (pieces, vectors): what both cosines must reach.
NEARLY_EQUAL, NEAR_DUPLICATE, ALIKE = (0.9, 0.9), (0.6, 0.7), (0.5, 0.6)
# An intent's examples may count for this share of their number at least, when those alike share one vote.
MIN_DIFFERENT_SHARE = 0.5
TYPICAL_EXAMPLES = 3
# Of so many vectors the mean is nearly that of all.
MEAN_SAMPLE = 500
NEAR_DUPLICATE_ADVICE = (
    "Nearly the same text in two intents. Say in each what makes it that intent, remove one, or accept the pair."
)


@dataclass(frozen=True)
class Likeness:
    """Cosines between all examples, shape (n_examples, n_examples)."""

    pieces: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, seen: Seen) -> Likeness:
        vectors = unit_length(seen.vectors - seen.vectors.mean(axis=0))
        return cls(likeness_of_pieces(seen.words).toarray(), vectors @ vectors.T)

    def reaches(self, both: tuple[float, float]) -> np.ndarray:
        return (self.pieces >= both[0]) & (self.vectors >= both[1])


def likeness_of_pieces(words: Sequence[list[str]]) -> csr_matrix:
    """The cosine of the character pieces: shape (n_examples, n_examples)."""
    documents = [char_ngrams(of_one) for of_one in words]
    return char_likeness(Vocabulary.of(documents).count(documents))


def plain(text: str) -> str:
    """Without case, punctuation and double spaces; a text of nothing else, such as an emoji, as it is."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold())) or text.strip()


def joined(text: str) -> str:
    """As `plain`, and without any space: "ja zeker" and "jazeker" mean the same."""
    return plain(text).replace(" ", "")


def check_same_text(examples: Sequence[SourceExample]) -> Iterator[Finding]:
    for same in _equal(examples, joined):
        intents = _intents(same)
        if len(intents) > 1:
            advice = "The same text in two intents teaches doubt. Keep it where a customer means it most often."
            yield Finding("same-text", Severity.ERROR, intents, advice, tuple(same))
    # In one intent, a word written in two parts is worth an example of its own: customers do so.
    for same in _equal(examples, plain):
        for intent in _intents(same):
            repeats = tuple(example for example in same if example.intent == intent)
            if len(repeats) > 1:
                advice = "The same text twice teaches nothing new. Keep one."
                yield Finding("same-text", Severity.WARNING, (intent,), advice, repeats)


def _equal(examples: Sequence[SourceExample], key: Callable[[str], str]) -> list[list[SourceExample]]:
    of_key = defaultdict(list)
    for example in examples:
        if example.text:
            of_key[key(example.text)].append(example)
    return [same for same in of_key.values() if len(same) > 1]


def _intents(examples: Sequence[SourceExample]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(example.intent for example in examples))


def check_near_duplicates(examples: Sequence[SourceExample], likeness: Likeness) -> Iterator[Finding]:
    """Pairs in different intents."""
    for one, other in np.argwhere(np.triu(likeness.reaches(NEAR_DUPLICATE), k=1)):
        if _are_in_two_intents(examples[one], examples[other]):
            yield _near_duplicate(
                examples[one], examples[other], float(likeness.pieces[one, other]), float(likeness.vectors[one, other])
            )


def check_nearly_equal(
    examples: Sequence[SourceExample], words: Sequence[list[str]], vectors_of: Callable[[list[int]], np.ndarray]
) -> Iterator[Finding]:
    """Of `check_near_duplicates` the errors only, without the vectors of all examples, which take most of the time.

    vectors_of: gives those of some examples, by their numbers; it is called once: for the pairs with nearly equal
    pieces, and for a sample that has the mean of all.
    """
    pieces = likeness_of_pieces(words)
    pairs = [
        (one, other)
        for one, other in np.transpose((pieces >= NEARLY_EQUAL[0]).nonzero()).tolist()
        if one < other and _are_in_two_intents(examples[one], examples[other])
    ]
    if not pairs:
        return
    sample = range(0, len(examples), -(-len(examples) // MEAN_SAMPLE))
    rows = sorted({*sample, *(row for pair in pairs for row in pair)})
    vectors = vectors_of(rows)
    vector_of = dict(zip(rows, unit_length(vectors - vectors.mean(axis=0)), strict=True))
    for one, other in pairs:
        cosine = float(vector_of[one] @ vector_of[other])
        finding = _near_duplicate(examples[one], examples[other], float(pieces[one, other]), cosine)
        if finding.severity is Severity.ERROR:
            yield finding


def _are_in_two_intents(one: SourceExample, other: SourceExample) -> bool:
    """And not the same text: that is found by `check_same_text`."""
    return one.intent != other.intent and joined(one.text) != joined(other.text)


def _near_duplicate(one: SourceExample, other: SourceExample, pieces: float, vectors: float) -> Finding:
    return Finding(
        "near-duplicate",
        Severity.ERROR if pieces >= NEARLY_EQUAL[0] and vectors >= NEARLY_EQUAL[1] else Severity.WARNING,
        (one.intent, other.intent),
        NEAR_DUPLICATE_ADVICE,
        (one, other),
        note=f"pieces {pieces:.2f}, vectors {vectors:.2f}",
        weight=pieces + vectors,
    )


def check_repeats(examples: Sequence[SourceExample], likeness: Likeness) -> Iterator[Finding]:
    """Intents whose examples repeat each other: each counts for one divided by those that are alike it."""
    intents = np.array([example.intent for example in examples])
    alike = likeness.reaches(ALIKE) & (intents[:, None] == intents)
    np.fill_diagonal(alike, True)
    n_alike = alike.sum(axis=1)
    for intent in dict.fromkeys(intents.tolist()):
        own = np.flatnonzero(intents == intent)
        different = float((1 / n_alike[own]).sum())
        if intent == OUT_OF_SCOPE or different >= MIN_DIFFERENT_SHARE * len(own):
            continue
        advice = (
            f"Its {len(own)} examples count for {different:.0f}: too many are alike. "
            "Replace repeats by other words, other lengths, other reasons to ask."
        )
        most_alike = own[np.argsort(-n_alike[own], kind="stable")[:TYPICAL_EXAMPLES]]
        typical = tuple(examples[row] for row in most_alike)
        yield Finding("repeats", Severity.WARNING, (intent,), advice, typical, about_intents=True)
