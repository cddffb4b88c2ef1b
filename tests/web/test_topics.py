"""Topics in the browser, over HTTP against the real server and Redis, without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Site, running_site
from tests.fakes.topics import seed_topics
from tests.web.visitor import Visitor


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the topics of the project."""
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        site.run(seed_topics)
        yield site


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("sanne", "editor", name="Sanne de Wit"))


def test_a_button_may_lead_to_a_topic_without_an_answer_yet(editor: Visitor) -> None:
    page = editor.get("/editor/utter_groet")
    assert '<option value="/faq_garantie">Garantie</option>' in page.body
    assert "nlu_fallback" not in page.body


def test_a_department_gets_topics_by_their_title(site: Site) -> None:
    manager = Visitor(site.url, site.session("mo", "manager", name="Mo"))
    assert "Gegevens verwijderen" in manager.get("/team/new").text
