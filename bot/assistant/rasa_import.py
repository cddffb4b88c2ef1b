"""Importing Rasa without the noise of its old dependencies."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

# What they say about each other; a UserWarning is Rasa's own, about the project's data, and is shown.
_NOISE = (DeprecationWarning, PendingDeprecationWarning, FutureWarning, RuntimeWarning)


def import_rasa(project: Path | None = None) -> None:
    """Import what takes seconds, once, in silence; further imports of it are quick.

    project: the company's, whose own `actions`, if it has them, go before ours.
    """
    if project is not None:
        sys.path.insert(0, str(project.absolute()))
    import bot.nlu  # noqa: F401 - first: it says how OpenMP's threads wait, which is read once

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    os.environ.setdefault("LOG_LEVEL", "WARNING")  # Rasa's; else its progress bars fill the log
    # Recorded and dropped: Sanic 21.12 sets the filters again while it is imported.
    with warnings.catch_warnings(record=True):
        import rasa.core.agent
        import rasa.model_training  # noqa: F401
    for category in _NOISE:
        warnings.simplefilter("ignore", category)
    warnings.filterwarnings("ignore", message="Slot auto-fill has been removed")  # said whatever the domain has
