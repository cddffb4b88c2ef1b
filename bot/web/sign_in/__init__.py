"""Signing in and out, one's own account, and the accounts of everybody."""

from sanic import Blueprint

from bot.web.sign_in import account, accounts, links, openid, password, profile, session, totp

blueprint = Blueprint("sign_in")

blueprint.add_route(session.show_sign_in, "/sign-in", methods=["GET"])
blueprint.add_route(session.sign_in, "/sign-in", methods=["POST"])
blueprint.add_route(session.show_code, "/sign-in/code", methods=["GET"])
blueprint.add_route(session.check_code, "/sign-in/code", methods=["POST"])
blueprint.add_route(session.sign_out, "/sign-out", methods=["POST"])
blueprint.add_route(links.show_forgotten, "/sign-in/forgotten", methods=["GET"])
blueprint.add_route(links.ask_for_link, "/sign-in/forgotten", methods=["POST"])
blueprint.add_route(links.show_link, "/sign-in/link/<token:str>", methods=["GET"])
blueprint.add_route(links.choose_password, "/sign-in/link/<token:str>", methods=["POST"])

blueprint.add_route(openid.begin, "/sign-in/openid", methods=["GET"])
blueprint.add_route(openid.come_back, "/sign-in/openid/callback", methods=["GET"])

blueprint.add_route(profile.show_profile, "/account", methods=["GET"])
blueprint.add_route(profile.save_profile, "/account", methods=["POST"])
blueprint.add_route(profile.end_all_sessions, "/account/sessions/end", methods=["POST"])
blueprint.add_route(profile.end_session, "/account/sessions/<session:str>/end", methods=["POST"])
blueprint.add_route(password.show_password, "/account/password", methods=["GET"])
blueprint.add_route(password.change_password, "/account/password", methods=["POST"])
blueprint.add_route(totp.show_totp, "/account/totp", methods=["GET"])
blueprint.add_route(totp.turn_on, "/account/totp", methods=["POST"])
blueprint.add_route(totp.renew_codes, "/account/totp/codes", methods=["POST"])
blueprint.add_route(totp.turn_off, "/account/totp/off", methods=["POST"])
blueprint.add_route(openid.show_openid, "/account/openid", methods=["GET"])
blueprint.add_route(openid.unlink_openid, "/account/openid/unlink", methods=["POST"])

blueprint.add_route(accounts.list_accounts, "/accounts", methods=["GET"])
blueprint.add_route(accounts.invite, "/accounts", methods=["POST"])
blueprint.add_route(account.show_account, "/accounts/<account_id:str>", methods=["GET"])
blueprint.add_route(account.save_account, "/accounts/<account_id:str>", methods=["POST"])
for path, deed in {
    "link": account.make_link,
    "revoke": account.revoke_link,
    "sign-out": account.end_sessions,
    "totp-reset": account.reset_totp,
    "disable": account.disable,
    "enable": account.enable,
    "remove": account.remove,
}.items():
    blueprint.add_route(deed, f"/accounts/<account_id:str>/{path}", methods=["POST"])
