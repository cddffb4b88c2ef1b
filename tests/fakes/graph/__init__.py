"""The Graph API's stand-in, with Messenger, Instagram, comments, and everything that may go wrong.

    async with FakeGraph() as graph:
        graph.add_page("1001", name="Winkel van Sinkel", token="token-1001")
        graph.webhook_url = site.url + "/webhooks/messenger"
        jo = graph.customer("6001", name="Jo Klant")
        await jo.says("hoe laat zijn jullie open?")
        answer = await jo.hears()
        await jo.presses(answer.titles[0])

`server.py` has FakeGraph; `customers.py` what a customer can do; `errors.py` every row of the error table.
"""

from tests.fakes.graph.customers import Customer
from tests.fakes.graph.deliveries import Delivery
from tests.fakes.graph.errors import ROWS, Row
from tests.fakes.graph.records import INSTAGRAM_INBOX, LEAD_FLOW, PAGE_INBOX, Call, Page, Sent, Thread
from tests.fakes.graph.server import FakeGraph
from tests.fakes.graph.signing import secret_proof

__all__ = [
    "INSTAGRAM_INBOX",
    "LEAD_FLOW",
    "PAGE_INBOX",
    "ROWS",
    "Call",
    "Customer",
    "Delivery",
    "FakeGraph",
    "Page",
    "Row",
    "Sent",
    "Thread",
    "secret_proof",
]
