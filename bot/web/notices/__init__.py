"""What somebody should know, on a page of its own: promises, mentions, reminders; and how else to hear it."""

from sanic import Blueprint

from bot.web.notices import pages

blueprint = Blueprint("notices")

blueprint.add_route(pages.show_notifications, "/notifications", methods=["GET"])
blueprint.add_route(pages.count_unread, "/notifications/unread", methods=["GET"])
blueprint.add_route(pages.mark_read, "/notifications/read", methods=["POST"])
blueprint.add_route(pages.choose, "/notifications/choices", methods=["POST"])
blueprint.add_route(pages.reminder_done, "/notifications/reminders/<reminder_id:str>/done", methods=["POST"])
