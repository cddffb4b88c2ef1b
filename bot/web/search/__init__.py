"""Search over all conversations: an index of this process, kept up to date in the background, and its page."""

from sanic import Blueprint

from bot.web.search import page
from bot.web.search.filler import Search

__all__ = ["Search", "blueprint"]

blueprint = Blueprint("search")

blueprint.add_route(page.show_search, "/desk/search", methods=["GET"])
