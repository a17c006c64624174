"""Structured logs: JSON lines in the data folder or on standard error, nothing in anybody else's
logging."""

from __future__ import annotations

import logging
import logging.handlers
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import structlog

MOST_BYTES: Final = 5 * 2**20
KEPT: Final = 3
SECRET: Final = frozenset({"authorization", "password", "secret", "secrets", "token"})
"""Fields that no line shows, should one ever be handed over by mistake."""
Format = Literal["json", "text"]


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


class _StandardError(logging.StreamHandler[Any]):
    """Lines for who collects what a service says."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


class _Logger(logging.Logger):
    """Does not look through the stack for who called: no line says it."""

    def findCaller(  # noqa: N802 - logging's name
        self, _stack_info: bool = False, _stacklevel: int = 1
    ) -> tuple[str, int, str, str | None]:
        return "", 0, "", None


def open_log(path: Path | None, level: str, form: Format = "json") -> structlog.stdlib.BoundLogger:
    """A logger that writes lines, JSON or for people, to `path`, which is renewed every 5 MiB,
    three kept; without one to standard error, for who collects that.

    The server may live in somebody's notebook: neither structlog's global configuration nor the
    root logger is touched. Raises `OSError`.
    """
    handler: logging.Handler = _StandardError() if path is None else _quiet(path)
    logger = _Logger(f"longwatch:{path or 'stderr'}", level.upper())
    logger.addHandler(handler)
    processors: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.filter_by_level,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _mask,
        structlog.processors.JSONRenderer(_as_json) if form == "json" else _as_text,
    ]
    wrapped: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logger, processors=processors, wrapper_class=structlog.stdlib.BoundLogger
    )
    return wrapped


def _quiet(path: Path) -> _QuietHandler:
    return _QuietHandler(path, maxBytes=MOST_BYTES, backupCount=KEPT, encoding="utf-8", delay=True)


def _mask(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    for name in SECRET & event.keys():
        event[name] = "***"
    return event


def _as_text(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    """`2026-11-28T20:00:00Z info     job submitted job=… request=…`, a traceback below it."""
    exception = event.pop("exception", None)
    when, level, what = (event.pop(name, "") for name in ("timestamp", "level", "event"))
    fields = " ".join(f"{name}={_short(value)}" for name, value in event.items())
    line = f"{when} {level:<8} {_one_line(str(what))} {fields}".rstrip()
    return line if exception is None else f"{line}\n{exception}"


def _short(value: object) -> str:
    text = str(value)
    plain = text and not any(mark in text for mark in ' "=') and text.isprintable()
    return text if plain else msgspec.json.encode(text).decode()


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


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
