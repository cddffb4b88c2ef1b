"""The application API of one account. It answers as the real one does, also to what is wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.fakes.chatwoot.faults import Fault
from tests.fakes.chatwoot.records import TYPES, Contact, Conversation, Message
from tests.fakes.chatwoot.webhooks import Webhooks

TOKEN = "chatwoot-token-for-tests"
ACCOUNT, INBOX = 1, 7
# Settings that turn the connector on; nobody answers at that address.
SETTINGS: dict[str, Any] = {
    "chatwoot_url": "http://127.0.0.1:9",
    "chatwoot_token": TOKEN,
    "chatwoot_account": ACCOUNT,
    "chatwoot_inbox": INBOX,
    "chatwoot_webhook_token": "webhook-word-for-tests",
}
MAX_CONTENT = 150_000
Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeChatwoot:
    """`async with FakeChatwoot() as chatwoot`; `faults` go wrong once each, `down` is an answer to everything."""

    def __init__(self) -> None:
        self.url = ""
        self.contacts: dict[int, Contact] = {}
        self.conversations: dict[int, Conversation] = {}
        self.contact_inboxes: dict[tuple[int, str], int] = {}
        self.webhooks = Webhooks()
        self.faults: list[Fault] = []
        self.down = 0
        self.requests: list[str] = []
        self._numbers = itertools.count(101)
        # As in the real one: of all conversations together.
        self._message_ids = itertools.count(5001)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeChatwoot:
        app = web.Application(middlewares=[self._behave, self._answer_errors])
        base = "/api/v1/accounts/{account}"
        app.add_routes(
            [
                web.post(f"{base}/contacts", self._create_contact),
                web.post(f"{base}/contacts/filter", self._filter_contacts),
                web.get(f"{base}/contacts/{{id}}/conversations", self._conversations_of),
                web.post(f"{base}/conversations", self._create_conversation),
                web.get(f"{base}/conversations/{{id}}", self._conversation),
                web.get(f"{base}/conversations/{{id}}/messages", self._messages),
                web.post(f"{base}/conversations/{{id}}/messages", self._create_message),
                web.post(f"{base}/conversations/{{id}}/toggle_status", self._toggle_status),
                web.post(f"{base}/conversations/{{id}}/toggle_priority", self._toggle_priority),
                web.post(f"{base}/conversations/{{id}}/custom_attributes", self._custom_attributes),
                web.get(f"{base}/conversations/{{id}}/labels", self._labels),
                web.post(f"{base}/conversations/{{id}}/labels", self._set_labels),
            ]
        )
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.webhooks.close()
        assert self._runner
        await self._runner.cleanup()

    # What agents and the API do alike.

    def say(self, conversation: Conversation, kind: str, content: str | None, **fields: Any) -> Message:
        message = Message(next(self._message_ids), conversation, kind, content, **fields)
        conversation.messages.append(message)
        if kind == "incoming" and conversation.status in ("resolved", "snoozed"):
            self.set_status(conversation, "open")  # app/models/message.rb reopen_conversation
        if kind in ("incoming", "outgoing", "template"):  # webhook_sendable? says nothing about private ones
            self.webhooks.put(message.webhook())
        return message

    def set_status(self, conversation: Conversation, status: str) -> None:
        if status == conversation.status:
            return
        change = {"status": {"previous_value": conversation.status, "current_value": status}}
        conversation.status = status
        self._announce(conversation, "conversation_status_changed", change)
        self._announce(conversation, "conversation_updated", change)
        self.say(conversation, "activity", f"Conversation was marked {status}")

    def typing(self, conversation: Conversation, user: Json, *, is_private: bool = False) -> None:
        event = {"event": "conversation_typing_on", "user": user, "is_private": is_private}
        self.webhooks.put({**event, "conversation": conversation.webhook()})

    def assign(self, conversation: Conversation, agent: Json | None) -> None:
        before = conversation.assignee and conversation.assignee["id"]
        conversation.assignee = agent
        change = {"assignee_id": {"previous_value": before, "current_value": agent and agent["id"]}}
        self._announce(conversation, "conversation_updated", change)

    def _announce(self, conversation: Conversation, event: str, *changes: Json) -> None:
        self.webhooks.put({**conversation.webhook(), "event": event, "changed_attributes": list(changes)})

    # Requests.

    @web.middleware
    async def _behave(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.down:
            return web.json_response({"error": "down"}, status=self.down)
        fault = next((one for one in self.faults if one.fits(request)), None)
        if fault is None:
            return await handler(request)
        self.faults.remove(fault)
        if fault.proxy:
            return web.Response(status=fault.proxy, text="404 page not found")
        if fault.status:
            return web.json_response({"error": "something went wrong"}, status=fault.status)
        response = await handler(request)
        if fault.lost:
            assert request.transport
            request.transport.abort()
        await asyncio.sleep(fault.late_s)
        return response

    @web.middleware
    async def _answer_errors(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("api_access_token") != TOKEN:
            return web.json_response({"error": "Invalid Access Token"}, status=401)
        if request.match_info.get("account") != str(ACCOUNT):
            return web.json_response({"error": "Resource could not be found"}, status=404)
        try:
            return await handler(request)
        except KeyError:
            return web.json_response({"error": "Resource could not be found"}, status=404)

    async def _create_contact(self, request: web.Request) -> web.Response:
        body = await request.json()
        if any(one.identifier == body["identifier"] for one in self.contacts.values()):
            taken = {"message": "Identifier has already been taken", "attributes": ["identifier"]}
            return web.json_response(taken, status=422)
        contact = Contact(next(self._numbers), body["name"], body["identifier"], body.get("custom_attributes") or {})
        self.contacts[contact.id] = contact
        if body.get("inbox_id") is not None:
            self._contact_inbox(int(body["inbox_id"]), body["source_id"], contact.id)
        inbox = {"inbox": {"id": body.get("inbox_id")}, "source_id": body.get("source_id")}
        return web.json_response({"payload": {"contact": contact.json(), "contact_inbox": inbox}})

    def _contact_inbox(self, inbox_id: int, source_id: str, contact_id: int) -> bool:
        """index_contact_inboxes_on_inbox_id_and_source_id: False if it is another contact's."""
        if inbox_id != INBOX:
            raise KeyError(inbox_id)
        return self.contact_inboxes.setdefault((inbox_id, source_id), contact_id) == contact_id

    async def _filter_contacts(self, request: web.Request) -> web.Response:
        (wanted,) = (await request.json())["payload"]
        assert (wanted["attribute_key"], wanted["filter_operator"]) == ("identifier", "equal_to")
        value = wanted["values"][0].lower()  # text_case_insensitive
        found = [one.json() for one in self.contacts.values() if one.identifier.lower() == value]
        return web.json_response({"meta": {"count": len(found), "current_page": 1}, "payload": found})

    async def _conversations_of(self, request: web.Request) -> web.Response:
        contact = self.contacts[int(request.match_info["id"])]
        found = [one.json() for one in self.conversations.values() if one.contact is contact]
        return web.json_response({"payload": found[::-1][:20]})

    async def _create_conversation(self, request: web.Request) -> web.Response:
        body = await request.json()
        contact = self.contacts[int(body["contact_id"])]
        if not self._contact_inbox(int(body["inbox_id"]), body["source_id"], contact.id):
            return web.json_response({"error": "source_id should be unique"}, status=422)
        conversation = Conversation(
            next(self._numbers),
            contact,
            int(body["inbox_id"]),
            body["source_id"],
            body.get("status") or "open",
            custom_attributes=body.get("custom_attributes") or {},
        )
        self.conversations[conversation.display_id] = conversation
        self._announce(conversation, "conversation_created")
        return web.json_response(conversation.json())

    def _found(self, request: web.Request) -> Conversation:
        return self.conversations[int(request.match_info["id"])]

    async def _conversation(self, request: web.Request) -> web.Response:
        return web.json_response(self._found(request).json())

    async def _messages(self, request: web.Request) -> web.Response:
        """app/finders/message_finder.rb: behind an id the oldest hundred, else the latest twenty."""
        messages = self._found(request).messages
        if "after" in request.query:
            shown = [one for one in messages if one.id > int(request.query["after"])][:100]
        else:
            shown = messages[-20:]
        return web.json_response({"meta": {"labels": []}, "payload": [one.json() for one in shown]})

    async def _create_message(self, request: web.Request) -> web.Response:
        conversation, body = self._found(request), await request.json()
        kind = body.get("message_type") or "outgoing"
        if kind not in TYPES or len(body["content"]) > MAX_CONTENT or "\ufffe" in body["content"]:
            return web.json_response({"error": "Validation failed"}, status=422)
        sender = conversation.contact.json() if kind == "incoming" else {"id": 1, "name": "Koppeling", "type": "user"}
        message = self.say(
            conversation,
            kind,
            body["content"],
            private=bool(body.get("private")),
            source_id=body.get("source_id"),
            sender=sender,
        )
        return web.json_response(message.json())

    async def _toggle_status(self, request: web.Request) -> web.Response:
        conversation = self._found(request)
        self.set_status(conversation, (await request.json())["status"])
        payload = {"success": True, "conversation_id": conversation.display_id, "current_status": conversation.status}
        return web.json_response({"meta": {}, "payload": payload})

    async def _toggle_priority(self, request: web.Request) -> web.Response:
        priority = (await request.json()).get("priority")
        if priority not in (None, "low", "medium", "high", "urgent"):
            return web.json_response({"error": "'x' is not a valid priority"}, status=422)
        self._found(request).priority = priority
        return web.Response(status=200)  # head :ok

    async def _custom_attributes(self, request: web.Request) -> web.Response:
        conversation, body = self._found(request), await request.json()
        before = conversation.custom_attributes if body.get("merge") else {}
        conversation.custom_attributes = {**before, **body["custom_attributes"]}
        return web.json_response({"custom_attributes": conversation.custom_attributes})

    async def _labels(self, request: web.Request) -> web.Response:
        return web.json_response({"payload": self._found(request).labels})

    async def _set_labels(self, request: web.Request) -> web.Response:
        conversation = self._found(request)
        conversation.labels = json.loads(await request.text())["labels"]
        return web.json_response({"payload": conversation.labels})
