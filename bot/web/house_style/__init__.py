"""Where managers set the house style, and where all answers are held against it."""

from sanic import Blueprint

from bot.web.house_style import report, views

blueprint = Blueprint("house_style")

blueprint.add_route(views.show_style, "/house-style", methods=["GET"])
blueprint.add_route(views.save_style, "/house-style", methods=["POST"])
blueprint.add_route(views.check_text, "/house-style/check", methods=["POST"])
blueprint.add_route(report.show_report, "/house-style/report", methods=["GET"])
blueprint.add_route(report.export_report, "/house-style/report.csv", methods=["GET"])
