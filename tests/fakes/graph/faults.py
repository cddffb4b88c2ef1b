"""What goes wrong on request: the next calls to an endpoint fail, hang, break off or get a page of HTML."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.graph.errors import GraphError

HTML = (
    "<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Sorry, something went wrong.</h1></body></html>"
)


@dataclass
class Fault:
    """One thing that goes wrong `times` times. accepts: only after the call did what it should."""

    on: str
    times: int = 1
    to: str = ""  # only for this PSID
    accepts: bool = False
    error: GraphError | None = None
    html_status: int = 0
    resets: bool = False  # the connection is cut; otherwise, without error and page, it hangs

    @property
    def name(self) -> str:
        if self.error:
            return f"{self.error.code}/{self.error.subcode}" if self.error.subcode else str(self.error.code)
        return f"html {self.html_status}" if self.html_status else "reset" if self.resets else "hang"


@dataclass
class Faults:
    """`take` gives the first one that fits a call, and counts it."""

    waiting: list[Fault] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, endpoint: str, psid: str) -> Fault | None:
        for fault in self.waiting:
            if fault.on in (endpoint, "*") and fault.to in ("", psid):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None

    async def happen(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Raises GraphError, or answers with what no client expects, or doesn't answer."""
        if fault.error:
            raise fault.error
        if fault.html_status:
            return web.Response(status=fault.html_status, text=HTML, content_type="text/html")
        if fault.resets:
            if request.transport is not None:
                request.transport.abort()
            raise ConnectionResetError
        await self.closing.wait()
        raise ConnectionResetError
