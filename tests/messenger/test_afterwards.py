"""Whether an answer helped, asked and answered on Messenger."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.answers import Answers
from bot.store import Store
from bot.web.afterwards import Afterwards
from bot.web.channels.messenger.config import load_config
from bot.web.channels.messenger.rendering import parts
from tests.conftest import Site
from tests.fakes.conversations import answer
from tests.messenger.deliveries import new_mid, now_ms
from tests.messenger.test_effects import Customer
from tests.web.test_afterwards import QUESTION, TEMPLATE, TEMPLATES


@pytest.fixture
async def store(messenger: Site) -> AsyncIterator[Store]:
    async with messenger.store() as store:
        await store.templates.seed(TEMPLATES)
        yield store


@pytest.fixture
async def jo(messenger: Site, store: Store) -> Customer:
    """Somebody who got an answer."""
    jo = Customer(messenger, store)
    await jo.says("hoe laat open")
    await answer(store, (await jo.transcript())[0].message, template=TEMPLATE)
    return jo


async def ask(jo: Customer) -> None:
    """As the site would after a minute."""
    answers = Answers(jo.store.templates, jo.site.settings, jo.store.departments, jo.store.editing_rules)
    config = load_config(jo.site.settings)
    await Afterwards(jo.store, answers, config, after_s=60).look(now_ms() + 61_000)


async def test_thumbs_are_quick_replies_and_one_down_brings_a_human(jo: Customer) -> None:
    await ask(jo)
    asked = (await jo.transcript())[-1]
    assert (asked.message.text, asked.state) == (QUESTION, "waiting")
    (part,) = parts(asked.message, channel="messenger")
    replies = {reply["title"]: reply["payload"] for reply in part["quick_replies"]}
    assert replies == {"👍 Ja": "/geholpen_ja", "👎 Nee": "/geholpen_nee"}

    pressed = {"mid": new_mid(), "text": "👎 Nee", "quick_reply": {"payload": replies["👎 Nee"]}}
    await jo.does(jo.event(message=pressed))
    conversation = await jo.conversation()
    assert conversation.handoff and (conversation.owner, conversation.handoff.reason) == ("queue", "not_helped")
    assert await jo.notes() == ["Dit antwoord hielp de klant niet: faq_openingstijden"]


@pytest.mark.parametrize(
    "facts",
    [
        {"opened_at_ms": 1, "wrote_at_ms": 1},
        {"control": "1234"},
        {"unreachable": "unreachable"},
    ],
)
async def test_nobody_is_asked_where_it_would_not_arrive(jo: Customer, facts: dict[str, str | int]) -> None:
    await jo.store._client.hset(jo.store._keys.conversation(jo.id), mapping=facts)
    await ask(jo)
    assert QUESTION not in [text for _, text in await jo.said()]
