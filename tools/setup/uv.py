"""Finds uv, which fetches and installs packages, or installs it into `.venv-tools`."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools.setup.console import Outcome, SetupError, run, say, step

OLDEST_UV = (0, 7)  # the first that knows `uv python find --managed-python`


class Uv:
    """uv, looked for at its first use: a set-up with nothing to do doesn't need it."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @functools.cached_property
    def path(self) -> Path:
        """A uv that runs and is new enough. Raises SetupError if there is none and none could be installed."""
        own = self._root / ".venv-tools" / "bin" / "uv"
        for candidate in (shutil.which("uv"), own):
            if candidate and _version(Path(candidate)) >= OLDEST_UV:
                return Path(candidate)
        _install_into(self._root / ".venv-tools", self._root / "requirements" / "tools.txt")
        return own


def _version(uv: Path) -> tuple[int, ...]:
    """(0, 13, 9); empty, and so older than all, if it doesn't run (a pyenv shim may exist and fail)."""
    try:
        answer = subprocess.run([str(uv), "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    match = re.match(r"uv (\d+)\.(\d+)\.(\d+)", answer)
    return tuple(int(part) for part in match.groups()) if match else ()


def _install_into(folder: Path, requirements: Path) -> None:
    say("uv (the package installer) is not on PATH.")
    with step(f"Installing it into {folder.name}"):
        _check(run([sys.executable, "-m", "venv", "--clear", folder]), _NO_VENV)
        pip: list[str | Path] = [
            folder / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _check(run([*pip, "--require-hashes", "-r", requirements]), _NO_DOWNLOAD)


def _check(outcome: Outcome, advice: str) -> None:
    if not outcome.ok:
        raise SetupError(f"{advice}\n{outcome.tail()}")


_NO_VENV = f"""{sys.executable} cannot create virtual environments. Do one of these, then run `make setup` again:
  - Debian or Ubuntu: apt-get install python3-venv
  - install uv by its own instructions (https://docs.astral.sh/uv/), so that it is on PATH
What Python said:"""

_NO_DOWNLOAD = """uv could not be downloaded.
Check the network (behind a proxy: set HTTPS_PROXY), then run `make setup` again.
What pip said:"""
