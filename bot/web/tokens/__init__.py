"""Tokens with which programs use the API: one's own, and for admins those of everybody."""

from sanic import Blueprint

from bot.web.tokens import pages

blueprint = Blueprint("tokens")

blueprint.add_route(pages.list_own, "/account/tokens", methods=["GET"])
blueprint.add_route(pages.create_own, "/account/tokens", methods=["POST"])
blueprint.add_route(pages.revoke_own, "/account/tokens/<token_id:str>/revoke", methods=["POST"])

blueprint.add_route(pages.list_all, "/accounts/tokens", methods=["GET"])
blueprint.add_route(pages.create_shared, "/accounts/tokens", methods=["POST"])
blueprint.add_route(pages.revoke_any, "/accounts/tokens/<token_id:str>/revoke", methods=["POST"])
