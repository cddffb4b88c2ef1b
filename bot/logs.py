"""Structured logs: JSON lines in production, colours on a terminal. Never a customer's words."""

from __future__ import annotations

import logging
import sys
import traceback

import structlog


def configure(log_format: str) -> None:
    """Set the format for this process; `auto` is console on a terminal, else JSON."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s", force=True
    )


def described(exc: BaseException) -> str:
    """What went wrong and where, innermost call first, without the error's text: that may quote a customer."""
    frames = traceback.extract_tb(exc.__traceback__)
    places = [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return f"{type(exc).__name__} at {' < '.join(places[:12])}"
