"""More pages than a process may have files open by default."""

from __future__ import annotations

import json
import resource
from contextlib import AsyncExitStack
from pathlib import Path

import websockets

from tests.conftest import running_site

FEW_FILES, PAGES = 128, 200


async def test_pages_beyond_the_systems_first_limit_are_welcomed(redis_url: str, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    running = running_site(redis_url, tmp_path)
    running.site.run(lambda store: store.templates.seed([]))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, hard))
    try:
        running.site.start()  # it begins with what this process has
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        async with AsyncExitStack() as stack:
            for _ in range(PAGES):
                url = running.site.ws_url + "/widget/socket"
                page = await stack.enter_async_context(websockets.connect(url, open_timeout=20))
                await page.send('{"type":"hello"}')
                assert json.loads(await page.recv())["type"] == "welcome"
    finally:
        running.site.stop()
