"""Typing mistakes as a keyboard makes them, always the same for the same seed."""

from __future__ import annotations

import random

ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
PER_CHARS = 12  # one mistake in so many characters, on average
KINDS = ("neighbour", "swap", "drop", "double")


def with_typos(text: str, rng: random.Random) -> str:
    """Return `text` with mistakes in its letters; digits and punctuation stay."""
    chars = list(text)
    result: list[str] = []
    position = 0
    while position < len(chars):
        char = chars[position]
        wrong = rng.random() < 1 / PER_CHARS
        following = chars[position + 1] if position + 1 < len(chars) else ""
        if wrong and char.isalpha():
            kind = rng.choice(KINDS)
            result.append(_mistake(kind, char, following, rng))
            position += 2 if kind == "swap" else 1
        else:
            result.append(char)
            position += 1
    return "".join(result)


def neighbours_of(letter: str) -> str:
    """Return the keys around a letter on a QWERTY keyboard; itself if it has no place there, such as é."""
    for number, row in enumerate(ROWS):
        column = row.find(letter.lower())
        if column >= 0:
            beside = row[max(column - 1, 0) : column] + row[column + 1 : column + 2]
            above = ROWS[number - 1][column : column + 2] if number else ""
            below = ROWS[number + 1][max(column - 1, 0) : column + 1] if number + 1 < len(ROWS) else ""
            return beside + above + below
    return letter


def _mistake(kind: str, char: str, following: str, rng: random.Random) -> str:
    if kind == "neighbour":
        key = rng.choice(neighbours_of(char))
        return key.upper() if char.isupper() else key
    return {"swap": following + char, "drop": "", "double": char * 2}[kind]
