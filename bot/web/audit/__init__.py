"""The audit log, for managers and admins: who did what."""

from sanic import Blueprint

from bot.web.audit import pages

blueprint = Blueprint("audit")

blueprint.add_route(pages.show_audit, "/audit", methods=["GET"])
blueprint.add_route(pages.export_audit, "/audit.csv", methods=["GET"])
