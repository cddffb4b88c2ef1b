"""Finds a Python of a wanted version that really runs: on PATH, in pyenv, or one that uv downloads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.setup.console import SetupError, run, say

if TYPE_CHECKING:
    from tools.setup.uv import Uv

PROBE_TIMEOUT_S = 10.0

# Modules that a home-built Python may lack and that we need; then the executable outside any virtual environment, so
# that an activated (and perhaps soon deleted) environment is not built upon.
PROBE = """
import ctypes, sqlite3, ssl, sys, zlib
assert sys.implementation.name == "cpython"
print("%d.%d" % sys.version_info[:2])
print(getattr(sys, "_base_executable", sys.executable))
"""


@dataclass(frozen=True)
class Python:
    """A Python that was started and answered. version: "3.10"."""

    version: str
    path: Path


def probe(candidate: Path) -> Python | None:
    """Start `candidate` and ask what it is; None if it lacks parts or doesn't run (as a pyenv shim may)."""
    try:
        answer = subprocess.run(
            [str(candidate), "-c", PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=PROBE_TIMEOUT_S,
            text=True,
            check=True,
        ).stdout.splitlines()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return Python(answer[0], Path(answer[1])) if len(answer) == 2 else None


def find_python(versions: Sequence[str]) -> Python | None:
    """The first of `versions` ("3.12", "3.10", best first) that runs, on PATH or in pyenv; None if there is none."""
    for version in versions:
        for candidate in _unique(_candidates(version)):
            python = probe(candidate)
            if python and python.version == version:
                return python
    return None


def find_or_download_python(versions: Sequence[str], uv: Uv, *, why: str) -> Python:
    """Like `find_python`, but if none runs, uv downloads the first of `versions`. Raises SetupError if that fails."""
    python = find_python(versions)
    if python:
        return python
    wanted = versions[0]
    python = _managed_by(uv, wanted)
    if python:
        return python
    say(f"No Python {' or '.join(versions)} runs on this machine; asking uv to download {wanted} ...")
    outcome = run([uv.path, "python", "install", wanted], has_progress_bar=True)
    python = _managed_by(uv, wanted)
    if python:
        say(f"  installed {python.path}")
        return python
    raise SetupError(_no_python(versions, why, outcome.tail()))


def _candidates(version: str) -> Iterator[Path]:
    folders = [Path(folder) for folder in os.get_exec_path() if folder]
    for name in (f"python{version}", "python3", "python"):
        yield from (folder / name for folder in folders)
    yield Path(sys.executable)
    for folder in sorted(_pyenv_root().glob(f"versions/{version}*"), key=_patch_number, reverse=True):
        yield folder / "bin" / f"python{version}"


def _unique(candidates: Iterable[Path]) -> Iterator[Path]:
    seen = set()
    for candidate in candidates:
        if candidate not in seen and os.access(candidate, os.X_OK):
            seen.add(candidate)
            yield candidate


def _pyenv_root() -> Path:
    """Where pyenv keeps its versions: a version that isn't selected has only a shim on PATH, which fails."""
    if "PYENV_ROOT" in os.environ:
        return Path(os.environ["PYENV_ROOT"])
    try:
        root = subprocess.run(["pyenv", "root"], capture_output=True, text=True, timeout=PROBE_TIMEOUT_S).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        root = ""
    return Path(root) if root else Path.home() / ".pyenv"


def _patch_number(folder: Path) -> int:
    """17 for .../3.10.17; -1 for names such as 3.10-dev, which then come last."""
    match = re.search(r"\.(\d+)$", folder.name)
    return int(match.group(1)) if match else -1


def _managed_by(uv: Uv, version: str) -> Python | None:
    found = run([uv.path, "python", "find", "--managed-python", "--no-python-downloads", version])
    return probe(Path(found.output.strip())) if found.ok else None


def _no_python(versions: Sequence[str], why: str, detail: str) -> str:
    wanted = versions[0]
    return f"""{why}, and Python {" or ".join(versions)} is not on PATH, not in pyenv, and could not be downloaded:
{detail}
Do one of these, then run `make setup` again:
  - connect to the network (behind a proxy: set HTTPS_PROXY), so that uv can download it
  - pyenv: pyenv install {wanted}
  - macOS: brew install python@{wanted}    Ubuntu 22.04: apt-get install python{wanted}"""
