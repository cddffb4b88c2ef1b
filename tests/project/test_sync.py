"""Topics and answers between the files of the Rasa project and the store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.model import Button, Image, Template, Variant
from bot.project.changes import Changes, essence
from bot.project.files import FILES
from bot.project.read import read_project
from bot.project.sync import (
    IMPORTED_BY,
    changed_side,
    export_project,
    import_first,
    import_project,
    take_over_files,
    write_project,
)
from bot.settings import Settings
from bot.store import Store
from bot.store.templates import SEEDED_BY, same_answer
from bot.store.topics import Example, TestMessage, Topic, with_examples
from tests.conftest import ROOT

NEW = Topic(
    "faq_laadpaal",
    "Laadpaal",
    "Opladen bij de winkel",
    examples=(Example('is er een "laadpaal": ja of nee?', "robin", 5, "m1"), Example("- [laden](place) 🔌 {nu} #1")),
    tests=(TestMessage("kan ik bij jullie laden", must_answer=True),),
    threshold=0.8,
    place=2,
)
ANSWER = Template(
    NEW.answer,
    "Laadpaal",
    'Ja: bij elke winkel.\n\n- gratis {klant} "echt" # nee\n  inspringen',
    buttons=(Button("Contact: nu", "/faq_contact"), Button("Kaart", url="https://example.nl/#kaart")),
    image=Image("https://example.nl/a.png", "Een laadpaal: blauw"),
    variants=(Variant("Zeker!"), Variant("Kort: ja.", "messenger")),
    edited_by="robin",
)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).exists()}


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


async def add_new_topic(store: Store) -> None:
    await store.topics.save(NEW)
    await store.templates.save(ANSWER, expected_version=0)


async def test_export_right_after_import_changes_no_byte(store: Store, project: Path) -> None:
    before = bytes_of(ROOT)
    done = await import_project(store, project)
    assert len(done.topics.added) == 50 and len(done.answers.added) == 72
    assert await export_project(store, project, base=project) == []
    assert bytes_of(project) == before
    assert await changed_side(store, project) == "neither"


async def test_what_was_made_in_the_browser_is_the_same_after_export_and_import(
    store: Store, project: Path, redis_url: str, settings: Settings
) -> None:
    await import_project(store, project)
    await add_new_topic(store)
    stars = await store.topics.get("faq_contact")
    await store.topics.save(
        replace(stars, title="Bellen & mailen: hoe?", answering="human", description="Regel 1\nRegel 2")
    )
    retired = await store.topics.get("faq_vacatures")
    await store.topics.save(replace(retired, is_retired=True, merged_into="faq_contact"))
    assert await changed_side(store, project) == "store"
    written = await export_project(store, project, base=project)
    assert written == ["domain.yml", "data/nlu.yml", "data/stories.yml", "data/golden.jsonl", "data/retired.jsonl"]
    assert await changed_side(store, project) == "neither"

    other = await Store(redis_url, replace(settings, redis_prefix=settings.redis_prefix + "-other")).open()
    try:
        await import_project(other, project)
        ours = {one.intent: replace(essence(one), place=0) for one in await store.topics.all(retired=True)}
        assert {one.intent: essence(one) for one in await other.topics.all(retired=True)} == ours
        assert [one.intent for one in await other.topics.all()] == [one.intent for one in await store.topics.all()]
        for answer in await store.templates.all_published(removed=True):
            assert same_answer(answer, await other.templates.published(answer.name)), answer.name
        before = bytes_of(project)
        assert await export_project(other, project, base=project) == []
        assert bytes_of(project) == before
    finally:
        await other.close()


async def test_a_new_topic_and_its_end_touch_no_line_of_others(store: Store, project: Path) -> None:
    await import_project(store, project)
    await add_new_topic(store)
    await export_project(store, project, base=project)
    for name in FILES[:4]:
        before, after = (ROOT / name).read_text().splitlines(), (project / name).read_text().splitlines()
        assert set(before) <= set(after)
        assert len(after) > len(before)
    assert "  - faq_contact\n  - faq_laadpaal\n  - faq_bestelstatus\n" in (project / "domain.yml").read_text()
    await store.topics.save(replace(await store.topics.get(NEW.intent), is_retired=True))
    await export_project(store, project, base=project)
    assert {**bytes_of(project), "data/retired.jsonl": b""} == {**bytes_of(ROOT), "data/retired.jsonl": b""}


async def test_who_wrote_an_example_is_known_after_an_import(store: Store, project: Path) -> None:
    await import_project(store, project)
    await add_new_topic(store)
    await export_project(store, project, base=project)
    edit(project / "data" / "nlu.yml", '    - is er een "laadpaal"', '    - laadpalen?\n    - is er een "laadpaal"')
    done = await import_project(store, project)
    assert done.topics == Changes(changed=(NEW.intent,))
    first, second, _ = (await store.topics.get(NEW.intent)).examples
    assert first == Example("laadpalen?") and second == NEW.examples[0]


async def test_what_changed_on_one_side_goes_to_the_other_and_both_is_for_a_person(store: Store, project: Path) -> None:
    await import_project(store, project)
    assert await take_over_files(store, project) is None
    edit(project / "data" / "nlu.yml", "    - hoelaat dicht\n", "")
    assert await changed_side(store, project) == "files"
    with pytest.raises(ConfigError, match="make import"):
        await export_project(store, project, base=project)
    done = await take_over_files(store, project)
    assert done and done.topics == Changes(changed=("faq_openingstijden",))
    topic = await store.topics.get("faq_openingstijden")
    assert "hoelaat dicht" not in [one.text for one in topic.examples]

    await store.topics.save(with_examples(topic, [Example("hoelaat open")]))
    assert await changed_side(store, project) == "store"
    assert await take_over_files(store, project) is None
    edit(project / "data" / "nlu.yml", "    - wanneer open\n", "")
    assert await changed_side(store, project) == "both"
    for refused in (take_over_files(store, project), import_project(store, project)):
        with pytest.raises(ConfigError, match="Choose"):
            await refused
    would = await import_project(store, project, dry_run=True)
    assert would.topics.changed == ("faq_openingstijden",)
    assert (await store.topics.get("faq_openingstijden")).version == topic.version + 1
    await import_project(store, project, overwrite=True)
    assert await changed_side(store, project) == "neither"


async def test_an_editors_answer_stays_unless_it_is_to_be_overwritten(store: Store, project: Path) -> None:
    await import_project(store, project)
    ours = await store.templates.published("utter_groet")
    await store.templates.save(replace(ours, text="Hoi!", edited_by="robin"), expected_version=ours.version)
    edit(project / "domain.yml", "Graag gedaan! Heb je nog een vraag?", "Heel graag gedaan! Nog een vraag?")
    done = await import_project(store, project)
    assert done.answers == Changes(changed=("utter_bedankt",), kept=("utter_groet",))
    assert (await store.templates.published("utter_bedankt")).edited_by == SEEDED_BY
    assert (await store.templates.published("utter_groet")).text == "Hoi!"
    await import_project(store, project, overwrite=True)
    groet = await store.templates.published("utter_groet")
    assert groet.edited_by == IMPORTED_BY and same_answer(groet, ours)


async def test_an_answer_that_no_editor_changed_is_that_of_the_files(
    store: Store, project: Path, tmp_path: Path
) -> None:
    """Else a project written for training would undo what a newer version of the program says."""
    await import_project(store, project)
    edit(project / "domain.yml", "Graag gedaan! Heb je nog een vraag?", "Heel graag gedaan! Nog een vraag?")
    await write_project(store, tmp_path / "training", base=project)
    assert bytes_of(tmp_path / "training") == bytes_of(project)
    assert (tmp_path / "training" / "config.yml").exists()


async def test_a_removed_topic_of_the_files_is_retired_and_a_removed_answer_stays_for_rasa(
    store: Store, project: Path
) -> None:
    await import_project(store, project)
    compliment = await store.templates.published("utter_compliment")
    await store.templates.save(
        replace(compliment, is_removed=True, edited_by="robin"), expected_version=compliment.version
    )
    await export_project(store, project, base=project)
    answers = {one.name: one for one in read_project(project).answers}
    assert answers["utter_compliment"].is_removed and not answers["utter_groet"].is_removed

    shutil_topic = read_project(project).topics[0]
    text = (project / "data" / "nlu.yml").read_text()
    start, end = text.index("- intent: faq_openingstijden"), text.index("- intent: faq_winkel_locatie")
    (project / "data" / "nlu.yml").write_text(text[:start] + text[end:])
    edit(project / "domain.yml", "  - faq_openingstijden\n", "")
    golden = (project / "data" / "golden.jsonl").read_text().splitlines(keepends=True)
    (project / "data" / "golden.jsonl").write_text("".join(one for one in golden if "faq_openingstijden" not in one))
    done = await import_project(store, project)
    assert done.topics == Changes(removed=("faq_openingstijden",))
    topic = await store.topics.get("faq_openingstijden")
    assert topic.is_retired and essence(replace(topic, is_retired=False)) == essence(shutil_topic)


async def test_the_first_import_may_be_done_by_two_processes_at_once(store: Store, project: Path) -> None:
    done = await asyncio.gather(*(import_first(store, project) for _ in range(3)))
    assert sorted(done) == [False, False, True]
    assert not await import_first(store, project)
    assert {one.version for one in await store.topics.all()} == {1}
    assert await changed_side(store, project) == "neither"
