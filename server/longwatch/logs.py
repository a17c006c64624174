"""Structured logs: JSON lines in the data folder, nothing in anybody else's logging."""

from __future__ import annotations

import logging
import logging.handlers
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
import structlog

MOST_BYTES: Final = 5 * 2**20
KEPT: Final = 3


class _QuietHandler(logging.handlers.RotatingFileHandler):
    """A disk without room for a log line is no reason for tracebacks in somebody's terminal."""

    def shouldRollover(self, record: logging.LogRecord) -> int:  # noqa: N802 - logging's name
        # logging asks the disk at every line what kind of file it is.
        return int(self.stream is not None and self.stream.tell() >= self.maxBytes)

    def format(self, record: logging.LogRecord) -> str:
        # structlog has put the traceback into the line; logging would add it once more, below.
        return record.getMessage()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


class _Logger(logging.Logger):
    """Does not look through the stack for who called: no line says it."""

    def findCaller(  # noqa: N802 - logging's name
        self, _stack_info: bool = False, _stacklevel: int = 1
    ) -> tuple[str, int, str, str | None]:
        return "", 0, "", None


def open_log(path: Path, level: str) -> structlog.stdlib.BoundLogger:
    """A logger that writes JSON lines to `path`, which is renewed every 5 MiB, three kept.

    The server may live in somebody's notebook: neither structlog's global configuration nor the
    root logger is touched. Raises `OSError`.
    """
    handler = _QuietHandler(
        path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
    )
    logger = _Logger(f"longwatch:{path}", level.upper())
    logger.addHandler(handler)
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(_as_json),
    ]
    wrapped: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logger, processors=processors, wrapper_class=structlog.stdlib.BoundLogger
    )
    return wrapped


def _as_json(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def close_log(log: structlog.stdlib.BoundLogger) -> None:
    """Close the file behind `log`."""
    for handler in list(log.handlers):
        handler.close()


@contextmanager
def heard(name: str, log: structlog.stdlib.BoundLogger) -> Iterator[None]:
    """Within the context, warnings and worse of another library's logger `name` go to `log`, and
    nowhere else for want of a handler: logging would print them to somebody's terminal."""
    logger = logging.getLogger(name)
    handler = _Relay(log)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Relay(logging.Handler):
    def __init__(self, log: structlog.stdlib.BoundLogger) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(Exception):  # whatever it is, it must not end what was doing the logging
            self._log.log(
                record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info
            )
