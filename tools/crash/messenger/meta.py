"""Meta as the crash test has it: the fake Graph API in this process, with an address for each web process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.graph import Call, Customer, FakeGraph
from tools.crash.messenger.proxy import Proxy
from tools.crash.messenger.weather import Weather
from tools.crash.witness import Arrived, OnPlatform, Refused

APP_ID, APP_SECRET, VERIFY_TOKEN = "7001", "secret-of-the-crash-test", "verify-token-of-the-crash-test"
# On the second page no app is the default one: everybody may answer, and no event tells that somebody does.
PAGES = {"1001": "Winkel van Sinkel", "1002": "Sinkel Outlet"}
ZERO_CONFIG = "1002"
# Meta redelivers at once, and then after longer times than a run has.
REDELIVERED_AFTER_S = (0.0, 0.5, 1.0, 2.0)
PROXY_SAYS = frozenset({200, 502, 503})


class Meta:
    """`async with Meta(...) as meta`; then `meta.graph` is the fake, and `settings` are what the product is told.

    It is there before the installation, which is told its addresses, and `watches` it afterwards.
    """

    def __init__(self, seed: int, *, webs: int) -> None:
        self.graph = FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN)
        self.weather = Weather(self.graph, seed, self._kill)
        self.graph.faults = self.weather
        # Told what is to be killed while a message is in Meta's hands: web, with its number, or redis.
        self.kill: Callable[[str, int], Awaitable[bool]] = _spare
        # Of the fake: one for each web process, which is told no other.
        self.urls: list[str] = []
        self._webs = webs
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Meta:
        await self._stack.enter_async_context(self.graph)
        self.graph.sends_receipts = True
        self.graph.requires_proof = True
        self.graph.deliveries.retry_after_s = REDELIVERED_AFTER_S
        for page_id, name in PAGES.items():
            self.graph.add_page(page_id, name=name, default_app=None if page_id == ZERO_CONFIG else "ours")
        self.urls = [await self.graph.another_url() for _ in range(self._webs)]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def settings(self, folder: Path) -> dict[str, Any]:
        """For the installation, beside an address for each of its web processes (`urls`)."""
        file = folder / "messenger.yml"
        file.write_text("pages:\n" + "".join(_page_file(page_id, name) for page_id, name in PAGES.items()))
        return {
            "messenger_app_id": APP_ID,
            "messenger_app_secret": APP_SECRET,
            "messenger_verify_token": VERIFY_TOKEN,
            "messenger_tokens": ",".join(f"{page.id}={page.token}" for page in self.graph.pages.values()),
            "messenger_file": file,
        }

    def behind(self, proxy: Proxy) -> None:
        """The webhook's address from now on."""
        self.graph.webhook_url = f"{proxy.url}/webhooks/messenger"

    def person(self, number: int) -> Customer:
        """Customer number so much, from 0; every third one writes to the page without a default app."""
        page_id = ZERO_CONFIG if number % 3 == 2 else next(iter(PAGES))
        return self.graph.customer(str(600_000 + number), name=f"Klant {number}", page=page_id)

    def saw(self, person: Customer, side: OnPlatform) -> None:
        """Bring what Meta knows of a customer up to date."""
        calls = {_metadata(call): call for call in self.graph.calls_to("messages") if _psid(call) == person.psid}
        sent = [one for one in self.graph.sent_to(person.psid) if one.page_id == person.page.id]
        side.arrived = [Arrived(one.metadata, one.text, calls[one.metadata].at_ms) for one in sent]
        side.refused = [
            Refused(metadata, call.answer["error"]["code"], call.answer["error"].get("error_subcode"))
            for metadata, call in calls.items()
            if isinstance(call.answer, dict) and "error" in call.answer
        ]
        taking = [call for call in self.graph.calls_to("take_thread_control") if _psid(call) == person.psid]
        side.taken_back = [call.at_ms for call in taking if call.status == 200]

    def troubles(self) -> list[str]:
        """What a webhook must not do, in words: an answer that makes Meta give up, or none in the end."""
        answers = Counter(attempt.status for delivery in self.graph.deliveries.all for attempt in delivery.attempts)
        found = [
            f"the webhook answered {n} times {status}" for status, n in answers.items() if status not in PROXY_SAYS
        ]
        return [*found, *self.graph.alerts]

    @property
    def undelivered(self) -> int:
        """How many events Meta still has to deliver."""
        return sum(delivery.state != "delivered" for delivery in self.graph.deliveries.all)

    def figures(self, said_in_inbox: int, handed_back: int) -> dict[str, Any]:
        """As JSON."""
        return {
            "customers": len(self.graph.customers),
            "said_in_inbox": said_in_inbox,
            "handed_back": handed_back,
            "events": len(self.graph.deliveries.all),
            "deliveries": sum(len(one.attempts) for one in self.graph.deliveries.all),
            "sent": len(self.graph.sent),
            # Requests without an answer that says what became of them; and of those, the ones that arrived.
            "uncertain": len(uncertain := self._uncertain()),
            "uncertain_and_arrived": sum(sent.metadata in uncertain for sent in self.graph.sent),
            "looked_up": len(self.graph.calls_to("conversations")),
            "mishaps": dict(self.weather.happened),
            "strikes": dict(self.weather.struck),
        }

    def _uncertain(self) -> set[str]:
        return {_metadata(call) for call in self.graph.calls_to("messages") if not isinstance(call.answer, dict)}

    async def _kill(self, kind: str, port: int) -> bool:
        return await self.kill(kind, [urlsplit(url).port for url in self.urls].index(port))


async def _spare(kind: str, number: int) -> bool:
    return False


def _page_file(page_id: str, name: str) -> str:
    # The fake has no use for the picture, but for that there is one.
    return f"  - id: '{page_id}'\n    name: {name}\n    persona_picture: https://sinkel.example/agent.png\n"


def _psid(call: Call) -> str:
    return str((call.body.get("recipient") or {}).get("id", ""))


def _metadata(call: Call) -> str:
    return str((call.body.get("message") or {}).get("metadata", ""))
