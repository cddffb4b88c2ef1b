"""`make run` with real small programs in place of web, assistant and training, on a real Redis."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot.processes import how_it_ended, start_process, stop_process
from tests.conftest import HANG_S
from tests.launch.helpers import free_port, is_alive, serving, wait_until

ROOT = Path(__file__).resolve().parents[2]

# Answers /health/ready as the web server does; ready when the assistant is there.
WEB = """
import http.server, json, os
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        ok = os.path.exists("assistant.pid")
        self.send_response(200 if ok else 503)
        self.end_headers()
        self.wfile.write(json.dumps({"ok": ok, "parts": {"assistant": {"ok": ok, "reason": "test"}}}).encode())
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", int(os.environ["BOT_PORT"])), Health)
note("web")
server.serve_forever()
"""

ASSISTANT = """
import time
note("assistant")
time.sleep(600)
"""

TRAINER = """
import time
note("trainer")
time.sleep(600)
"""

# Registers a model, as bot.assistant.train does.
TRAIN = """
import asyncio, os
from pathlib import Path
from bot.model import ModelRecord
from bot.settings import Settings
from bot.store import Store
async def train():
    settings = Settings.load()
    store = await Store(os.environ["BOT_REDIS_URL"], settings).open()
    Path("model.tar.gz").touch()
    await store.models.register(ModelRecord("m1", os.path.abspath("model.tar.gz"), "0", 1))
    await store.models.activate("m1")
    await store.close()
asyncio.run(train())
print("trained m1", flush=True)
"""

# What every small program starts with: note(name) leaves its process id; a stop leaves a line in `stopped`.
COMMON = """
import os, signal, sys
def note(name):
    def stop(number, frame):
        with open("stopped", "a") as file:
            file.write(name + "\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, lambda number, frame: open("interrupted", "a").write(name))
    with open(name + ".pid", "w") as file:
        file.write(str(os.getpid()))
"""

MAIN = """
import sys
from bot.launch import Programs, main
python = sys.executable
names = ("web", "assistant", "train", "trainer")
sys.exit(main(Programs(**{name: (python, f"{name}.py") for name in names})))
"""


class Launcher:
    """The launcher in a folder of its own, with its output."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.env = {**os.environ, "BOT_VAR": "var", "BOT_PORT": str(port), "PYTHONPATH": str(ROOT)}
        for name in [name for name in self.env if name.startswith("BOT_") and name not in ("BOT_VAR", "BOT_PORT")]:
            del self.env[name]
        self.programs(web=WEB, assistant=ASSISTANT, train=TRAIN, trainer=TRAINER)
        self._processes: list[subprocess.Popen[str]] = []

    def programs(self, **sources: str) -> None:
        for name, source in sources.items():
            (self.folder / f"{name}.py").write_text(COMMON + source)

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN],
            cwd=self.folder,
            env=self.env,
            stdout=(self.folder / "output").open("a"),
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._processes.append(process)
        return process

    def start_and_wait(self) -> subprocess.Popen[str]:
        process = self.start()
        self.wait_for_output("Ctrl-C stops everything")
        wait_until((self.folder / "trainer.pid").exists, show=self.output)
        return process

    def run_to_its_end(self) -> tuple[int, str]:
        return self.start().wait(timeout=HANG_S), self.output()

    def output(self) -> str:
        return (self.folder / "output").read_text()

    def wait_for_output(self, text: str, *, times: int = 1) -> None:
        wait_until(lambda: self.output().count(text) >= times, show=self.output)

    def pid(self, name: str) -> int:
        return int((self.folder / f"{name}.pid").read_text())

    def redis_pid(self) -> int:
        """0 if it doesn't answer."""
        try:
            with redis.Redis(unix_socket_path=str(self.folder / "var" / "redis" / "redis.sock")) as client:
                return int(client.info("server")["process_id"])
        except redis.ConnectionError:
            return 0

    def all_pids(self) -> list[int]:
        return [self.pid("web"), self.pid("assistant"), self.pid("trainer"), self.redis_pid()]

    def clean_up(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=HANG_S)
            process.kill()
            process.wait()


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    with tempfile.TemporaryDirectory(prefix="v") as folder:
        launcher = Launcher(Path(folder), free_port())
        yield launcher
        launcher.clean_up()


