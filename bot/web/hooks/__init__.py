"""Webhooks: others hear what happens, signed, again until it arrives; and the pages where admins say who."""

from sanic import Blueprint

from bot.web.hooks import pages

blueprint = Blueprint("hooks", url_prefix="/koppelingen")

blueprint.add_route(pages.show_list, "/", methods=["GET"], strict_slashes=False)
blueprint.add_route(pages.create, "/webhooks", methods=["POST"])
blueprint.add_route(pages.show_one, "/webhooks/<hook_id:str>", methods=["GET"])
blueprint.add_route(pages.save, "/webhooks/<hook_id:str>", methods=["POST"])
blueprint.add_route(pages.test, "/webhooks/<hook_id:str>/test", methods=["POST"])
blueprint.add_route(pages.renew_secret, "/webhooks/<hook_id:str>/secret", methods=["POST"])
blueprint.add_route(pages.remove, "/webhooks/<hook_id:str>/remove", methods=["POST"])
blueprint.add_route(pages.again, "/webhooks/<hook_id:str>/deliveries/<delivery_id:str>/again", methods=["POST"])
