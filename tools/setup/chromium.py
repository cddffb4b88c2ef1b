"""A Chromium for the browser tests: one that is there, Debian's or Ubuntu's package, or Playwright's own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tools.setup.console import Outcome, SetupError, run, step
from tools.setup.environments import Environment

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# Playwright says where its own browser would be; it exists only if it was installed.
_OWN_BROWSER = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def find_chromium() -> Path | None:
    """A Chromium or Chrome on PATH that really starts (on Ubuntu the name may be a stub that asks for snap)."""
    for name in NAMES:
        path = shutil.which(name)
        if path and _answers(path):
            return Path(path)
    return None


def ensure(web: Environment) -> bool:
    """Make sure that the tests have a browser; returns whether one had to be installed. Raises SetupError."""
    if find_chromium() or _find_playwrights_own(web):
        return False
    failures = []
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with step("Installing Chromium for the browser tests, with apt-get"):
            failures.append(_install_with_apt())
        if find_chromium():
            return True
    with step("Installing Chromium for the browser tests, with Playwright"):
        failures.append(run([web.python, "-m", "playwright", "install", "chromium"], has_progress_bar=True))
    if _find_playwrights_own(web):
        return True
    detail = "\n".join(outcome.tail(6) for outcome in failures)
    raise SetupError(f"{_NO_BROWSER}\n{detail}")


def _answers(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _find_playwrights_own(web: Environment) -> Path | None:
    outcome = run([web.python, "-c", _OWN_BROWSER])
    path = Path(outcome.output.strip())
    return path if outcome.ok and path.is_file() else None


def _install_with_apt() -> Outcome:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update"], env=env)  # on a failure the lists of before may still do
    return run(["apt-get", "install", "--yes", "--no-install-recommends", "chromium", "fonts-liberation"], env=env)


_NO_BROWSER = f"""The tests drive a real browser, and no {", ".join(NAMES)} on PATH starts.
Install one, then run this again. Debian: apt-get install chromium    macOS: brew install --cask google-chrome
What was tried:"""
