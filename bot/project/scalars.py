"""Texts as they stand in YAML, written such that Rasa reads the same back."""

from __future__ import annotations

import json
import re

# What YAML can hold as it is; the other characters stand in quotes, as \u0007.
_NOT_PRINTABLE = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ/][\w /.()'+€-]*")
_NOT_TEXT = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"})


def inline(text: str) -> str:
    """On one line: as it is where that is safe, else in quotes."""
    if _PLAIN.fullmatch(text) and text == text.strip() and text.casefold() not in _NOT_TEXT:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """In double quotes; JSON's escapes are YAML's too."""
    return _NOT_PRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f"))


def block(text: str, *, indent: str) -> str:
    """What stands behind `key: `: a literal block with the lines at `indent`; quotes where a block can't hold it."""
    lines = text.split("\n")
    if not text or text[0] in " \t\n" or text[-1] in " \t\n" or _NOT_PRINTABLE.search(text):
        return quoted(text)
    return "|-\n" + "\n".join(indent + line if line else "" for line in lines)


def as_line(text: str) -> str:
    """One line of plain characters: what no example or test can hold becomes a space."""
    return " ".join(_NOT_PRINTABLE.sub(" ", text).splitlines()).strip("\n\r ")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found.group())
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
