"""Stands in for `python -m bot.assistant.train --report ...`: at once, or wrong as its first argument says."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from pathlib import Path

import msgspec

from bot.model import ModelRecord
from bot.settings import Settings
from bot.store import Store
from bot.store.trainings import Report


async def register(name: str, path: Path) -> None:
    settings = Settings.load()
    store = await Store(settings.redis_url, settings).open()
    path.write_bytes(b"model")
    await store.models.register(
        ModelRecord(name, str(path), "0", int(time.time() * 1000), {"golden": {"n": 1, "failed_lines": []}})
    )
    await store.models.put_file(name, [b"model"])
    await store.close()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("how", choices=("good", "config", "crash", "hang", "no-report"))
    for option in ("--project", "--messages", "--report"):
        parser.add_argument(option, type=Path)
    options = parser.parse_args()
    assert (options.project / "data" / "nlu.yml").is_file()
    print("::step train 8", flush=True)
    if options.how == "hang":
        (options.report.parent / "pid").write_text(f"{os.getpid()} {os.nice(0)}")
        time.sleep(600)
    if options.how == "config":
        print("vraagbaak: there are fewer than two topics with examples", file=sys.stderr)
        return 78
    if options.how == "crash":
        print("Traceback: out of memory", file=sys.stderr)
        return 1
    if options.how == "no-report":
        return 0
    messages = msgspec.json.decode(options.messages.read_bytes())
    name = f"quick-{options.report.parent.name[:8]}"
    models = Settings.load().var / "models"
    models.mkdir(parents=True, exist_ok=True)
    asyncio.run(register(name, models / f"{name}.tar.gz"))
    options.report.write_bytes(msgspec.json.encode(Report(name, messages=len(messages))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
