"""Structured logs: JSON lines in the data folder, nothing in anybody else's logging."""

from __future__ import annotations

import logging
import logging.handlers
from pathlib import Path
from typing import Final

import structlog

MOST_BYTES: Final = 5 * 2**20
KEPT: Final = 3


class _QuietHandler(logging.handlers.RotatingFileHandler):
    """A disk without room for a log line is no reason for tracebacks in somebody's terminal."""

    def format(self, record: logging.LogRecord) -> str:
        # structlog has put the traceback into the line; logging would add it once more, below.
        return record.getMessage()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


def open_log(path: Path, level: str) -> structlog.stdlib.BoundLogger:
    """A logger that writes JSON lines to `path`, which is renewed every 5 MiB, three kept.

    The server may live in somebody's notebook: neither structlog's global configuration nor the
    root logger is touched. Raises `OSError`.
    """
    handler = _QuietHandler(
        path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
    )
    logger = logging.Logger(f"longwatch:{path}", level.upper())
    logger.addHandler(handler)
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ]
    wrapped: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logger, processors=processors, wrapper_class=structlog.stdlib.BoundLogger
    )
    return wrapped


def close_log(log: structlog.stdlib.BoundLogger) -> None:
    """Close the file behind `log`."""
    for handler in list(log.handlers):
        handler.close()
