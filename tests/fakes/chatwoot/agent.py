"""Somebody who works in Chatwoot's own pages."""

from __future__ import annotations

from typing import Any

from tests.fakes.chatwoot.records import Conversation, Message
from tests.fakes.chatwoot.server import FakeChatwoot


class FakeAgent:
    """Call its methods on the fake's own loop."""

    def __init__(self, chatwoot: FakeChatwoot, name: str = "Noor", number: int = 3) -> None:
        self._chatwoot = chatwoot
        self.who: dict[str, Any] = {"id": number, "name": name, "email": "noor@example.nl", "type": "user"}

    def says(self, conversation: Conversation, text: str | None, *, files: tuple[str, ...] = ()) -> Message:
        return self._chatwoot.say(conversation, "outgoing", text, sender=self.who, files=list(files))

    def notes(self, conversation: Conversation, text: str) -> Message:
        return self._chatwoot.say(conversation, "outgoing", text, sender=self.who, private=True)

    def types(self, conversation: Conversation, *, is_private: bool = False) -> None:
        self._chatwoot.typing(conversation, self.who, is_private=is_private)

    def resolves(self, conversation: Conversation) -> None:
        self._chatwoot.set_status(conversation, "resolved")

    def opens(self, conversation: Conversation) -> None:
        self._chatwoot.set_status(conversation, "open")

    def takes(self, conversation: Conversation) -> None:
        self._chatwoot.assign(conversation, self.who)
