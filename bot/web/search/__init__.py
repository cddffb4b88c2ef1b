"""Search over all conversations: an index of this process, kept up to date in the background."""

from bot.web.search.filler import Search

__all__ = ["Search"]
