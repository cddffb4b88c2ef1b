"""Keeps copies of what customers send, as long as their messages are kept: fetches, and removes."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import IO

import structlog

from bot.errors import NotFound, StoreUnavailable, UpstreamError
from bot.logs import described
from bot.model import Attachment, Conversation, Media
from bot.settings import Settings
from bot.store import Store
from bot.store.media import MediaClaim, ToFetch
from bot.store.work import now_ms
from bot.web.media.download import Downloader, Failed, Refused
from bot.web.media.kinds import HEAD_BYTES, content_type
from bot.web.media.names import file_name
from bot.web.media.storage import MediaStorage
from bot.web.operations.metrics import Metrics

log = structlog.get_logger()

# The kinds that are files; a link leads to a page, and is none.
FILES = ("image", "audio", "video", "file", "sticker")
# More than any platform lets a customer send at once.
MAX_FILES = 30
# Waits between tries, then it has failed. The last ones are for a storage that is down for an hour.
WAITS_S = (10.0, 60.0, 300.0, 1800.0, 7200.0)
# At once, in one process.
FETCHERS = 4
LOOK_EVERY_S = 1.0
# After something went wrong that has nothing to do with the file.
RETRY_MS = 60_000
PAUSE_S = 10.0


def is_file(attachment: Attachment) -> bool:
    """Whether there should be a copy of it."""
    return attachment.kind in FILES and bool(attachment.url)


class MediaKeeper:
    """Every web process runs one; the store gives each file to one of them."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        metrics: Metrics,
        *,
        waits_s: tuple[float, ...] = WAITS_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self.storage = MediaStorage(settings)
        self._store = store
        self._downloader = Downloader(settings.media_hosts)
        self._retention_ms = settings.retention_days * 86_400_000
        self._waits_s = waits_s
        self._look_every_s = look_every_s
        self._metrics = metrics
        self._is_open = False
        self._is_paused = False

    async def close(self) -> None:
        await self._downloader.close()

    async def run(self) -> None:
        """See to what is to be done, for ever."""
        await self._downloader.open()
        await asyncio.gather(*(self._fetcher() for _ in range(FETCHERS)))

    async def ready(self) -> MediaStorage:
        """The storage, open. Raises StoreUnavailable, UpstreamError."""
        if not self._is_open:
            self.storage.open(await self._store.secret())
            self._is_open = True
        return self.storage

    async def _fetcher(self) -> None:
        while True:
            wait_s = self._look_every_s
            try:
                await self._drain()
                self._is_paused = False
            except (StoreUnavailable, UpstreamError) as exc:
                if not self._is_paused:
                    log.warning("media.paused", reason=str(exc))
                self._is_paused = True
                wait_s = PAUSE_S
            except Exception as exc:  # it is for ever
                log.error("media.failed", error=described(exc))
                wait_s = PAUSE_S
            await asyncio.sleep(wait_s)

    async def _drain(self) -> None:
        await self.ready()
        while claim := await self._store.media.claim():
            try:
                await self._see_to(claim)
            except StoreUnavailable:
                raise
            except UpstreamError as exc:
                log.warning("media.postponed", conversation_id=claim.conversation_id, reason=str(exc))
                await self._store.media.later(claim, RETRY_MS)
            except Exception as exc:  # a file that nobody can do anything with must not keep others waiting
                log.error("media.failed", conversation_id=claim.conversation_id, error=described(exc))
                await self._store.media.later(claim, RETRY_MS)

    async def _see_to(self, claim: MediaClaim) -> None:
        if not claim.message_id:
            await self._remove_if_expired(claim)
        elif wanted := await self._store.media.begin(claim):
            await self._fetch_all(claim, wanted)
        else:
            await self._remove(claim)

    async def _remove_if_expired(self, claim: MediaClaim) -> None:
        left_ms = 0
        with suppress(NotFound):
            conversation: Conversation = await self._store.conversations.get(claim.conversation_id)
            left_ms = conversation.last_at_ms + self._retention_ms - now_ms()
        if left_ms > 0:
            await self._store.media.later(claim, left_ms)
        else:
            await self._remove(claim)

    async def _remove(self, claim: MediaClaim) -> None:
        removed = await self.storage.remove(claim.conversation_id, claim.message_id)
        await self._store.media.done(claim)
        log.info("media.removed", conversation_id=claim.conversation_id, files=removed)

    async def _fetch_all(self, claim: MediaClaim, wanted: ToFetch) -> None:
        message = wanted.message
        # The picture of an answer is no file of the customer's: it stays where its editor says it is.
        sent = () if message.template else message.attachments
        files = [(place, one) for place, one in enumerate(sent) if is_file(one)][:MAX_FILES]
        known = await self._store.conversations.media(
            message.conversation_id, message.id, [place for place, _ in files]
        )
        complete = True
        for (place, attachment), media in zip(files, known, strict=True):
            if media is None:
                held = await self._store.media.hold(claim)
                if held is None:
                    return
                claim = held
                complete = await self._fetch(wanted, place, attachment) and complete
        if complete:
            await self._store.media.done(claim)
        else:
            await self._store.media.later(claim, int(1000 * self._waits_s[wanted.tries - 1]))

    async def _fetch(self, wanted: ToFetch, place: int, attachment: Attachment) -> bool:
        """One file; False when it is to be tried again."""
        conversation_id, message_id = wanted.message.conversation_id, wanted.message.id
        is_last = wanted.tries > len(self._waits_s)
        try:
            # More tries than there are waits: it broke whoever fetched it.
            if wanted.tries > len(self._waits_s) + 1:
                raise Refused("failed")
            media = await self._copy(conversation_id, message_id, place, attachment)
        except Refused as exc:
            media = Media(problem=exc.problem)
        except (Failed, UpstreamError) as exc:
            if not is_last:
                log.info("media.postponed", conversation_id=conversation_id, reason=str(exc))
                return False
            media = Media(problem="failed")
        self._metrics.media.labels(media.problem or "kept").inc()
        if media.problem:
            log.warning("media.refused", conversation_id=conversation_id, kind=attachment.kind, problem=media.problem)
        else:
            log.info("media.kept", conversation_id=conversation_id, kind=attachment.kind, size_bytes=media.size_bytes)
        if not await self._store.conversations.set_media(conversation_id, message_id, place, media):
            # The customer took the message back meanwhile.
            await self.storage.remove(conversation_id, message_id)
        return True

    async def _copy(self, conversation_id: str, message_id: str, place: int, attachment: Attachment) -> Media:
        """Raises Refused, Failed, UpstreamError."""
        with await self._downloader.fetch(attachment.url) as file:
            kind = content_type(file.read(HEAD_BYTES), is_audio=attachment.kind == "audio")
            size_bytes = _size(file)
            key = self.storage.key(conversation_id, message_id, place)
            await self.storage.put(key, file)
        return Media(key, kind, size_bytes, file_name(attachment.kind, attachment.url, kind))


def _size(file: IO[bytes]) -> int:
    """Of a file that is read from its beginning afterwards."""
    size = file.seek(0, 2)
    file.seek(0)
    return size
