"""The learning inbox: what the assistant did not answer well, and what editors make of it."""

from sanic import Blueprint

from bot.web.learning import lessons, teaching, views

blueprint = Blueprint("learning")

blueprint.add_route(views.list_groups, "/learning", methods=["GET"])
blueprint.add_route(views.show_group, "/learning/group", methods=["GET"])
blueprint.add_route(views.show_conversation, "/learning/conversation", methods=["GET"])
blueprint.add_route(teaching.teach, "/learning/group", methods=["POST"])
blueprint.add_route(lessons.list_lessons, "/learning/lessons", methods=["GET"])
blueprint.add_route(lessons.approve, "/learning/lessons/<lesson_id:str>/approve", methods=["POST"])
blueprint.add_route(lessons.reject, "/learning/lessons/<lesson_id:str>/reject", methods=["POST"])
blueprint.add_route(lessons.undo, "/learning/lessons/<lesson_id:str>/undo", methods=["POST"])
