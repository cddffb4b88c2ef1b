"""Where editors train a model, see what changes with it, and let it go live or go back."""

from sanic import Blueprint

from bot.web.training import views

blueprint = Blueprint("training")

blueprint.add_route(views.show_list, "/training", methods=["GET"])
blueprint.add_route(views.ask, "/training", methods=["POST"])
blueprint.add_route(views.go_back, "/training/rollback", methods=["POST"])
blueprint.add_route(views.show_training, "/training/<training_id:str>", methods=["GET"])
blueprint.add_route(views.cancel, "/training/<training_id:str>/cancel", methods=["POST"])
blueprint.add_route(views.go_live, "/training/models/<name:str>/live", methods=["POST"])
