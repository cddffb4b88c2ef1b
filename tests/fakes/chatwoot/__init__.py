"""A Chatwoot over HTTP, as far as the connector sees one: the application API of one account, and its webhooks.

Behaviour after the code of chatwoot/chatwoot: see bot/web/connectors/chatwoot/__init__.py for what was read.
"""

from tests.fakes.chatwoot.agent import FakeAgent
from tests.fakes.chatwoot.server import FakeChatwoot

__all__ = ["FakeAgent", "FakeChatwoot"]
