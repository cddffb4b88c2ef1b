"""A copy of the Rasa project, to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.project.sync import copy_project
from tests.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    copy_project(ROOT, folder)
    return folder
