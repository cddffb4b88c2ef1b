"""What is wrong with an example that it takes no NLU to see: for the editors' pages and for `make lint-data`."""

from __future__ import annotations

import re
import unicodedata

# With fewer than 8, a fifth apart for cross-validation leaves a handful; from 20 the gain of each next one is small.
MIN_EXAMPLES, ENOUGH_EXAMPLES = 8, 20
LONG_CHARS = 400
MARKUP = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#\d+);|\]\([^)]*\)|\*\*\S|```", re.IGNORECASE)
# UTF-8 that somebody read as Latin-1, and what is left of a character that could not be read.
BROKEN_TEXT = re.compile("Ã[\u0080-\u00bf]|â€|\ufffd")
# Numbers and addresses that are nobody's: examples may have them.
INVENTED = re.compile(
    r"@(?:example|voorbeeld|test|mail|email)\.|\.(?:test|invalid|example)$|12345|98765|(\d)(?:\W?\1){4}|ABNA\W?0?417",
    re.I,
)
EMAIL = re.compile(r"(?<![\w.+-])[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
# Between emoji and behind them these belong there.
_EMOJI_JOINERS = {"\u200d", "\ufe0f"}


def invisible_characters(text: str) -> list[str]:
    """Names of control and formatting characters, and of white space other than a space."""
    found = {
        char
        for char in text
        if char not in _EMOJI_JOINERS
        and (unicodedata.category(char) in {"Cc", "Cf", "Co", "Zl", "Zp"} or (char != " " and char.isspace()))
    }
    return sorted(unicodedata.name(char, f"U+{ord(char):04X}").lower() for char in found)
