"""A model's file on its way to the machine of an assistant: from a real store and a real web server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.assistant import model_files
from bot.assistant.model_files import FETCHED, KEPT_FILES, checksum, chunks_of, fetch
from bot.errors import ModelError
from bot.model import ModelRecord
from bot.store import Store
from tests.conftest import ROOT, free_port
from tests.fakes.model_server import ModelServer, serving_models

CONTENT = os.urandom(1_500_000)
# What a file may have become on its way.
DAMAGED = {
    "empty": b"",
    "cut": CONTENT[:-1],
    "longer": CONTENT + b"x",
    "changed": b"x" + CONTENT[1:],
    "another": b"<html>not found</html>",
}


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """The file on the machine where it was trained."""
    path = tmp_path / "training-machine" / "m1.tar.gz"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def record(original: Path) -> ModelRecord:
    return ModelRecord("m1", "/of/another/machine/m1.tar.gz", checksum(original), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of models, on the assistant's machine; nothing is there yet."""
    return tmp_path / "assistant-machine" / "models"


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with serving_models() as server:
        server.files["m1.tar.gz"] = CONTENT
        yield server


def files_in(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def refusal(store: Store, record: ModelRecord, folder: Path, url: str = "") -> str:
    """Why it was not fetched. Nothing half written may be left."""
    with pytest.raises(ModelError) as refused:
        await fetch(record, store.models, folder, url)
    assert files_in(folder) == set()
    return str(refused.value)


async def test_the_file_is_used_where_training_put_it(store: Store, original: Path, folder: Path) -> None:
    here = ModelRecord("m1", str(original), checksum(original), 1)
    assert await fetch(here, store.models, folder) == original
    assert not folder.exists()


async def test_on_another_machine_it_comes_from_the_store(store: Store, record: ModelRecord, folder: Path) -> None:
    await store.models.put_file("m1", [CONTENT[:1_000_000], CONTENT[1_000_000:]])
    path = await fetch(record, store.models, folder)
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(folder)


async def test_with_a_url_it_comes_from_that_web_server(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    assert (await fetch(record, store.models, folder, server.url)).read_bytes() == CONTENT
    assert server.asked == ["m1.tar.gz"]


async def test_what_was_fetched_before_is_used_again(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    first = await fetch(record, store.models, folder, server.url)
    assert await fetch(record, store.models, folder, server.url) == first
    assert len(server.asked) == 1


@pytest.mark.parametrize("damage", DAMAGED)
async def test_a_damaged_kept_file_is_fetched_again(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer, damage: str
) -> None:
    path = await fetch(record, store.models, folder, server.url)
    path.write_bytes(DAMAGED[damage])
    assert (await fetch(record, store.models, folder, server.url)).read_bytes() == CONTENT


async def test_two_assistants_of_one_machine_may_fetch_at_once(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    paths = await asyncio.gather(*(fetch(record, store.models, folder, server.url) for _ in range(4)))
    assert len(set(paths)) == 1
    assert paths[0].read_bytes() == CONTENT
    assert files_in(folder) == {"m1.tar.gz"}


@pytest.mark.parametrize("damage", ["cut", "longer", "changed", "another"])
@pytest.mark.parametrize("from_web", [True, False])
async def test_another_file_than_the_registered_one_is_never_used(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer, damage: str, from_web: bool
) -> None:
    server.files["m1.tar.gz"] = DAMAGED[damage]
    await store.models.put_file("m1", [DAMAGED[damage]])
    assert "another checksum" in await refusal(store, record, folder, server.url if from_web else "")


async def test_a_file_that_is_nowhere_is_said_so(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    assert "neither on this machine nor in the store" in await refusal(store, record, folder)
    server.files.clear()
    assert "answers 404 for m1.tar.gz" in await refusal(store, record, folder, server.url)


async def test_a_file_that_training_has_only_half_stored_is_not_used(
    store: Store, record: ModelRecord, folder: Path
) -> None:
    def breaks_off() -> AsyncIterator[bytes]:
        yield CONTENT[:1_000_000]  # type: ignore[misc]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await store.models.put_file("m1", breaks_off())  # type: ignore[arg-type]
    assert "another checksum" in await refusal(store, record, folder)


async def test_an_answer_that_breaks_off_is_said_so(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    server.breaks_off = True
    assert "can't be read" in await refusal(store, record, folder, server.url)


@pytest.mark.parametrize("limit", ["SILENCE_S", "DOWNLOAD_S"])
async def test_a_web_server_that_hangs_has_a_limit(
    store: Store,
    record: ModelRecord,
    folder: Path,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
) -> None:
    monkeypatch.setattr(model_files, limit, 0.5)
    server.hangs = True
    assert "takes too long" in await refusal(store, record, folder, server.url)


async def test_a_web_server_that_is_not_there_is_said_so_without_its_password(
    store: Store, record: ModelRecord, folder: Path
) -> None:
    said = await refusal(store, record, folder, f"http://user:geheim@127.0.0.1:{free_port()}/models")
    assert "can't be read" in said
    assert "geheim" not in said


async def test_a_web_server_may_call_it_a_compressed_archive(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    server.says_compressed = True
    assert (await fetch(record, store.models, folder, server.url)).read_bytes() == CONTENT


@pytest.mark.parametrize("from_web", [True, False])
async def test_no_more_is_fetched_than_a_model_may_be_large(
    store: Store,
    record: ModelRecord,
    folder: Path,
    server: ModelServer,
    monkeypatch: pytest.MonkeyPatch,
    from_web: bool,
) -> None:
    monkeypatch.setattr(model_files, "MAX_MODEL_BYTES", len(CONTENT) - 1)
    await store.models.put_file("m1", [CONTENT])
    assert "is not fetched" in await refusal(store, record, folder, server.url if from_web else "")
    monkeypatch.setattr(model_files, "MAX_MODEL_BYTES", len(CONTENT))
    await fetch(record, store.models, folder, server.url if from_web else "")


async def test_a_folder_that_can_not_be_made_is_named(store: Store, record: ModelRecord, folder: Path) -> None:
    await store.models.put_file("m1", [CONTENT])
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    assert f"can't be kept in {folder}" in await refusal(store, record, folder)


FETCH_IN_LITTLE_SPACE = """
import asyncio, resource, signal, sys
from pathlib import Path
from bot.assistant.model_files import fetch
from bot.errors import ModelError
from bot.model import ModelRecord
from bot.settings import Settings
from bot.store import Store
async def main():
    store = await Store(sys.argv[1], Settings(redis_prefix=sys.argv[2])).open()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
    try:
        await fetch(ModelRecord("m1", "/nowhere", sys.argv[3], 1), store.models, Path(sys.argv[4]))
    except ModelError as exc:
        print(exc)
    await store.close()
asyncio.run(main())
"""


async def test_a_disk_that_takes_no_more_is_named(
    store: Store, record: ModelRecord, folder: Path, redis_url: str
) -> None:
    await store.models.put_file("m1", [CONTENT])
    command = [sys.executable, "-c", FETCH_IN_LITTLE_SPACE, redis_url, store._keys.prefix, record.sha256, folder]
    done = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True)
    assert "can't be kept in" in done.stdout, done.stderr
    assert files_in(folder) == set()


@pytest.mark.parametrize("name", ["../m1", "a/b", "m1\n", "", "m" * 201, "modél", "m1?x", "m 1"])
async def test_a_name_with_more_in_it_than_a_name_is_refused(
    store: Store, original: Path, folder: Path, name: str
) -> None:
    record = ModelRecord(name, str(original), checksum(original), 1)
    assert "a model's name has" in await refusal(store, record, folder)


async def test_few_fetched_files_are_kept_and_those_that_were_used_last(
    store: Store, original: Path, folder: Path
) -> None:
    (folder / FETCHED).mkdir(parents=True)
    trained_here = folder / "old.tar.gz"
    trained_here.write_bytes(b"the operator's")
    records = []
    for number in range(KEPT_FILES + 1):
        content = b"%d" % number
        records.append(ModelRecord(f"m{number}", "/nowhere", checksum(write(original, content)), 1))
        await store.models.put_file(f"m{number}", [content])
    for age_s, record in zip(range(KEPT_FILES, 0, -1), records, strict=False):
        path = await fetch(record, store.models, folder)
        os.utime(path, (path.stat().st_mtime - 100 * age_s,) * 2)
    await fetch(records[0], store.models, folder)  # used again
    await fetch(records[-1], store.models, folder)
    assert files_in(folder) == {"old.tar.gz", "m0.tar.gz", "m2.tar.gz", "m3.tar.gz"}


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("age_s", "stays"), [(3 * model_files.DOWNLOAD_S, False), (10.0, True)])
async def test_what_a_killed_assistant_left_half_fetched_goes(
    store: Store, record: ModelRecord, folder: Path, age_s: float, stays: bool
) -> None:
    half = folder / FETCHED / ".fetching-killed"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    os.utime(half, (half.stat().st_mtime - age_s,) * 2)
    await store.models.put_file("m1", [CONTENT])
    await fetch(record, store.models, folder)
    assert half.exists() == stays


async def test_a_fetch_that_is_cancelled_leaves_nothing(
    store: Store, record: ModelRecord, folder: Path, server: ModelServer
) -> None:
    server.hangs = True
    fetching = asyncio.create_task(fetch(record, store.models, folder, server.url))
    while not server.asked:
        await asyncio.sleep(0.01)
    fetching.cancel()
    await asyncio.gather(fetching, return_exceptions=True)
    assert files_in(folder) == set()


def test_pieces_and_checksum_are_those_of_the_file(original: Path) -> None:
    assert b"".join(chunks_of(original)) == CONTENT
