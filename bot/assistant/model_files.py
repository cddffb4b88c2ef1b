"""Brings a model's file to this machine: from where it was trained, from the store, or from a web server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import aiohttp

from bot.errors import ModelError
from bot.model import ModelRecord
from bot.store.models import ModelRegistry

# What was fetched is kept apart from what was trained here, which is the operator's to remove.
FETCHED = "fetched"
# So many fetched models stay on this machine, some 30 MB each: the one that answers and those before it.
KEPT_FILES = 3
MAX_MODEL_BYTES = 1_000_000_000
CHUNK_BYTES = 1 << 20
CONNECT_S = 10.0
SILENCE_S = 30.0
DOWNLOAD_S = 600.0
# A file that is being fetched for longer belongs to a process that is gone.
STALE_S = 2 * DOWNLOAD_S
_BEING_FETCHED = ".fetching-"
_NAME = re.compile(r"[\w.-]{1,200}", re.ASCII)


async def fetch(record: ModelRecord, models: ModelRegistry, folder: Path, url: str = "") -> Path:
    """The model's file on this machine, with the checksum that the registry has.

    folder: of models; what is fetched is kept in `fetched` there. url: of a folder on a web server with NAME.tar.gz;
    without it the store has the file. A model runs code when it is loaded, so a file with another checksum is never
    used. Raises ModelError, StoreUnavailable.
    """
    if not _NAME.fullmatch(record.name):
        raise ModelError("a model's name has letters, digits, dots and hyphens only")
    kept = folder / FETCHED / f"{record.name}.tar.gz"
    for path in (Path(record.path), kept):
        if await asyncio.to_thread(_has_checksum, path, record.sha256):
            if path == kept:
                with suppress(OSError):
                    os.utime(kept)  # used last, so removed last
            return path
    source = _from_web(f"{url.rstrip('/')}/{record.name}.tar.gz") if url else models.file(record.name)
    try:
        async with aclosing(source) as chunks:
            await _keep(chunks, kept, record)
    except OSError as exc:
        raise ModelError(f"model {record.name} can't be kept in {kept.parent}: {exc.strerror or exc}") from exc
    return kept


def checksum(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    for chunk in chunks_of(path):
        digest.update(chunk)
    return digest.hexdigest()


def chunks_of(path: Path) -> Iterator[bytes]:
    """A file in pieces of at most CHUNK_BYTES."""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _has_checksum(path: Path, sha256: str) -> bool:
    """False also for a file that isn't there or may not be read: then it is fetched."""
    try:
        return path.is_file() and checksum(path) == sha256
    except OSError:
        return False


async def _keep(chunks: AsyncIterator[bytes], kept: Path, record: ModelRecord) -> None:
    """Under its name only once it is whole: others may look for it. Raises ModelError, StoreUnavailable, OSError."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(_tidy, kept)
    number, new = tempfile.mkstemp(dir=kept.parent, prefix=_BEING_FETCHED)
    try:
        size, sha256 = await _write(chunks, number)
        if not size:
            raise ModelError(f"model {record.name} is neither on this machine nor in the store")
        if sha256 != record.sha256:
            raise ModelError(f"model {record.name}: what was fetched ({size} bytes) has another checksum")
        os.replace(new, kept)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(new)


async def _write(chunks: AsyncIterator[bytes], number: int) -> tuple[int, str]:
    """Write to the open file of that number, and close it. Returns how many bytes, and their checksum."""
    size, digest = 0, hashlib.sha256()
    with os.fdopen(number, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > MAX_MODEL_BYTES:
                raise ModelError(f"a model of more than {MAX_MODEL_BYTES} bytes is not fetched")
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)  # a slow disk must not hold up who is being answered
    return size, digest.hexdigest()


def _tidy(kept: Path) -> None:
    """Make room for one: away with the files longest unused, and with what killed processes left half fetched."""
    for half in kept.parent.glob(f"{_BEING_FETCHED}*"):
        with suppress(OSError):
            if time.time() - half.stat().st_mtime > STALE_S:
                half.unlink()
    others = {path: _used_at_s(path) for path in kept.parent.glob("*.tar.gz") if path != kept}
    for path in sorted(others, key=others.__getitem__, reverse=True)[KEPT_FILES - 1 :]:
        with suppress(OSError):
            path.unlink()


def _used_at_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0  # another assistant was first


async def _from_web(url: str) -> AsyncGenerator[bytes, None]:
    """Raises ModelError; its text has no address, which may hold a password."""
    # As it is stored: some servers call a .tar.gz a compressed .tar, and unpacked it has another checksum.
    as_it_is = {"accept-encoding": "identity"}
    limits = aiohttp.ClientTimeout(total=DOWNLOAD_S, sock_connect=CONNECT_S, sock_read=SILENCE_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, headers=as_it_is, auto_decompress=False, trust_env=True) as session,
            session.get(url) as answer,
        ):
            if answer.status != 200:
                raise ModelError(
                    f"the web server of BOT_MODEL_URL answers {answer.status} for {url.rpartition('/')[2]}"
                )
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                yield chunk
    except asyncio.TimeoutError as exc:
        raise ModelError("the web server of BOT_MODEL_URL takes too long") from exc
    except (aiohttp.ClientError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or type(exc).__name__
        raise ModelError(f"the web server of BOT_MODEL_URL can't be read: {reason}") from exc
