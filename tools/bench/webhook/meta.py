"""The Graph API that both sides answer to, in a process of its own: `python -m tools.bench.webhook.meta PORT`.

What it does must not slow down who measures. It reads commands, one line of JSON each, and answers with one; it ends
when its standard input does. Our page's echoes go to the webhook, as Meta's do; plain Rasa's page has none.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.fakes.graph.server import FakeGraph

ROOT = Path(__file__).resolve().parents[3]
APP_ID, APP_SECRET, VERIFY_TOKEN = "7001", "secret-of-the-benchmark", "word-of-the-benchmark"
OUR_PAGE, THEIR_PAGE = "1001", "1002"
OUR_PATH, THEIR_PATH = "/webhooks/messenger", "/webhooks/facebook/webhook"
Accepted = tuple[str, int]  # PSID, and when by the clock in ms


def token_of(page_id: str) -> str:
    return f"token-of-{page_id}"


def settings(graph_url: str) -> dict[str, str]:
    """What turns our channel on."""
    return {
        "BOT_MESSENGER_APP_ID": APP_ID,
        "BOT_MESSENGER_APP_SECRET": APP_SECRET,
        "BOT_MESSENGER_VERIFY_TOKEN": VERIFY_TOKEN,
        "BOT_MESSENGER_TOKENS": f"{OUR_PAGE}={token_of(OUR_PAGE)}",
        "BOT_GRAPH_URL": graph_url,
        "BOT_MEDIA_HOSTS": graph_url,
    }


class Meta:
    """The program below, as a context manager."""

    def __init__(self, port: int) -> None:
        """port: of our web process, which may start later."""
        self.url = ""
        self.photo_url = ""
        self._port = port

    def __enter__(self) -> Meta:
        command = [sys.executable, "-m", "tools.bench.webhook.meta", str(self._port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        found = self._line()
        self.url, self.photo_url = found["url"], found["photo_url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def meet(self, page_id: str, psids: list[str]) -> None:
        """These people may be answered from now on, for a day."""
        self._ask(do="meet", page_id=page_id, psids=psids)

    def accepted(self, page_id: str) -> list[Accepted]:
        """Messages that the page sent since the last time that this was asked, in order."""
        found: list[Accepted] = [(psid, at_ms) for psid, at_ms in self._ask(do="accepted", page_id=page_id)["sent"]]
        return found

    def sent_twice(self) -> int:
        """Messages that were accepted more than once, going by their metadata."""
        return int(self._ask(do="sent_twice")["count"])

    def _ask(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the stand-in for Meta ended; what it said is above")
        found: dict[str, Any] = json.loads(line)
        return found


class Desk:
    """Carries out the commands."""

    def __init__(self, graph: FakeGraph) -> None:
        self._graph = graph
        self._told: dict[str, int] = {}

    async def do(self, command: dict[str, Any]) -> dict[str, Any]:
        if command["do"] == "meet":
            return await self._meet(command["page_id"], command["psids"])
        if command["do"] == "accepted":
            return self._accepted(command["page_id"])
        return {"count": len(self._graph.sent_twice())}

    async def _meet(self, page_id: str, psids: list[str]) -> dict[str, Any]:
        """They say something that nobody hears: it opens the window."""
        webhook_url, self._graph.webhook_url = self._graph.webhook_url, ""
        for psid in psids:
            await self._graph.customer(psid, name=f"Klant {psid}", page=page_id).says("hoi")
        self._graph.webhook_url = webhook_url
        return {}

    def _accepted(self, page_id: str) -> dict[str, Any]:
        sent = [(one.psid, one.at_ms) for one in self._graph.sent if one.page_id == page_id]
        told, self._told[page_id] = self._told.get(page_id, 0), len(sent)
        return {"sent": sent[told:]}


async def serve(port: int) -> None:
    async with FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN) as graph:
        graph.add_page(OUR_PAGE, token=token_of(OUR_PAGE))
        graph.add_page(THEIR_PAGE, token=token_of(THEIR_PAGE), subscribed=False)
        graph.webhook_url = f"http://127.0.0.1:{port}{OUR_PATH}"
        desk = Desk(graph)
        print(json.dumps({"url": graph.url, "photo_url": graph.media.url("image")}), flush=True)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            print(json.dumps(await desk.do(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
