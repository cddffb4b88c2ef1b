"""The agents' desk: who waits for a human, and the conversations, live."""

from bot.web.desk.routes import blueprint

__all__ = ["blueprint"]
