"""Where community managers edit the answers: drafts, what customers read, and what they read before."""

from sanic import Blueprint

from bot.web.editor import rules, versions, views

blueprint = Blueprint("editor")

blueprint.add_route(views.list_answers, "/editor", methods=["GET"])
blueprint.add_route(views.export_answers, "/editor.csv", methods=["GET"])
blueprint.add_route(rules.show_rules, "/editor/rules", methods=["GET"])
blueprint.add_route(rules.save_rules, "/editor/rules", methods=["POST"])
blueprint.add_route(views.show_answer, "/editor/<name:str>", methods=["GET"])
blueprint.add_route(views.save_answer, "/editor/<name:str>", methods=["POST"])
blueprint.add_route(views.discard_draft, "/editor/<name:str>/discard", methods=["POST"])
blueprint.add_route(views.return_draft, "/editor/<name:str>/return", methods=["POST"])
blueprint.add_route(views.preview_answer, "/editor/<name:str>/preview", methods=["POST"])
blueprint.add_route(views.viewing, "/editor/<name:str>/viewing", methods=["POST"])
blueprint.add_route(versions.compare_versions, "/editor/<name:str>/compare", methods=["GET"])
blueprint.add_route(versions.restore_answer, "/editor/<name:str>/restore", methods=["POST"])
blueprint.add_route(versions.ask_removal, "/editor/<name:str>/remove", methods=["GET"])
blueprint.add_route(versions.remove_answer, "/editor/<name:str>/remove", methods=["POST"])
blueprint.add_route(versions.bring_back, "/editor/<name:str>/bring-back", methods=["POST"])
