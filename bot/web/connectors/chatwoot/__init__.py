"""What is for humans goes to Chatwoot, and what its agents answer comes back.

Read in chatwoot/chatwoot before this was written (paths of that repository): swagger/paths/application,
app/controllers/api/v1/accounts (contacts, conversations, conversations/messages), app/builders (contact_inbox_builder,
conversation_builder, messages/message_builder), app/finders/message_finder, app/listeners/webhook_listener,
lib/webhooks/trigger, app/controllers/concerns/request_exception_handler and access_token_auth_helper.
"""
