"""The pages and the API for training: who may let which model answer, and what everybody sees of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from bot.model import Message, ModelRecord
from bot.store import Store
from bot.store.topics import Example, Topic
from bot.store.trainings import Became, Change, Confusion, GoldenFailure, Report, Training
from tests.conftest import API_TOKEN, Site, running_site
from tests.web.visitor import Visitor

MARKUP = "<b>kan</b> ik ruilen"
CARD = {"cross_validated_decisions": {"precision": 0.97, "coverage": 0.8, "leak": None, "asked": 0.1}, "threshold": 0.6}


@pytest.fixture(scope="module")
def site(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running_site(redis_url, tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def editor(site: Site) -> Visitor:
    return Visitor(site.url, site.session("eva", "editor"))


@pytest.fixture
def manager(site: Site) -> Visitor:
    return Visitor(site.url, site.session("mo", "manager"))


@pytest.fixture(autouse=True)
def nothing_asked(site: Site) -> None:
    async def cancel(store: Store) -> None:
        for one in await store.trainings.all():
            await store.trainings.cancel(one.id, "test")

    site.run(cancel)


def register(site: Site, name: str, *, failed: int = 0, file: bool = True) -> ModelRecord:
    path = site.settings.var / f"{name}.tar.gz"
    if file:
        path.write_bytes(b"model")
    card: dict[str, Any] = {**CARD, "golden": {"n": 3, "failed_lines": list(range(failed))}}
    record = ModelRecord(name, str(path), "0", 1_700_000_000_000, card)
    site.run(lambda store: store.models.register(record))
    return record


def trained(site: Site, name: str, **report: Any) -> Training:
    """A training that is done, with this report."""

    async def do(store: Store) -> Training:
        asked = await store.trainings.ask("eva")
        taken = await store.trainings.take("trainer")
        assert taken is not None and taken.id == asked.id
        await store.trainings.done(taken, Report(name, **report))
        return taken

    return site.run(do)


def active(site: Site) -> str:
    async def name(store: Store) -> str:
        found = await store.models.active()
        return found.name if found else ""

    return site.run(name)


def audit(site: Site) -> list[tuple[str, str, str]]:
    async def read(store: Store) -> list[tuple[str, str, str]]:
        return [(one.account_id, one.what, one.details) for one in await store.audit.page(limit=3)]

    return site.run(read)


def test_an_editor_trains_and_sees_how_far_it_is(site: Site, editor: Visitor) -> None:
    answer = editor.post("/training")
    assert answer.status == 303 and answer.location.startswith("/training/")
    page = editor.get(answer.location)
    assert "Er draait nu geen trainer" in page.text
    taken = site.run(lambda store: store.trainings.take("trainer"))
    assert taken is not None
    site.run(lambda store: store.trainings.go_on(taken, "train", 30))
    page = editor.get(answer.location)
    assert "Leert van de voorbeelden" in page.text and 'value="30"' in page.body and "data-live" in page.body
    noted = audit(site)
    assert editor.post("/training").location == answer.location, "the same while nothing changed"
    assert audit(site) == noted and noted[0][1] == "training.asked"
    assert editor.post(f"{answer.location}/cancel").status == 303
    assert "De training is gestopt" in editor.get(answer.location).text
    assert "Er loopt een training" not in editor.get("/training").text


@pytest.mark.parametrize(("reason", "said"), [("data", "kunnen zo niet getraind worden"), ("lost", "viel weg")])
def test_why_a_training_failed_is_said_and_its_details_are_no_markup(
    site: Site, editor: Visitor, reason: str, said: str
) -> None:
    asked = site.run(lambda store: store.trainings.ask("eva"))
    taken = site.run(lambda store: store.trainings.take("trainer"))
    assert taken is not None
    site.run(lambda store: store.trainings.failed(taken, reason, "<script>x</script>"))
    page = editor.get(f"/training/{asked.id}")
    assert said in page.text and "<script>x" not in page.body
    assert "het model van nu blijft antwoorden" in page.text


def test_a_model_that_passes_goes_live_and_back(site: Site, editor: Visitor) -> None:
    for name in ("een", "twee"):
        register(site, name)
    site.run(lambda store: store.models.activate("een"))
    site.run(lambda store: store.work.sign_of_life("assistent-1", '{"model": "een"}'))
    training = trained(site, "twee", before="een", golden=3)
    assert "3 van de 3 toetsvragen goed" in editor.get(f"/training/{training.id}").text
    answer = editor.post_form("/training/models/twee/live", {"training": training.id})
    assert answer.status == 303 and active(site) == "twee"
    assert audit(site)[0] == ("eva", "training.live", "")
    page = editor.get(f"/training/{training.id}")
    assert "Dit model is live" in page.text and "bezig met laden" in page.text and "data-live" in page.body
    site.run(lambda store: store.work.sign_of_life("assistent-1", '{"model": "twee"}'))
    page = editor.get(f"/training/{training.id}")
    assert "overgenomen" in page.text and "data-live" not in page.body
    assert editor.post_form("/training/rollback", {"model": "twee"}).status == 303
    assert active(site) == "een"
    assert audit(site)[0][1] == "training.rolled_back"
    again = editor.post_form("/training/rollback", {"model": "twee"})
    assert again.status == 409 and active(site) == "een", "two who press at once go back once"


@pytest.mark.parametrize(
    ("who", "reason", "status"),
    [("manager", "de winkel is verhuisd", 303), ("manager", " ", 409), ("editor", "wil ik", 403)],
)
def test_a_model_that_fails_goes_live_only_with_a_managers_reason(
    site: Site, request: pytest.FixtureRequest, who: str, reason: str, status: int
) -> None:
    visitor: Visitor = request.getfixturevalue(who)
    register(site, "goed")
    site.run(lambda store: store.models.activate("goed"))
    register(site, "fout", failed=1)
    training = trained(site, "fout", before="goed", golden=3)
    answer = visitor.post_form("/training/models/fout/live", {"training": training.id, "reason": reason})
    assert answer.status == status
    assert (active(site) == "fout") is (status == 303)
    if status == 303:
        assert audit(site)[0] == ("mo", "training.overridden", "de winkel is verhuisd")
        assert "“de winkel is verhuisd”" in visitor.get(f"/training/{training.id}").text
        public = Visitor(site.url).get("/health/ready")
        assert "verhuisd" not in public.body and '"override":true' in public.body, "everybody can read that page"
    if status == 403:
        assert "Alleen een teamleider" in answer.text


def test_a_model_without_its_file_does_not_go_live(site: Site, editor: Visitor) -> None:
    register(site, "goed")
    site.run(lambda store: store.models.activate("goed"))
    register(site, "weg", file=False)
    training = trained(site, "weg")
    answer = editor.post_form("/training/models/weg/live", {"training": training.id})
    assert answer.status == 409 and "bestand van dit model is er niet meer" in answer.text
    assert active(site) == "goed"


def test_what_changes_is_shown_and_customers_words_are_masked(site: Site, editor: Visitor) -> None:
    async def say(store: Store) -> str:
        message = Message("m1", "widget-1", "customer", f"{MARKUP} bsn 123456782", sent_at_ms=1)
        await store.conversations.receive(message, channel="widget", customer_id="k")
        return (await store.conversations.messages("widget-1"))[0].entry_id

    async def topics(store: Store) -> None:
        known = {one.intent: one.version for one in await store.topics.all()}
        before = await store.topics.save(Topic("faq_ruilen", "Ruilen", version=known.get("faq_ruilen", 0)))
        after = await store.topics.save(Topic("faq_ruilen", "Ruilen", examples=(Example("mag ik ruilen"),), version=1))
        await store.models.note_topics("oud", {"faq_ruilen": before.version})
        await store.models.note_topics("nieuw", {"faq_ruilen": after.version})

    register(site, "oud")
    register(site, "nieuw", failed=1)
    site.run(topics)
    human, answer = Became("human", "faq_ruilen"), Became("answer", "faq_ruilen")
    training = trained(
        site,
        "nieuw",
        before="oud",
        golden=3,
        golden_failures=(GoldenFailure(MARKUP, "nlu_fallback", False, after=answer, before=human),),
        golden_changes=(Change(human, answer, text="ruilen?", intent="faq_ruilen"),),
        messages=1,
        message_counts={"new": 1},
        message_changes=(
            Change(human, answer, conversation_id="widget-1", entry_id=site.run(say)),
            Change(human, answer, conversation_id="weg", entry_id="1-1"),
        ),
        confusions=(Confusion("faq_ruilen", "faq_omruilen", 3, 1, ("zelfde maar groter",)),),
    )
    page = editor.get(f"/training/{training.id}")
    for said in (
        "mag geen antwoord krijgen",
        "antwoord over “Ruilen”",
        "97,0%",
        "Hiervan: 1 nu wel met antwoord",
        "[BSN]",
        "3 keer (was 1)",
        "mag ik ruilen",
    ):
        assert said in page.text, said
    assert "dat was niet te meten" in page.text
    assert "123456782" not in page.body and "<b>kan" not in page.body


async def test_the_api_does_the_same(site: Site) -> None:
    for name, failed in (("api-een", 0), ("api-twee", 2)):
        register(site, name, failed=failed)
    site.run(lambda store: store.models.activate("api-een"))
    status, asked = await call(site, "POST", "/trainings")
    assert (status, asked["state"]) == (200, "asked")
    status, found = await call(site, "GET", f"/trainings/{asked['id']}")
    assert status == 200 and found["report"] is None
    assert (await call(site, "GET", "/trainings/niet-er"))[0] == 404
    status, refused = await call(site, "POST", "/models/api-twee/activate")
    assert (status, refused["code"]) == (409, "golden_set")
    assert (await call(site, "POST", "/models/api-twee/activate", {"reason": "x" * 400}))[0] == 400
    assert (await call(site, "POST", "/models/api-twee/activate", {"reason": "het moet"}))[0] == 200
    assert active(site) == "api-twee"
    assert (await call(site, "POST", "/models/rollback"))[1]["name"] == "api-een"
    assert active(site) == "api-een"
    assert (await call(site, "POST", "/models/niet-er/activate"))[0] == 404


async def call(site: Site, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = {"authorization": f"Bearer {API_TOKEN}"}
    async with (
        aiohttp.ClientSession(site.url, headers=headers) as client,
        client.request(method, f"/api/v1{path}", json=body or {}) as answer,
    ):
        return answer.status, await answer.json()
