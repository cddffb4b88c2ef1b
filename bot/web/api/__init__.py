"""The JSON API under /api/v1, for automation and other systems."""

from bot.web.api.operations import blueprint

__all__ = ["blueprint"]
