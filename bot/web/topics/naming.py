"""The name that a new topic has in the Rasa project."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from bot.store.topics import FAQ_PREFIX

# Leaves room for a number behind it.
_MAX_SLUG_CHARS = 45
# Of a title without a letter or a number of ours, as one of emoji alone.
_NAMELESS = "vraag"


def new_intent(title: str, taken: Collection[str]) -> str:
    """`faq_` and the title's letters; with a number behind it if one of `taken` has that name."""
    plain = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "_", plain)[:_MAX_SLUG_CHARS].strip("_")
    name = FAQ_PREFIX + (slug or _NAMELESS)
    number = 2
    intent = name
    while intent in taken:
        intent, number = f"{name}_{number}", number + 1
    return intent
