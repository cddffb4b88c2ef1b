"""The agents' desk: who waits for a human, and the conversations, live.

Each page works without JavaScript; the scripts only keep it fresh.
"""

from sanic import Blueprint

from bot.web.desk import (
    actions,
    bulk,
    composing,
    customer_actions,
    inserting,
    labelling,
    mailing,
    notes,
    pages,
    reminders,
    searching,
    turn,
)

blueprint = Blueprint("desk")

blueprint.add_route(pages.show_desk, "/desk", methods=["GET"])
blueprint.add_route(pages.show_list, "/desk/list", methods=["GET"])
blueprint.add_route(pages.stream_events, "/desk/events", methods=["GET"])
blueprint.add_route(inserting.list_templates, "/desk/templates", methods=["GET"])
blueprint.add_route(searching.show_search, "/desk/search", methods=["GET"])
blueprint.add_route(notes.list_colleagues, "/desk/colleagues", methods=["GET"])
blueprint.add_route(pages.show_conversation, "/desk/<conversation_id:str>", methods=["GET"])
blueprint.add_route(pages.show_transcript, "/desk/<conversation_id:str>/transcript", methods=["GET"])
blueprint.add_route(pages.show_media, "/desk/<conversation_id:str>/media/<message_id:str>/<place:int>", methods=["GET"])

blueprint.add_route(turn.take_next, "/desk/next", methods=["POST"])
blueprint.add_route(turn.set_away, "/desk/away", methods=["POST"])
blueprint.add_route(bulk.bulk, "/desk/bulk", methods=["POST"])
for name, action in actions.ACTIONS.items():
    blueprint.add_route(action, f"/desk/<conversation_id:str>/{name}", methods=["POST"])

blueprint.add_route(composing.reply, "/desk/<conversation_id:str>/reply", methods=["POST"])
blueprint.add_route(composing.typing, "/desk/<conversation_id:str>/typing", methods=["POST"])
blueprint.add_route(composing.retry, "/desk/<conversation_id:str>/retry", methods=["POST"])
blueprint.add_route(composing.save_draft, "/desk/<conversation_id:str>/draft", methods=["POST"])
blueprint.add_route(composing.view, "/desk/<conversation_id:str>/viewing", methods=["POST"])
blueprint.add_route(notes.note, "/desk/<conversation_id:str>/note", methods=["POST"])
blueprint.add_route(labelling.change_labels, "/desk/<conversation_id:str>/labels", methods=["POST"])
blueprint.add_route(reminders.show_reminder, "/desk/<conversation_id:str>/reminder", methods=["GET"])
blueprint.add_route(reminders.remind, "/desk/<conversation_id:str>/reminder", methods=["POST"])
blueprint.add_route(mailing.show_mail, "/desk/<conversation_id:str>/mail", methods=["GET"])
blueprint.add_route(mailing.send_mail, "/desk/<conversation_id:str>/mail", methods=["POST"])
blueprint.add_route(customer_actions.show_customer, "/desk/<conversation_id:str>/customer", methods=["GET"])

for name, action in customer_actions.ACTIONS.items():
    blueprint.add_route(action, f"/desk/<conversation_id:str>/customer/{name}", methods=["POST"])
