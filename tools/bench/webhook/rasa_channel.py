"""Plain Rasa's own Facebook channel, only with another address for the Graph API. Named in its credentials.yml.

In the assistant's environment, in plain Rasa's process.
"""

from __future__ import annotations

from typing import Any

from fbmessenger import MessengerClient
from rasa.core.channels import facebook


class Facebook(facebook.FacebookInput):
    """What it does with a request, and what it sends, is Rasa's."""

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> facebook.FacebookInput:
        """`graph-url` beside the keys of Rasa's channel."""
        graph_url = (credentials or {})["graph-url"]

        class Client(MessengerClient):
            def __init__(self, page_access_token: str, **options: Any) -> None:
                super().__init__(page_access_token, **options)
                self.graph_url = f"{graph_url}/v{self.api_version}"

        facebook.MessengerClient = Client
        return super().from_credentials(credentials)
