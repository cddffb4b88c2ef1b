"""Where community managers edit the answers; an edit is live at once."""

from sanic import Blueprint

from bot.web.editor import rules, views

blueprint = Blueprint("editor")

blueprint.add_route(views.list_answers, "/editor", methods=["GET"])
blueprint.add_route(rules.show_rules, "/editor/rules", methods=["GET"])
blueprint.add_route(rules.save_rules, "/editor/rules", methods=["POST"])
blueprint.add_route(views.show_answer, "/editor/<name:str>", methods=["GET"])
blueprint.add_route(views.save_answer, "/editor/<name:str>", methods=["POST"])
blueprint.add_route(views.restore_answer, "/editor/<name:str>/restore", methods=["POST"])
