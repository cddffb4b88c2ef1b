"""What goes wrong next, when a test says so."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiohttp import web


@dataclass
class Fault:
    """For the next request whose `METHOD path` fits.

    status: answered instead of doing it. lost: it is done, and the connection ends without an answer. late_s: it is
    done, and the answer comes so much later. proxy: a page of a proxy instead.
    """

    where: str
    status: int = 0
    lost: bool = False
    late_s: float = 0.0
    proxy: int = 0

    def fits(self, request: web.Request) -> bool:
        return re.search(self.where, f"{request.method} {request.path}") is not None
