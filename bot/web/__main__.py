"""`python -m bot.web`: one web process. Several can share a port behind a proxy, or one each."""

from __future__ import annotations

import gc
import resource
import sys

import structlog

from bot import logs
from bot.errors import EXIT_CONFIG, ConfigError
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.web.server import create_app

# Each open page is one; systems begin with 1,024 and let a process ask for more.
MAX_CONNECTIONS = 65_536


def main() -> int:
    _allow_many_connections()
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        app = create_app(settings, redis_url(settings))
        # What is imported stays: no garbage collection needs to look at it, nor does the last one at the end.
        gc.freeze()
        app.run(host=settings.host, port=settings.port, single_process=True, access_log=False, motd=False)
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    structlog.get_logger().info("web.exited")
    return 0


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS if hard == resource.RLIM_INFINITY else min(hard, MAX_CONNECTIONS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
