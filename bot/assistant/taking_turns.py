"""Assistants of one machine load a model one after the other, so that the others go on answering at full speed."""

from __future__ import annotations

import asyncio
import fcntl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

# Then it loads all the same: one that hangs must not keep the others from a new model.
WAIT_S = 60.0
POLL_S = 0.1


@asynccontextmanager
async def one_at_a_time(folder: Path) -> AsyncIterator[None]:
    """Wait for the others that do this with the same folder, up to WAIT_S.

    A lock of the operating system: it ends with the process that has it, however that ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "loading.lock").open("w")
    except OSError:  # a folder that can't be written, where training put the file: then without waiting
        yield
        return
    with lock:
        deadline_s = time.monotonic() + WAIT_S
        while not _locked(lock.fileno()) and time.monotonic() < deadline_s:
            await asyncio.sleep(POLL_S)
        yield


def _locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
