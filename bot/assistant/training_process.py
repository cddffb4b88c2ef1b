"""The process that trains: what it says goes to a file, how far it is to whoever looks on, and it ends when told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from bot.assistant.candidate_steps import PART, STEP, percent_of
from bot.processes import die_with_parent

# After SIGTERM it gets so long; there is nothing that it must save.
STOP_S = 2.0
LAST_WORDS_CHARS = 500
MAX_LINE_BYTES = 1 << 20


class TrainingProcess:
    """One training, from its start to its end."""

    def __init__(self) -> None:
        self.step, self.percent = "read", 0
        self.last_words = ""
        self._parts = 0
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, command: Sequence[str], env: Mapping[str, str], log_file: Path, *, niceness: int) -> int:
        """Returns the exit code, negative for a signal. Cancelled, it stops the process first."""
        self._process = process = await asyncio.create_subprocess_exec(
            *command,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
            limit=MAX_LINE_BYTES,
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        try:
            assert process.stdout is not None
            with log_file.open("wb") as file:
                async for line in process.stdout:
                    file.write(line)
                    file.flush()
                    self._hear(line.decode(errors="replace").strip())
            return await process.wait()
        finally:
            await self._stop(process)

    def _hear(self, line: str) -> None:
        if line.startswith(STEP):
            _, self.step, percent = line.split()
            self.percent = int(percent)
        elif PART.match(line):
            self._parts += 1
            self.percent = max(self.percent, percent_of(self.step, self._parts))
        elif line:
            self.last_words = line[:LAST_WORDS_CHARS]

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        """It, and whatever it started."""
        if process.returncode is None:
            process.terminate()
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(process.wait(), STOP_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
