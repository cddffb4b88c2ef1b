"""How the team works, for managers: departments with their promises, who has duty in the evening and weekend, what
customers say, which mails did not arrive, and the labels and lists that agents choose from."""

from sanic import Blueprint

from bot.web.team import departments, labels, mails, ratings, roster, stakeholders
from bot.web.team.name_list import add_pages

blueprint = Blueprint("team")

blueprint.add_route(departments.list_departments, "/team", methods=["GET"])
blueprint.add_route(departments.add_example, "/team/example", methods=["POST"])
blueprint.add_route(departments.show_new, "/team/new", methods=["GET"])
blueprint.add_route(departments.create, "/team/new", methods=["POST"])
blueprint.add_route(departments.show_department, "/team/departments/<department_id:str>", methods=["GET"])
blueprint.add_route(departments.save, "/team/departments/<department_id:str>", methods=["POST"])
blueprint.add_route(departments.move, "/team/departments/<department_id:str>/move", methods=["POST"])
blueprint.add_route(departments.remove, "/team/departments/<department_id:str>/remove", methods=["POST"])

blueprint.add_route(ratings.show_ratings, "/team/beoordelingen", methods=["GET"])
blueprint.add_route(mails.show_mails, "/team/mail", methods=["GET"])

blueprint.add_route(roster.show_week, "/team/rooster", methods=["GET"])
blueprint.add_route(roster.add_shift, "/team/rooster", methods=["POST"])
blueprint.add_route(roster.copy_week, "/team/rooster/copy", methods=["POST"])
blueprint.add_route(roster.remove_shift, "/team/rooster/<shift_id:str>/remove", methods=["POST"])

add_pages(blueprint, labels.NAMES)
add_pages(blueprint, stakeholders.NAMES)
