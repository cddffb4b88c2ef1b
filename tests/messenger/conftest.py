"""A site with the Messenger channel on, for all tests of it: each has customers of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Site, running_site
from tests.fakes.platform import SETTINGS


@pytest.fixture(scope="package")
def messenger(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A web server with the channel on, two pages, and no assistant. Gone before the tests of other folders."""
    var = tmp_path_factory.mktemp("messenger")
    with running_site(redis_url, var, **SETTINGS) as site:
        yield site