def test_trains_starts_and_says_where_everything_is(launcher: Launcher) -> None:
    launcher.env["BOT_GRAPH_URL"] = "http://127.0.0.1:8090"  # as `make fake-messenger` sets it
    launcher.start_and_wait()
    output = launcher.output()
    assert (
        output.index("no trained model yet") < output.index("trained m1") < output.index("Starting web and assistant")
    )
    for page in ("demo", "desk", "editor"):
        assert f"http://localhost:{launcher.port}/{page}" in output
    assert re.search(r"Messenger, stand-in +http://127.0.0.1:8090\n", output)
    assert re.search(r"Sign in as +beheer\n +with the password +\S{12,}", output)


def test_second_start_trains_nothing_and_shows_the_same_login(launcher: Launcher) -> None:
    for _ in range(2):
        launcher.start_and_wait().terminate()
        launcher.clean_up()
        first_output = launcher.output()
        (launcher.folder / "output").rename(launcher.folder / f"output{time.monotonic()}")
    outputs = [path.read_text() for path in launcher.folder.glob("output*")]
    assert sum("trained m1" in output for output in outputs) == 1
    assert len({re.search(r"password +(\S+)", output).group(1) for output in outputs}) == 1  # type: ignore[union-attr]
    assert "Vraagbaak has stopped" in first_output


def test_trains_again_when_the_models_file_is_gone(launcher: Launcher) -> None:
    launcher.start_and_wait().terminate()
    launcher.clean_up()
    (launcher.folder / "model.tar.gz").unlink()
    launcher.start()
    launcher.wait_for_output("The file of the active model is gone")
    launcher.wait_for_output("Ctrl-C stops everything", times=2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order(launcher: Launcher, number: signal.Signals) -> None:
    process = launcher.start_and_wait()
    pids = launcher.all_pids()
    process.send_signal(number)
    assert process.wait(timeout=HANG_S) == 0
    assert (launcher.folder / "stopped").read_text().split() == ["web", "trainer", "assistant"]
    assert not any(is_alive(pid) for pid in pids)


# Notes its process id by its own number, of those that `count` has seen so far.
ONE_OF_SEVERAL = """
import fcntl, time
with open("count", "a+") as count:
    fcntl.flock(count, fcntl.LOCK_EX)
    count.seek(0)
    number = len(count.read()) + 1
    count.write("x")
note(f"assistant{number}")
note("assistant")
time.sleep(600)
"""


def test_as_many_assistants_as_asked_for_are_started_kept_running_and_stopped(launcher: Launcher) -> None:
    launcher.programs(assistant=ONE_OF_SEVERAL)
    launcher.env["BOT_ASSISTANTS"] = "2"
    process = launcher.start_and_wait()
    wait_until(lambda: (launcher.folder / "assistant2.pid").exists(), show=launcher.output)
    os.kill(launcher.pid("assistant1"), signal.SIGKILL)
    wait_until(lambda: (launcher.folder / "assistant3.pid").exists(), show=launcher.output)
    running = [launcher.pid("assistant2"), launcher.pid("assistant3")]
    assert all(is_alive(pid) for pid in running)
    assert launcher.output().count("The assistant process ended (killed by SIGKILL)") == 1
    assert "Vraagbaak runs (started in" in launcher.output() and f"{launcher.port}/demo" in launcher.output()
    assert "stand-in" not in launcher.output()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANG_S) == 0
    assert not any(is_alive(pid) for pid in [*running, launcher.pid("web"), launcher.redis_pid()])
    # One that the launcher is just starting when the signal comes is killed with it, and says nothing.
    assert (launcher.folder / "stopped").read_text().split().count("assistant") in (1, 2)


def test_ctrl_c_on_a_terminal_reaches_only_the_launcher(launcher: Launcher) -> None:
    process = launcher.start_and_wait()
    assert {os.getsid(pid) for pid in launcher.all_pids()} & {os.getsid(process.pid)} == set()


def test_ctrl_c_during_training_stops_the_training(launcher: Launcher) -> None:
    launcher.programs(train="import time; note('train'); print('training', flush=True); time.sleep(600)")
    process = launcher.start()
    launcher.wait_for_output("training\n")
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=HANG_S) == 0
    assert not is_alive(launcher.pid("train"))
    assert launcher.redis_pid() == 0


def test_nothing_survives_when_the_launcher_is_killed(launcher: Launcher) -> None:
    process = launcher.start_and_wait()
    pids = launcher.all_pids()
    process.kill()
    process.wait()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_starts_again_at_once_after_the_launcher_was_killed(launcher: Launcher) -> None:
    process = launcher.start_and_wait()
    process.kill()
    process.wait()
    launcher.start()
    launcher.wait_for_output("Ctrl-C stops everything", times=2)


