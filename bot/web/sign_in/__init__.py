"""Signing in and out, one's own password, and the accounts of everybody."""

from sanic import Blueprint

from bot.web.sign_in import accounts, password, session

blueprint = Blueprint("sign_in")

blueprint.add_route(session.show_sign_in, "/sign-in", methods=["GET"])
blueprint.add_route(session.sign_in, "/sign-in", methods=["POST"])
blueprint.add_route(session.sign_out, "/sign-out", methods=["POST"])

blueprint.add_route(password.show_password, "/account/password", methods=["GET"])
blueprint.add_route(password.change_password, "/account/password", methods=["POST"])

blueprint.add_route(accounts.list_accounts, "/accounts", methods=["GET"])
blueprint.add_route(accounts.create_account, "/accounts", methods=["POST"])
blueprint.add_route(accounts.renew_password, "/accounts/<account_id:str>/password", methods=["POST"])
blueprint.add_route(accounts.remove_account, "/accounts/<account_id:str>/remove", methods=["POST"])
