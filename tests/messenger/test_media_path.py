"""What customers send and what they are called, from Meta's own events over HTTP to what an agent sees."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import Media
from tests.conftest import eventually, running_site
from tests.fakes.graph import FakeGraph
from tests.fakes.platform import APP_ID, APP_SECRET, SETTINGS, VERIFY_TOKEN
from tests.web.test_desk import Agent

ID = "messenger-1001-6001"


@pytest.fixture
async def graph() -> AsyncIterator[FakeGraph]:
    async with FakeGraph(app_id=APP_ID, app_secret=APP_SECRET, verify_token=VERIFY_TOKEN) as graph:
        graph.add_page("1001")
        yield graph


async def test_a_photo_and_a_name_through_the_webhook(redis_url: str, tmp_path: Path, graph: FakeGraph) -> None:
    settings = {**SETTINGS, "graph_url": graph.url, "media_hosts": graph.url}
    with running_site(redis_url, tmp_path, **settings) as site:
        graph.webhook_url = site.url + "/webhooks/messenger"
        sanne = Agent(site, site.session("sanne", "agent", name="Sanne"))
        jo = graph.customer("6001", name="Jo Klant")
        mid = await jo.sends(attachments=["image", "audio", "file"])
        async with site.store() as store:

            async def kept() -> list[Media] | None:
                found = [media for media in await store.conversations.media(ID, mid, [0, 1, 2]) if media]
                return found if len(found) == 3 else None

            types = [media.content_type for media in await eventually(kept)]
            assert types == ["image/jpeg", "audio/mp4", "application/pdf"]

            async def named() -> str:
                return (await store.conversations.get(ID)).customer_name

            assert await eventually(named) == "Jo Klant"
            _, page = await sanne.get(f"/desk/{ID}")
            assert "<h1" in page and "Jo Klant" in page
            picture = re.search(r'<img src="([^"]+)"', page)
            assert picture and (await sanne.get_bytes(picture[1]))[:3] == b"\xff\xd8\xff"

            await jo.unsends(mid)

            async def gone() -> bool:
                return not any(path.is_file() for path in (tmp_path / "media").rglob("*"))

            await eventually(gone)
            assert (await sanne.get(picture[1]))[0] == 404
        await sanne.close()
