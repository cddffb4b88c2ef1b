"""What the fake keeps, and the JSON that the real one makes of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
TYPES = {"incoming": 0, "outgoing": 1, "activity": 2, "template": 3}


@dataclass
class Contact:
    id: int
    name: str
    identifier: str
    custom_attributes: Json = field(default_factory=dict)

    def json(self) -> Json:
        """app/views/api/v1/models/_contact.json.jbuilder"""
        return {
            "id": self.id,
            "name": self.name,
            "identifier": self.identifier,
            "email": None,
            "phone_number": None,
            "custom_attributes": self.custom_attributes,
        }


@dataclass
class Message:
    """kind: incoming, outgoing, activity or template."""

    id: int
    conversation: Conversation
    kind: str
    content: str | None
    private: bool = False
    source_id: str | None = None
    sender: Json | None = None
    files: list[str] = field(default_factory=list)
    created_at: float = field(default_factory=time.time)

    def json(self) -> Json:
        """app/views/api/v1/models/_message.json.jbuilder"""
        shown: Json = {
            "id": self.id,
            "content": self.content,
            "inbox_id": self.conversation.inbox_id,
            "conversation_id": self.conversation.display_id,
            "message_type": TYPES[self.kind],
            "content_type": "text",
            "status": "sent",
            "content_attributes": {},
            "created_at": int(self.created_at),
            "private": self.private,
            "source_id": self.source_id,
        }
        if self.sender:
            shown["sender"] = self.sender
        if self.files:
            shown["attachments"] = [
                {"id": at, "file_type": "image", "data_url": url} for at, url in enumerate(self.files)
            ]
        return shown

    def webhook(self) -> Json:
        """`webhook_data` of app/models/message.rb: the type is a word here."""
        return {
            "event": "message_created",
            "id": self.id,
            "content": self.content,
            "content_type": "text",
            "content_attributes": {},
            "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.created_at)),
            "message_type": self.kind,
            "private": self.private,
            "source_id": self.source_id,
            "sender": self.sender,
            "inbox": {"id": self.conversation.inbox_id, "name": "Vraagbaak"},
            "conversation": self.conversation.webhook(),
            "account": {"id": 1, "name": "Winkel"},
        }


@dataclass
class Conversation:
    display_id: int
    contact: Contact
    inbox_id: int
    source_id: str
    status: str = "open"
    priority: str | None = None
    labels: list[str] = field(default_factory=list)
    custom_attributes: Json = field(default_factory=dict)
    assignee: Json | None = None
    messages: list[Message] = field(default_factory=list)

    def json(self) -> Json:
        """app/views/api/v1/conversations/partials/_conversation.json.jbuilder"""
        meta: Json = {"sender": self.contact.json(), "channel": "Channel::Api", "hmac_verified": False}
        if self.assignee:
            meta["assignee"] = self.assignee
        return {
            "meta": meta,
            "id": self.display_id,
            "messages": [self.messages[-1].json()] if self.messages else [],
            "account_id": 1,
            "inbox_id": self.inbox_id,
            "additional_attributes": {},
            "custom_attributes": self.custom_attributes,
            "labels": self.labels,
            "status": self.status,
            "priority": self.priority,
        }

    def webhook(self) -> Json:
        """app/presenters/conversations/event_data_presenter.rb"""
        return {
            "id": self.display_id,
            "inbox_id": self.inbox_id,
            "channel": "Channel::Api",
            "can_reply": True,
            "contact_inbox": {
                "id": 1,
                "contact_id": self.contact.id,
                "inbox_id": self.inbox_id,
                "source_id": self.source_id,
            },
            "messages": [self.messages[-1].json()] if self.messages else [],
            "labels": self.labels,
            "meta": {"sender": self.contact.json(), "assignee": self.assignee, "team": None, "hmac_verified": False},
            "status": self.status,
            "custom_attributes": self.custom_attributes,
            "priority": self.priority,
            "additional_attributes": {},
        }
