"""Where community managers try what the assistant makes of a message, with the live model and with another one."""

from sanic import Blueprint

from bot.web.trials import experiment, views

blueprint = Blueprint("trials")

blueprint.add_route(views.show_form, "/trials", methods=["GET"])
blueprint.add_route(views.ask, "/trials", methods=["POST"])
blueprint.add_route(experiment.show, "/trials/experiment", methods=["GET"])
blueprint.add_route(experiment.begin, "/trials/experiment", methods=["POST"])
blueprint.add_route(experiment.stop, "/trials/experiment/stop", methods=["POST"])
blueprint.add_route(experiment.go_live, "/trials/experiment/live", methods=["POST"])
blueprint.add_route(views.show_trial, "/trials/<trial_id:str>", methods=["GET"])
blueprint.add_route(views.learn, "/trials/<trial_id:str>/learn", methods=["POST"])
