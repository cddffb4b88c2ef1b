"""What counts for an auto-responder, as design.md defines it. Training and evaluation use the same functions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME

OUT_OF_SCOPE: str = DEFAULT_NLU_FALLBACK_INTENT_NAME
FAQ_PREFIX = "faq_"


def answerable_intents(intents: Iterable[str]) -> set[str]:
    """Return the intents that a template answers: those named faq_..., or all where no name starts so.

    The second is for other people's data; out of scope is never among them.
    """
    in_scope = {intent for intent in intents if intent != OUT_OF_SCOPE}
    return {intent for intent in in_scope if intent.startswith(FAQ_PREFIX)} or in_scope


def precision(right: np.ndarray, answered: np.ndarray) -> float | None:
    """Return the share answered rightly of the messages answered with a template; None if none was answered.

    right, answered: bool, shape (n_messages,).
    """
    return float(right[answered].mean()) if answered.any() else None


def coverage(answerable: np.ndarray, answered: np.ndarray) -> float | None:
    """Return the share that got an answer of the messages that a template answers; None if there are none.

    answerable, answered: bool, shape (n_messages,).
    """
    return float(answered[answerable].mean()) if answerable.any() else None


def leak(answered: np.ndarray) -> float | None:
    """Return the share that got an answer of the out-of-scope messages; None if there are none."""
    return float(answered.mean()) if len(answered) else None
