"""A project's model, trained for real, once for every state of what it is made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ASSISTANT_PYTHON = ROOT / ".venv-assistant" / "bin" / "python"
CACHE = ROOT / "var" / "test-models"
TRAINED_IN = CACHE / "new"
_OF_PROJECT = ("config.yml", "domain.yml", "data/*.yml")
# Not of bot/nlu/lint and bot/nlu/report: no model changes with them.
_OF_PROGRAM = (
    "bot/nlu/*.py",
    "bot/nlu/*.yml",
    "bot/nlu/encoders/*.py",
    "requirements/assistant.txt",
)
_TRAIN = """
import sys
from pathlib import Path
from bot import logs
logs.configure("json")
from bot.assistant.train import train
print(train(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def trained_model(project: Path = ROOT) -> Path:
    """The model's file; trains it unless the same was trained before."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = CACHE / f"{_digest(project)}.tar.gz"
    if wanted.exists():  # it was renamed to this when it was whole; no need to wait for who trains another one
        return wanted
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            _train(project).rename(wanted)
    return wanted


def _train(project: Path) -> Path:
    # One thread for NumPy: those of OpenBLAS wait for each other at full speed, which costs who works beside this.
    environ = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [ASSISTANT_PYTHON, "-c", _TRAIN, TRAINED_IN, project], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"training failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
    return Path(done.stdout.strip().splitlines()[-1])


def _digest(project: Path) -> str:
    digest = hashlib.sha256()
    for folder, pattern in [*((project, one) for one in _OF_PROJECT), *((ROOT, one) for one in _OF_PROGRAM)]:
        for path in sorted(folder.glob(pattern)):
            digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]
