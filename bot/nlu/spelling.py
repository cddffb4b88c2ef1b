"""Rasa component that puts typing mistakes right before the message is judged: "wanner open" is read as "wanneer open".

Towards words of the examples first, then to common Dutch words. What is a word stays as it is, in the examples or in
the dictionary, whatever it means. Only the classifier reads the result: people read what the customer typed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from spellchecker import SpellChecker
from symspellpy import SymSpell, Verbosity

from bot.nlu.component import StoredComponent
from bot.nlu.options import check_names, check_whole_number
from bot.nlu.parts import with_parts

SPELLED = "spelled"  # on a message: its text with the mistakes put right, where there were any
WORDS_FILE = "words.json"
KNOWN_FILE = "known.npy"
MIN_CHARS = 4  # shorter words have too many neighbours
# A long word is put right with two mistakes too. Measured with random mistakes, one in 12 letters, in messages of other
# writers and companies than the examples: accuracy falls from 0.785 to 0.65 without this, and to 0.725 with it.
MIN_CHARS_FOR_TWO = 7
N_COMMON_WORDS = 20_000
MAX_UNKNOWN_WORDS = 40  # of one message; more is not a language


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class Spelling(StoredComponent):
    """Trainable to know the words of the examples, such as product names."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        # Mistakes in one word that are put right; 0 turns it off.
        return {"max_mistakes": 2}

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        check_names("Spelling", config, self.get_default_config())
        check_whole_number("Spelling", config, "max_mistakes", low=0, high=2)
        self._max_mistakes: int = config["max_mistakes"]
        super().__init__(config, model_storage, resource)
        self._words: dict[str, dict[str, int]] = {"own": {}, "common": {}}
        self._known = np.zeros(0, dtype=np.uint64)
        self._own = self._common = SymSpell()

    def train(self, training_data: TrainingData) -> Resource:
        """Remember the words of the examples and how often they occur."""
        examples = training_data.training_examples
        words = Counter(
            token.text.lower()
            for example in examples
            for token in example.get(TOKENS_NAMES[TEXT], [])
            if token.text.isalpha()
        )
        self._words = {"own": dict(words), "common": common_words()}
        self._known = np.unique(np.concatenate([fingerprints(words), dictionary_fingerprints()]))
        with self._model_storage.write_to(self._resource) as directory:
            self._write(directory)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Leave the examples as they are: all their words are known."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the tokens, and `spelled`, of every message with mistakes, and of its parts."""
        for message in with_parts(messages):
            self._process_message(message)
        return messages

    def _process_message(self, message: Message) -> None:
        if not self._max_mistakes:
            return
        tokens = message.get(TOKENS_NAMES[TEXT], [])
        text = message.get(TEXT) or ""
        unknown = [number for number, token in enumerate(tokens) if self._may_be_wrong(token, text)][:MAX_UNKNOWN_WORDS]
        right = {number: word for number in unknown if (word := self._put_right(tokens[number].text.lower()))}
        if not right:
            return
        spelled = [
            Token(right[number], token.start, token.end) if number in right else token
            for number, token in enumerate(tokens)
        ]
        message.set(TOKENS_NAMES[TEXT], spelled)
        message.set(
            SPELLED, _with_words(message.get(TEXT), [(tokens[n].start, tokens[n].end, right[n]) for n in right])
        )

    def _may_be_wrong(self, token: Token, text: str) -> bool:
        word = token.text
        is_word = len(word) >= MIN_CHARS and word.isalpha()
        return is_word and not self._is_known(word.lower()) and not _looks_like_a_name(token, text)

    def _is_known(self, word: str) -> bool:
        place = np.searchsorted(self._known, fingerprints([word]))[0]
        return bool(place < len(self._known) and self._known[place] == fingerprints([word])[0])

    def _put_right(self, word: str) -> str:
        """The nearest word; of the examples if that is as near; empty if none is near enough."""
        mistakes = self._max_mistakes if len(word) >= MIN_CHARS_FOR_TWO else 1
        own = self._own.lookup(word, Verbosity.CLOSEST, max_edit_distance=mistakes)
        if own and own[0].distance == 1:
            return str(own[0].term)
        common = self._common.lookup(word, Verbosity.CLOSEST, max_edit_distance=1)
        best = common or own
        return str(best[0].term) if best else ""

    def _write(self, directory: Path) -> None:
        text = json.dumps(self._words, ensure_ascii=False, sort_keys=True)
        (directory / WORDS_FILE).write_text(text, encoding="utf-8")
        np.save(directory / KNOWN_FILE, self._known, allow_pickle=False)

    def _read(self, directory: Path) -> None:
        self._words = json.loads((directory / WORDS_FILE).read_text(encoding="utf-8"))
        self._known = np.load(directory / KNOWN_FILE, allow_pickle=False)
        self._own = index_of(frozenset(self._words["own"].items()), self._max_mistakes)
        self._common = index_of(frozenset(self._words["common"].items()), 1)


def dictionary(language: str) -> dict[str, int]:
    """Words and how often they occur, from the package pyspellchecker.

    English too, because customers write it, in names of products and on purpose.
    """
    return dict(SpellChecker(language=language).word_frequency.dictionary)


@lru_cache(maxsize=1)  # whoever trains once mostly trains more often
def common_words() -> dict[str, int]:
    """The most frequent Dutch words and how often they occur."""
    candidates = [row for row in dictionary("nl").items() if len(row[0]) >= MIN_CHARS and row[0].isalpha()]
    return dict(sorted(candidates, key=lambda row: (-row[1], row[0]))[:N_COMMON_WORDS])


@lru_cache(maxsize=1)
def dictionary_fingerprints() -> np.ndarray:
    """Of all that is a word, Dutch or English."""
    return fingerprints([*dictionary("nl"), *dictionary("en")])


def fingerprints(words: Iterable[str]) -> np.ndarray:
    """Return a number for each word: uint64, shape (n_words,). Half a million of them take 4 MB; as texts, 50."""
    digests = b"".join(blake2b(word.encode("utf-8", "replace"), digest_size=8).digest() for word in words)
    return np.frombuffer(digests, dtype=np.uint64)


@lru_cache(maxsize=2)  # a model that comes shares the common words with the one that goes
def index_of(words: frozenset[tuple[str, int]], max_mistakes: int) -> SymSpell:
    """Make words, each with how often it occurs, findable by what is like them."""
    index = SymSpell(max_dictionary_edit_distance=max_mistakes)
    for word, count in sorted(words):
        if len(word) >= MIN_CHARS - 1:
            index.create_dictionary_entry(word, count)
    return index


def _looks_like_a_name(token: Token, text: str) -> bool:
    """Whether it has a capital that does not come from the place in the sentence."""
    before = text[: token.start].rstrip()
    return token.text.istitle() and bool(before) and before[-1] not in ".!?\n"


def _with_words(text: str, changes: list[tuple[int, int, str]]) -> str:
    """Replace from `start` to `end` by a word, for each of `changes`."""
    for start, end, word in sorted(changes, reverse=True):
        text = text[:start] + word + text[end:]
    return text
