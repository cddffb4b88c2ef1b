"""A company's own list of questions and answers becomes topics: read, looked at, imported, and undone if need be."""

from sanic import Blueprint

from bot.web.importing import views

blueprint = Blueprint("importing")

blueprint.add_route(views.show_start, "/importing", methods=["GET"])
blueprint.add_route(views.read, "/importing", methods=["POST"], stream=True)
blueprint.add_route(views.show, "/importing/<import_id:str>", methods=["GET"])
blueprint.add_route(views.choose, "/importing/<import_id:str>", methods=["POST"])
blueprint.add_route(views.undo_import, "/importing/<import_id:str>/undo", methods=["POST"])
