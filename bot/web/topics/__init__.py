"""Where community managers own what customers ask about: topics with their examples and tests."""

from sanic import Blueprint

from bot.web.topics import editing, reshaping, views

blueprint = Blueprint("topics")

blueprint.add_route(views.list_topics, "/topics", methods=["GET"])
blueprint.add_route(views.show_new, "/topics/new", methods=["GET"])
blueprint.add_route(views.create, "/topics/new", methods=["POST"])
blueprint.add_route(views.show_topic, "/topics/<intent:str>", methods=["GET"])
blueprint.add_route(editing.save, "/topics/<intent:str>", methods=["POST"])
blueprint.add_route(views.answer, "/topics/<intent:str>/answer", methods=["POST"])
blueprint.add_route(reshaping.show_merge, "/topics/<intent:str>/merge", methods=["GET"])
blueprint.add_route(reshaping.merge, "/topics/<intent:str>/merge", methods=["POST"])
blueprint.add_route(reshaping.retire, "/topics/<intent:str>/retire", methods=["POST"])
blueprint.add_route(reshaping.revive, "/topics/<intent:str>/revive", methods=["POST"])
blueprint.add_route(reshaping.restore, "/topics/<intent:str>/restore", methods=["POST"])
