from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.assistant.rasa_import import import_rasa
from tools.trained_model import trained_model

if TYPE_CHECKING:
    from bot.assistant.rasa_agent import RasaAgent


@pytest.fixture(scope="session")
def agent() -> RasaAgent:
    """The project's trained model; it keeps nothing of a conversation but what a test hands to it."""
    import_rasa()
    from bot.assistant.rasa_agent import RasaAgent

    return RasaAgent(trained_model())
