"""The installation's own Redis, on a real redis-server."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from bot import redis_server
from bot.errors import ConfigError
from bot.redis_server import OwnRedis, find_redis, redis_url, socket_path
from bot.settings import Settings
from tests.launch.helpers import executable, is_alive, wait_until


@pytest.fixture
def var() -> Iterator[Path]:
    """Short enough for a socket, which pytest's tmp_path may not be."""
    with tempfile.TemporaryDirectory(prefix="v") as folder:
        yield Path(folder)


def server_pid(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return int(client.info("server")["process_id"])


def test_starts_private_and_durable(var: Path) -> None:
    with OwnRedis(var, fsync="always") as own, redis.Redis.from_url(own.url, decode_responses=True) as client:
        settings = client.config_get("*")
        assert settings["port"] == "0"
        assert settings["appendonly"] == "yes"
        assert settings["appendfsync"] == "always"
        assert settings["maxmemory-policy"] == "noeviction"
    assert stat.S_IMODE((var / "redis").stat().st_mode) == 0o700


def test_leaves_nothing_running(var: Path) -> None:
    with OwnRedis(var) as own:
        pid = server_pid(own.url)
        assert own.is_ours
        assert own.pid == pid
    assert not is_alive(pid)
    assert not own.is_running()


def test_keeps_what_was_written_when_killed(var: Path) -> None:
    with OwnRedis(var) as own:
        with redis.Redis.from_url(own.url) as client:
            client.set("message", "waar is mijn pakket")
        os.kill(server_pid(own.url), signal.SIGKILL)
    with OwnRedis(var) as own, redis.Redis.from_url(own.url, decode_responses=True) as client:
        assert client.get("message") == "waar is mijn pakket"


def test_started_again_after_it_was_killed(var: Path) -> None:
    with OwnRedis(var) as own:
        os.kill(server_pid(own.url), signal.SIGKILL)
        own.start()
        assert own.is_running() and own.is_ours


def test_one_that_answers_is_used_and_left_running(var: Path) -> None:
    with OwnRedis(var) as first:
        with OwnRedis(var) as second:
            assert second.url == first.url
            assert not second.is_ours
            with pytest.raises(RuntimeError, match="somebody else"):
                _ = second.pid
        assert first.is_running()


def test_started_by_two_at_once_there_is_one(var: Path) -> None:
    command = [sys.executable, "-m", "bot.redis_server", sys.executable, "-c", _PRINT_PID_AND_WAIT]
    env = {**os.environ, "BOT_VAR": str(var)}
    both = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = [process.communicate(timeout=30)[0].strip() for process in both]
    assert pids[0] == pids[1] != ""


_PRINT_PID_AND_WAIT = """
import os, redis, time
print(redis.Redis.from_url(os.environ["BOT_REDIS_URL"]).info("server")["process_id"])
time.sleep(1)
"""


def test_data_of_a_redis_that_does_not_answer_is_left_alone(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_server, "START_TIMEOUT_S", 0.3)
    monkeypatch.setattr(redis_server, "PING_TIMEOUT_S", 0.1)
    with OwnRedis(var) as own:
        pid = server_pid(own.url)
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ConfigError, match="another Redis has the data"):
                OwnRedis(var).start()
        finally:
            os.kill(pid, signal.SIGCONT)


def test_dies_with_the_process_that_started_it(var: Path) -> None:
    command = [sys.executable, "-c", _START_AND_WAIT, str(var)]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert starter.stdout and starter.stdout.readline() == "up\n"
    pid = server_pid(f"unix://{socket_path(var)}")
    starter.kill()
    starter.communicate()
    wait_until(lambda: not is_alive(pid))


_START_AND_WAIT = """
import sys, time
from pathlib import Path
from bot.redis_server import OwnRedis
OwnRedis(Path(sys.argv[1])).start()
print("up", flush=True)
time.sleep(60)
"""


