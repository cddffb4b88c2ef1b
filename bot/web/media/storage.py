"""Where our copies are: a folder, or a bucket that speaks S3."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from bot.errors import NotFound, UpstreamError
from bot.settings import Settings

if TYPE_CHECKING:  # obstore has them for type checkers alone
    from obstore.store import RetryConfig

CHUNK_BYTES = 256 * 1024
# At once, in one process. One that waits for a bucket must not keep whatever else needs a thread.
THREADS = 4
_NAME_CHARS = 32
_RETRY: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=30)}
Result = TypeVar("Result")


class MediaStorage:
    """Nothing of a sender is in the names of files: they are made with the installation's own secret.

    So they can't be guessed, and the same attachment has the same one: a file that was put twice is there once, and all
    files of a message or a conversation are found without a list of them.
    """

    def __init__(self, settings: Settings) -> None:
        self._url = settings.media_url
        self._folder = settings.var / "media"
        self._secret = b""
        self._store: LocalStore | S3Store | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="media")

    def open(self, secret: bytes) -> None:
        """Nothing is sent yet. secret: the installation's own.

        Raises UpstreamError when the folder can't be made, or a bucket's settings in the environment are of no use.
        """
        self._secret = secret
        try:
            self._store = _bucket(self._url) if self._url else _folder(self._folder)
        except (BaseError, OSError, ValueError) as exc:
            raise UpstreamError(f"media storage: {type(exc).__name__}") from exc

    def key(self, conversation_id: str, message_id: str, place: int) -> str:
        """Name of the copy of one attachment."""
        return f"{self._prefix(conversation_id, message_id)}/{place}"

    async def put(self, key: str, content: IO[bytes]) -> None:
        """Keep what is in the file, all or nothing. Raises UpstreamError."""
        try:
            await self._run(lambda store: obstore.put(store, key, content))
        except NotFound as exc:
            raise UpstreamError("media storage: no such bucket") from exc

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end` (exclusive), in pieces. Raises NotFound, UpstreamError."""
        for at in range(start, end, CHUNK_BYTES):
            yield await self._read(key, at, min(end, at + CHUNK_BYTES))

    async def remove(self, conversation_id: str, message_id: str = "") -> int:
        """Remove the copies of a message, or of a whole conversation; returns how many. Raises UpstreamError."""
        prefix = self._prefix(conversation_id, message_id)

        def remove(store: LocalStore | S3Store) -> int:
            paths = [one["path"] for one in obstore.list(store, prefix=prefix).collect()]
            if paths:
                obstore.delete(store, paths)
            return len(paths)

        return await self._run(remove)

    async def _read(self, key: str, start: int, end: int) -> bytes:
        return await self._run(lambda store: bytes(obstore.get_range(store, key, start=start, end=end)))

    async def _run(self, work: Callable[[LocalStore | S3Store], Result]) -> Result:
        """In a thread, not with obstore's own async functions: one that ends as Python does aborts the process."""
        store = self._store
        if store is None:
            raise UpstreamError("media storage: not open")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, store)
        except FileNotFoundError as exc:
            raise NotFound("the copy is not there any more") from exc
        except (BaseError, OSError) as exc:
            # Its text has addresses and names of keys: of the error only its kind is told.
            raise UpstreamError(f"media storage: {type(exc).__name__}") from None

    def _prefix(self, conversation_id: str, message_id: str) -> str:
        folder = self._name(conversation_id)
        return f"{folder}/{self._name(f'{conversation_id} {message_id}')}" if message_id else folder

    def _name(self, text: str) -> str:
        return hmac.new(self._secret, f"media {text}".encode(), hashlib.sha256).hexdigest()[:_NAME_CHARS]


def _bucket(url: str) -> S3Store:
    """Its credentials, region and endpoint are in the environment: AWS_ACCESS_KEY_ID and so on.

    Nothing is said about the client: options given here would put aside those of the environment, as AWS_ALLOW_HTTP.
    """
    return S3Store.from_url(url, retry_config=_RETRY)


def _folder(path: Path) -> LocalStore:
    """For this user alone: it has customers' photos."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return LocalStore(path, automatic_cleanup=True)
