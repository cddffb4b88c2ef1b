"""`python -m bot.project export|import [FOLDER]`: topics and answers from the store to the files, or back."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.project.changes import Changes
from bot.project.sync import Imported, export_project, import_project
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store

EXIT_FAILED = 1
NAMED = 10


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code: 0, 78 if something has to be chosen or mended first, 1 for another failure."""
    options = _parser().parse_args(arguments)
    try:
        print(asyncio.run(_run(options, Settings.load())))
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG if isinstance(exc, ConfigError) else EXIT_FAILED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bot.project", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, what in (("export", "write the files"), ("import", "read the files")):
        command = commands.add_parser(name, help=what)
        command.add_argument("folder", type=Path, nargs="?", help="instead of that of BOT_PROJECT")
        if name == "import":
            command.add_argument("--dry-run", action="store_true", help="only say what would happen")
            command.add_argument("--overwrite", action="store_true", help="also what was changed in the browser")
    return parser


async def _run(options: argparse.Namespace, settings: Settings) -> str:
    folder = options.folder or settings.project
    store = await Store(redis_url(settings), settings).open()
    try:
        if options.command == "export":
            return _exported(await export_project(store, folder, base=settings.project), folder)
        done = await import_project(store, folder, overwrite=options.overwrite, dry_run=options.dry_run)
        return _imported(done, "Would import" if options.dry_run else "Imported")
    finally:
        await store.close()


def _exported(written: list[str], folder: Path) -> str:
    return f"Written in {folder.absolute()}: {', '.join(written)}." if written else "The files say the same already."


def _imported(done: Imported, did: str) -> str:
    lines = [*_lines("topics", done.topics, "retired"), *_lines("answers", done.answers, "removed")]
    if done.answers.kept:
        kept = _names(done.answers.kept)
        lines.append(f"  answers kept as an editor wrote them (ARGS=--overwrite replaces them): {kept}")
    return "\n".join([f"{did}:", *lines]) if lines else "Topics and answers say the same already."


def _lines(what: str, changes: Changes, gone: str) -> list[str]:
    named = ((changes.added, "added"), (changes.changed, "changed"), (changes.removed, gone))
    return [f"  {len(names)} {what} {verb}: {_names(names)}" for names, verb in named if names]


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


if __name__ == "__main__":
    sys.exit(main())