def test_a_path_too_long_for_a_socket_gets_a_short_private_one(var: Path) -> None:
    told: list[str] = []
    long = var / ("x" * 100)
    with OwnRedis(long, say=told.append) as own:
        assert own.is_running()
        assert len(str(own.socket)) <= redis_server.MAX_SOCKET_PATH_BYTES
        assert stat.S_IMODE(own.socket.parent.stat().st_mode) == 0o700
        assert redis_url(Settings(var=long)) == own.url
        assert (long / "redis" / "appendonly.aof").exists() or (long / "redis" / "appendonlydir").exists()
    assert "too long" in told[0] and str(own.socket) in told[0]
    own.socket.parent.rmdir()


def test_url_of_the_settings_wins() -> None:
    assert redis_url(Settings(redis_url="redis://elsewhere:6379/3")) == "redis://elsewhere:6379/3"


def test_path_with_a_space_is_a_url_that_redis_understands(var: Path) -> None:
    with OwnRedis(var / "mijn map") as own, redis.Redis.from_url(own.url) as client:
        assert client.ping()


def test_damaged_data_is_not_started_on(var: Path) -> None:
    with OwnRedis(var) as own, redis.Redis.from_url(own.url) as client:
        for number in range(100):
            client.set(f"key{number}", "value" * 20)
    damaged = next((var / "redis").rglob("*.aof"))
    content = bytearray(damaged.read_bytes())
    content[500:900] = b"?" * 400
    damaged.write_bytes(content)
    with pytest.raises(ConfigError, match="damaged.*redis-check-aof"):
        OwnRedis(var).start()


def test_data_of_a_newer_redis_is_not_hidden(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (var / "redis" / "appendonlydir").mkdir(parents=True)
    old = redis_server.RedisProgram(find_redis().path, (6, 2, 14))
    monkeypatch.setattr(redis_server, "find_redis", lambda: old)
    with pytest.raises(ConfigError, match="written by Redis 7"):
        OwnRedis(var).start()


def test_folder_that_cannot_be_made(var: Path) -> None:
    (var / "redis").write_text("a file where the folder should be")
    with pytest.raises(ConfigError, match="BOT_VAR"):
        OwnRedis(var).start()


def test_old_redis_on_path_is_passed_over(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_redis(var, "5.0.14")
    monkeypatch.setenv("PATH", str(var))
    assert find_redis().path != var / "redis-server"


@pytest.mark.parametrize(("version", "named"), [("5.0.14", "is 5.0.14"), (None, "no redis-server 6.2 or newer")])
def test_without_a_redis_the_error_says_what_to_install(
    var: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, named: str
) -> None:
    if version:
        fake_redis(var, version)
    monkeypatch.setenv("PATH", str(var))
    monkeypatch.setattr(redis_server.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=named) as error:
        find_redis()
    assert "apt-get install redis-server" in str(error.value)


@pytest.mark.parametrize("line", ["Redis server v=7.4.1 sha=0", "Valkey server v=8.0.2 sha=0"])
def test_newer_servers_and_valkey_are_taken_from_path(var: Path, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    executable(var / "redis-server", f"echo '{line}'")
    monkeypatch.setenv("PATH", str(var))
    assert find_redis().path == var / "redis-server"


def test_command_runs_with_redis_and_its_exit_code_is_passed_on(var: Path) -> None:
    script = "import os, redis, sys; redis.Redis.from_url(os.environ['BOT_REDIS_URL']).ping(); sys.exit(3)"
    command = [sys.executable, "-m", "bot.redis_server", sys.executable, "-c", script]
    assert subprocess.run(command, env={**os.environ, "BOT_VAR": str(var)}, timeout=30).returncode == 3


def fake_redis(folder: Path, version: str) -> None:
    executable(folder / "redis-server", f"echo 'Redis server v={version} sha=00000000:0 malloc=libc bits=64'")
