"""`make setup`: finding a Python, installing only what changed, and saying what to do when something is missing.

The programs that set-up calls are small scripts here, so that each way they fail can be shown.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from tests.launch.helpers import executable, free_port, serving
from tools import run_tests
from tools.setup import chromium, environments, pythons, spacy_model
from tools.setup.console import SetupError
from tools.setup.environments import Environment
from tools.setup.pythons import find_or_download_python, find_python
from tools.setup.uv import Uv

THIS_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on PATH beside the system's shell; no pyenv."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(pythons.sys, "executable", "/nowhere/python")
    return folder


def fake_python(at: Path, version: str) -> Path:
    return executable(at, f"echo {version}; echo {at}")


class TestFindPython:
    def test_takes_the_first_version_that_is_wanted(self, path: Path) -> None:
        fake_python(path / "python9.1", "9.1")
        newest = fake_python(path / "python9.2", "9.2")
        found = find_python(("9.3", "9.2", "9.1"))
        assert found and found.path == newest

    def test_believes_the_version_not_the_name(self, path: Path) -> None:
        fake_python(path / "python9.1", "9.2")
        assert find_python(("9.1",)) is None

    def test_looks_behind_plain_names(self, path: Path) -> None:
        plain = fake_python(path / "python3", "9.1")
        found = find_python(("9.1",))
        assert found and found.path == plain

    def test_passes_over_a_shim_that_fails_and_looks_in_pyenv(self, path: Path, tmp_path: Path) -> None:
        executable(path / "python9.1", "echo 'pyenv: python9.1: command not found' >&2; exit 127")
        fake_python(tmp_path / "pyenv/versions/9.1.9/bin/python9.1", "9.1")
        newest = fake_python(tmp_path / "pyenv/versions/9.1.13/bin/python9.1", "9.1")
        found = find_python(("9.1",))
        assert found and found.path == newest

    def test_passes_over_one_that_hangs(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pythons, "PROBE_TIMEOUT_S", 0.3)
        executable(path / "python9.1", "exec sleep 60")
        assert find_python(("9.1",)) is None

    def test_downloads_one_if_there_is_none(self, path: Path, tmp_path: Path) -> None:
        managed = tmp_path / "managed/python"
        fake_python(tmp_path / "prepared", "9.1")
        executable(
            path / "uv",
            f"""
            case "$1 $2" in
              "--version ") echo uv 9.0.0;;
              "python install") mkdir {managed.parent}; cp {tmp_path}/prepared {managed};;
              "python find") test -f {managed} && echo {managed};;
            esac""",
        )
        found = find_or_download_python(("9.1",), Uv(tmp_path), why="The test needs it")
        assert found.version == "9.1"

    def test_says_what_to_do_if_it_cannot_be_downloaded(self, path: Path, tmp_path: Path) -> None:
        executable(path / "uv", 'test "$1" = --version && echo uv 9.0.0 && exit; echo dns error; exit 1')
        with pytest.raises(SetupError) as error:
            find_or_download_python(("9.1",), Uv(tmp_path), why="Rasa needs Python 9.1")
        for words in ("Rasa needs Python 9.1", "brew install python@9.1", "pyenv install 9.1", "dns error"):
            assert words in str(error.value)


class FakeUv:
    """A uv that makes environments around this Python, and writes down what it was asked to install."""

    def __init__(self, path: Path, tmp_path: Path) -> None:
        self.log = tmp_path / "uv.log"
        self.failure = tmp_path / "uv.failure"  # what to say, on a failing installation
        executable(
            path / "uv",
            f"""
            case "$1" in
              --version) echo uv 9.0.0;;
              venv) for folder; do :; done; mkdir -p $folder/bin; ln -sf {sys.executable} $folder/bin/python;;
              pip) echo "$@" >> {self.log}; if test -f {self.failure}; then cat {self.failure}; exit 2; fi;;
            esac""",
        )

    def installed(self) -> list[list[str]]:
        """The requirement files of each call."""
        calls = self.log.read_text().splitlines() if self.log.exists() else []
        return [[Path(word).name for word in call.split() if word.endswith(".txt")] for call in calls]


class TestEnvironment:
    @pytest.fixture
    def uv(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeUv:
        folder = tmp_path / "path"
        monkeypatch.setenv("PATH", f"{folder}:{Path(sys.executable).parent}:/bin")
        return FakeUv(folder, tmp_path)

    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "requirements").mkdir()
        for name in ("web.txt", "test.txt"):
            (tmp_path / "requirements" / name).write_text(name)
        return tmp_path

    def environment(self, root: Path, *names: str, first_import: str = "json") -> Environment:
        return Environment(
            name="test",
            folder=root / ".venv",
            python_versions=(THIS_VERSION,),
            requirements=tuple(root / "requirements" / name for name in names),
            first_import=(first_import,),
            why_python="The test needs it",
            disk_gb=0.001,
        )

    def test_does_nothing_when_nothing_changed(self, uv: FakeUv, root: Path) -> None:
        assert self.environment(root, "web.txt").ensure(Uv(root))
        assert not self.environment(root, "web.txt").ensure(Uv(root))
        assert uv.installed() == [["web.txt"]]

    def test_installs_again_when_the_requirements_changed(self, uv: FakeUv, root: Path) -> None:
        self.environment(root, "web.txt").ensure(Uv(root))
        (root / "requirements" / "web.txt").write_text("newer")
        assert self.environment(root, "web.txt").ensure(Uv(root))
        assert len(uv.installed()) == 2

    def test_keeps_the_test_tools_when_only_the_rest_is_wanted(self, uv: FakeUv, root: Path) -> None:
        self.environment(root, "web.txt", "test.txt").ensure(Uv(root))
        assert not self.environment(root, "web.txt").ensure(Uv(root))
        (root / "requirements" / "web.txt").write_text("newer")
        self.environment(root, "web.txt").ensure(Uv(root))
        assert uv.installed()[-1] == ["web.txt", "test.txt"]

    def test_starts_over_after_a_failure(self, uv: FakeUv, root: Path) -> None:
        uv.failure.write_text("error: something")
        with pytest.raises(SetupError):
            self.environment(root, "web.txt").ensure(Uv(root))
        uv.failure.unlink()
        assert self.environment(root, "web.txt").ensure(Uv(root))

    def test_replaces_an_environment_whose_python_is_gone(self, uv: FakeUv, root: Path) -> None:
        environment = self.environment(root, "web.txt")
        environment.ensure(Uv(root))
        environment.python.unlink()
        assert environment.ensure(Uv(root)) and environment.python.exists()

    def test_packages_that_do_not_import_are_reported(self, uv: FakeUv, root: Path) -> None:
        with pytest.raises(SetupError, match="don't work on this machine(.|\n)*no_such_module"):
            self.environment(root, "web.txt", first_import="no_such_module").ensure(Uv(root))

    @pytest.mark.parametrize(
        ("said", "advice"),
        [
            ("error: Failed to fetch: `x`\n  Caused by: dns error", "set HTTPS_PROXY"),
            ("error: failed to write\n  No space left on device (os error 28)", "A disk is full"),
            ("error: Hash mismatch for `x==1`", "not the one that was pinned"),
            ("error: Permission denied (os error 13)", "may not be written"),
            ("error: something new", "something new"),
        ],
    )
    def test_a_failure_says_what_to_do(self, uv: FakeUv, root: Path, said: str, advice: str) -> None:
        uv.failure.write_text(said)
        with pytest.raises(SetupError) as error:
            self.environment(root, "web.txt").ensure(Uv(root))
        assert advice in str(error.value) and "run `make setup` again" in str(error.value)

    def test_a_full_disk_is_noticed_before_the_download(self, uv: FakeUv, root: Path) -> None:
        environment = Environment(**{**vars(self.environment(root, "web.txt")), "disk_gb": 1e9})
        with pytest.raises(SetupError, match="Make room"):
            environment.ensure(Uv(root))
        assert uv.installed() == []


class TestUv:
    def test_one_that_is_too_old_is_not_used(self, path: Path, tmp_path: Path) -> None:
        executable(path / "uv", "echo uv 0.1.44")
        own = executable(tmp_path / ".venv-tools/bin/uv", "echo uv 9.0.0")
        assert Uv(tmp_path).path == own

    def test_a_machine_without_venv_is_told_what_to_install(
        self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        without_venv = executable(path / "python", "echo 'No module named venv'; exit 1")
        monkeypatch.setattr("tools.setup.uv.sys.executable", str(without_venv))
        with pytest.raises(SetupError, match="apt-get install python3-venv(.|\n)*No module named venv"):
            _ = Uv(tmp_path).path


class TestSpacyModel:
    WHEEL = b"the wheel"

    @pytest.fixture(autouse=True)
    def small_model(self, monkeypatch: pytest.MonkeyPatch, path: Path, tmp_path: Path) -> None:
        self.port = free_port()
        monkeypatch.setattr(spacy_model, "URL", f"http://127.0.0.1:{self.port}/model.whl")
        monkeypatch.setattr(spacy_model, "SHA256", hashlib.sha256(self.WHEEL).hexdigest())
        monkeypatch.setattr(spacy_model, "TIME_LIMIT_S", 2.0)
        self.site_packages = tmp_path / ".venv-assistant/lib/python3.10/site-packages"
        installed = self.site_packages / "nl_core_news_sm-3.4.0.dist-info"
        executable(path / "uv", f'test "$1" = --version && echo uv 9.0.0 || mkdir -p {installed}')
        (tmp_path / ".venv-assistant").mkdir()

    def ensure(self, root: Path, *, retry: bool = False) -> bool:
        return spacy_model.ensure(Uv(root), environments.assistant(root, test=False), retry=retry)

    def is_installed(self) -> bool:
        return self.site_packages.exists()

    def test_is_fetched_once(self, tmp_path: Path) -> None:
        with serving(self.port, self.WHEEL):
            assert self.ensure(tmp_path)
        assert self.is_installed()
        assert not self.ensure(tmp_path)

    def test_comes_back_without_a_download(self, tmp_path: Path) -> None:
        with serving(self.port, self.WHEEL):
            self.ensure(tmp_path)
        (self.site_packages / "nl_core_news_sm-3.4.0.dist-info").rmdir()
        self.site_packages.rmdir()
        self.ensure(tmp_path)
        assert self.is_installed()

    def test_another_file_is_not_installed(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with serving(self.port, b"something else"):
            self.ensure(tmp_path)
        assert not self.is_installed()
        assert "not the published file" in capsys.readouterr().out

    def test_goes_on_without_and_asks_again_only_if_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.ensure(tmp_path)
        assert "Going on without" in capsys.readouterr().out
        assert not self.ensure(tmp_path)
        with serving(self.port, self.WHEEL):
            assert self.ensure(tmp_path, retry=True)
        assert self.is_installed()

    def test_a_slow_answer_is_not_waited_for(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spacy_model, "TIME_LIMIT_S", 0.2)
        with serving(self.port, self.WHEEL, delay_s=1.0):
            self.ensure(tmp_path)
        # Which of the two time limits, the thread's or the socket's, ends it first differs from run to run.
        assert "Going on without the Dutch spaCy model" in capsys.readouterr().out


class TestChromium:
    def test_one_that_does_not_start_is_passed_over(self, path: Path) -> None:
        executable(path / "chromium", "echo 'install it with snap'; exit 1")
        chrome = executable(path / "google-chrome", "echo Chromium 1.0")
        assert chromium.find_chromium() == chrome

    @pytest.fixture
    def web(self, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
        """An environment whose Playwright has no browser and can't get one."""
        monkeypatch.setenv("PATH", str(path))  # /bin may have a real browser
        monkeypatch.setattr(chromium.os, "geteuid", lambda: 0)
        executable(tmp_path / ".venv/bin/python", "echo 'playwright: no download'; exit 1")
        return environments.web(tmp_path, test=True)

    def test_root_on_debian_gets_the_package(self, path: Path, tmp_path: Path, web: Environment) -> None:
        executable(tmp_path / "prepared", "echo Chromium 1.0")
        executable(path / "apt-get", f'test "$1" = update || /bin/cp {tmp_path}/prepared {path}/chromium')
        assert chromium.ensure(web)
        assert not chromium.ensure(web)

    def test_without_any_the_error_says_what_to_install(self, path: Path, web: Environment) -> None:
        executable(path / "apt-get", "echo 'apt: no package'; exit 100")
        with pytest.raises(SetupError) as error:
            chromium.ensure(web)
        for words in ("apt-get install chromium", "apt: no package", "playwright: no download"):
            assert words in str(error.value)


@pytest.mark.parametrize(
    ("results", "picked", "code"),
    [
        ([0, 0], False, 0),
        ([1, 0], False, 1),
        ([0, 1], False, 1),
        ([5, 0], False, 5),
        ([5, 0], True, 0),
        ([5, 5], True, 5),
    ],
)
def test_make_test_fails_if_either_run_failed(results: list[int], picked: bool, code: int) -> None:
    assert run_tests._exit_code(results, picked=picked) == code