@pytest.mark.parametrize("name", ["web", "assistant", "trainer"])
def test_a_child_that_dies_is_started_again(launcher: Launcher, name: str) -> None:
    launcher.start_and_wait()
    before = launcher.pid(name)
    os.kill(before, signal.SIGKILL)
    launcher.wait_for_output(f"The {name} process ended (killed by SIGKILL); starting it again in 1 s.")
    wait_until(lambda: launcher.pid(name) != before)


def test_a_child_that_keeps_dying_is_started_later_each_time(launcher: Launcher) -> None:
    launcher.programs(assistant="sys.exit(1)")
    launcher.start()
    launcher.wait_for_output("The assistant process ended (exit code 1); starting it again in 1 s.")
    launcher.wait_for_output("The assistant process ended (exit code 1); starting it again in 2 s.")


def test_redis_that_dies_is_started_again(launcher: Launcher) -> None:
    launcher.start_and_wait()
    before = launcher.redis_pid()
    os.kill(before, signal.SIGKILL)
    launcher.wait_for_output("Redis does not answer; starting it again.")
    wait_until(lambda: launcher.redis_pid() not in (0, before))


@pytest.mark.parametrize("name", ["web", "assistant"])
def test_a_child_with_a_wrong_setting_stops_everything(launcher: Launcher, name: str) -> None:
    launcher.programs(**{name: "print('BOT_X is wrong', flush=True); sys.exit(78)"})
    code, output = launcher.run_to_its_end()
    assert code == 78
    assert "BOT_X is wrong" in output
    assert f"the {name} process says that a setting is wrong" in output
    assert launcher.redis_pid() == 0


def test_training_that_fails_stops_the_start(launcher: Launcher) -> None:
    launcher.programs(train="sys.exit('no examples')")
    code, output = launcher.run_to_its_end()
    assert code == 78
    assert "no examples" in output and "training did not work (exit code 1)" in output


def test_unknown_setting_is_named(launcher: Launcher) -> None:
    launcher.env["BOT_PROT"] = "8081"
    code, output = launcher.run_to_its_end()
    assert code == 78 and "BOT_PROT" in output and "Traceback" not in output


def test_redis_elsewhere_that_does_not_answer(launcher: Launcher) -> None:
    launcher.env["BOT_REDIS_URL"] = f"redis://127.0.0.1:{free_port()}"
    code, output = launcher.run_to_its_end()
    assert code == 1 and "Redis does not answer" in output and "Traceback" not in output


def test_port_of_another_program(launcher: Launcher) -> None:
    with serving(launcher.port, b"something else"):
        code, output = launcher.run_to_its_end()
    assert code == 78
    assert f"another program uses port {launcher.port}" in output
    assert f"BOT_PORT={launcher.port + 1} make run" in output


def test_port_where_vraagbaak_already_runs(launcher: Launcher) -> None:
    with serving(launcher.port, json.dumps({"ok": True, "parts": {"assistant": {"ok": True}}}).encode()):
        code, output = launcher.run_to_its_end()
    assert code == 78 and f"it already runs at http://localhost:{launcher.port}/demo" in output


def test_address_that_is_not_ours(launcher: Launcher) -> None:
    launcher.env["BOT_HOST"] = "192.0.2.1"
    code, output = launcher.run_to_its_end()
    assert code == 78 and "BOT_HOST is '192.0.2.1'" in output


def test_var_of_another_launch(launcher: Launcher) -> None:
    launcher.start_and_wait()
    launcher.env["BOT_PORT"] = str(free_port())
    assert launcher.start().wait(timeout=HANG_S) == 78
    assert "another Vraagbaak uses the folder" in launcher.output()


def test_one_that_ignores_the_request_to_stop_is_killed_with_all_it_started(tmp_path: Path) -> None:
    script = f"trap '' TERM; sleep 600 & echo $! > {tmp_path}/pid; while true; do sleep 1; done"
    process = start_process(["sh", "-c", script], os.environ)
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith("\n"))
    grandchild = int((tmp_path / "pid").read_text())
    assert is_alive(grandchild)
    stop_process(process, timeout_s=0.2)
    assert how_it_ended(process) == "killed by SIGKILL"
    wait_until(lambda: not is_alive(grandchild))
