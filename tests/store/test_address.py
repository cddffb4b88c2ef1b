"""What BOT_REDIS_URL may say."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import ConfigError
from bot.settings import Settings
from bot.store import Store
from bot.store.address import parse

PASSWORD = "geheim%2Fwoord"


@pytest.mark.parametrize(
    ("url", "nodes", "service", "expected"),
    [
        ("redis+sentinel://a/main", [("a", 26379)], "main", {}),
        ("redis+sentinel://a:1,b:2,[::1]:3/main/4", [("a", 1), ("b", 2), ("::1", 3)], "main", {"db": 4}),
        (
            f"redis+sentinel://u:{PASSWORD}@a/main",
            [("a", 26379)],
            "main",
            {"username": "u", "password": "geheim/woord"},
        ),
        ("redis+cluster://a:7000,b", [("a", 7000), ("b", 6379)], "", {}),
        (f"redis+cluster://:{PASSWORD}@a:7000/", [("a", 7000)], "", {"password": "geheim/woord"}),
        ("rediss+cluster://a?ssl_ca_certs=/x.pem", [("a", 6379)], "", {"ssl_ca_certs": "/x.pem"}),
    ],
)
def test_names_nodes_and_options(url: str, nodes: list[Any], service: str, expected: dict[str, Any]) -> None:
    address = parse(url)
    assert (list(address.nodes), address.service) == (nodes, service)
    assert {name: value for name, value in address.options.items() if name != "connection_class"} == expected
    assert ("connection_class" in address.options) == url.startswith("rediss")


def test_sentinels_have_a_password_of_their_own_and_the_same_certificates() -> None:
    url = "rediss+sentinel://u:p@a/main?sentinel_username=s&sentinel_password=w&ssl_ca_certs=/x.pem"
    assert parse(url).sentinel_options == {"username": "s", "password": "w", "ssl": True, "ssl_ca_certs": "/x.pem"}


@pytest.mark.parametrize(
    "url",
    [
        f"redis+sentinel://u:{PASSWORD}@a:26379",  # no name
        f"redis+sentinel://u:{PASSWORD}@/main",
        f"redis+sentinel://u:{PASSWORD}@a:99999/main",
        f"redis+sentinel://u:{PASSWORD}@a,,b/main",
        f"redis+cluster://u:{PASSWORD}@a/1",  # a Cluster has one database
        f"redis+cluster://u:{PASSWORD}@a b",
        f"unix+sentinel://u:{PASSWORD}@a/main",
        f"redis+something://u:{PASSWORD}@a",
        f"http://u:{PASSWORD}@a",
        f"redis://u:{PASSWORD}@a?no_such_option=1",
        f"rediss://u:{PASSWORD}@a?ssl_cert_reqs=perhaps",
    ],
)
async def test_another_form_is_refused_without_showing_the_password(url: str) -> None:
    with pytest.raises(ConfigError) as error:
        Store(url, Settings())
    assert "BOT_REDIS_URL" in str(error.value) and "geheim" not in str(error.value)
