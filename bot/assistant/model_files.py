"""Brings a model's file to this machine: from where it was trained, from the store, or from a web server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

from bot.errors import ModelError
from bot.model import ModelRecord
from bot.store.models import ModelRegistry

DOWNLOAD_TIMEOUT_S = 30.0
MAX_MODEL_BYTES = 1_000_000_000
CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"[\w.-]{1,200}")


async def fetch(record: ModelRecord, models: ModelRegistry, folder: Path, url: str = "") -> Path:
    """The model's file on this machine, with the checksum that the registry has.

    folder: where to keep it. url: of a folder on a web server with NAME.tar.gz; without it the store has the file.
    A model runs code when it is loaded, so a file with another checksum is never used. Raises ModelError.
    """
    if not _NAME.fullmatch(record.name):
        raise ModelError("a model's name has letters, digits, dots and hyphens only")
    kept = folder / f"{record.name}.tar.gz"
    for path in (Path(record.path), kept):
        if await asyncio.to_thread(_has_checksum, path, record.sha256):
            return path
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".fetching-", delete=False) as new:
        try:
            if url:
                await asyncio.to_thread(_download, f"{url.rstrip('/')}/{record.name}.tar.gz", new.name)
            else:
                await _copy(models.file(record.name), new.name)
            if not await asyncio.to_thread(_has_checksum, Path(new.name), record.sha256):
                source = "the web server's" if url else "the store's"
                raise ModelError(f"model {record.name}: {source} file is missing or has another checksum")
            os.replace(new.name, kept)
        except OSError as exc:
            raise ModelError(f"model {record.name} can't be kept in {folder}: {exc.strerror or exc}") from exc
        finally:
            with suppress(FileNotFoundError):
                os.unlink(new.name)
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
    return path.is_file() and checksum(path) == sha256


async def _copy(chunks: AsyncIterator[bytes], path: str) -> None:
    with open(path, "wb") as file:
        async for chunk in chunks:
            file.write(chunk)


def _download(url: str, path: str) -> None:
    """Raises ModelError."""
    try:
        with urllib.request.urlopen(url, timeout=DOWNLOAD_TIMEOUT_S) as answer, open(path, "wb") as file:
            while chunk := answer.read(CHUNK_BYTES):
                file.write(chunk)
                if file.tell() > MAX_MODEL_BYTES:
                    raise ModelError(f"{url} is larger than {MAX_MODEL_BYTES} bytes")
    except (urllib.error.URLError, ValueError) as exc:
        raise ModelError(f"{url} can't be read: {getattr(exc, 'reason', exc)}") from exc
