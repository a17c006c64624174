"""What an ADBC source is made of: a driver, and what the driver is told."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
from dataclasses import dataclass
from typing import Any, Final

from longwatch.engines.contract import EngineError
from longwatch.engines.options import is_on, masked
from longwatch.protocol.jobs import JobError

LIBRARIES: Final = "LONGWATCH_ADBC_LIBRARIES"
"""The environment variable of the server that lists the shared libraries which may be named as a
driver: to load one is to run what is in it, so a source alone cannot ask for it."""
_PACKAGE: Final = re.compile(r"adbc_driver_(?!manager\b)[a-z0-9_]+")
_SYMBOL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN: Final = frozenset({"driver", "entrypoint", "dialect", "writable"})
_NEVER: Final = ("driver", "entrypoint", "profile", "load_extension")
"""What would have a driver load other code."""
_DIALECTS: Final = {
    "adbc_driver_bigquery": "bigquery",
    "adbc_driver_duckdb": "duckdb",
    "adbc_driver_postgresql": "postgres",
    "adbc_driver_snowflake": "snowflake",
    "adbc_driver_sqlite": "sqlite",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A source's options, looked through. `database` is what the driver manager is told, the
    driver included; `dialect` sqlglot's name of its SQL, empty where that is not known."""

    name: str
    database: dict[str, str]
    dialect: str
    writable: bool
    secrets: tuple[str, ...]

    def without_secrets(self, text: str) -> str:
        """`text` without the source's secrets, should they be in it."""
        return masked(text, self.secrets)


def read_options(options: dict[str, str]) -> Target:
    """Look through a source's options. Raises `EngineError`, saying what to install when the
    driver is missing."""
    name = options.get("driver", "").strip()
    database = {"driver": _library(name)}
    entrypoint = options.get("entrypoint", "")
    if entrypoint:
        if not _SYMBOL.fullmatch(entrypoint):
            raise _wrong(f"{entrypoint!r} is no name of an entry point.", "Leave it empty.")
        database["entrypoint"] = entrypoint
    for key, value in options.items():
        option = key.removeprefix("db.")
        if key in _OWN or not value:
            continue
        if any(word in option.lower() for word in _NEVER):
            raise _wrong(
                f"An ADBC source cannot have the option {key!r}: it has other code loaded.",
                "Leave it out.",
            )
        database[option] = value
    return Target(
        name=name,
        database=database,
        dialect=options.get("dialect") or _DIALECTS.get(name, ""),
        writable=is_on(options, "writable"),
        secrets=tuple(options[one] for one in ("uri", "password") if options.get(one)),
    )


def _library(name: str) -> str:
    if name in filter(None, os.environ.get(LIBRARIES, "").split(os.pathsep)):
        return name
    if not _PACKAGE.fullmatch(name):
        raise _wrong(
            f"{name!r} is no driver that can be named here." if name else "It names no driver.",
            "Name a driver's Python package, such as adbc_driver_sqlite. A shared library can be "
            f"named once {LIBRARIES} lists it where the server runs.",
        )
    if importlib.util.find_spec(name) is None:
        raise _wrong(
            f"The driver {name} is not installed where the server runs.",
            f"Install it there: pip install {name.replace('_', '-')}.",
        )
    module: Any = importlib.import_module(name)
    try:
        return str(module._driver_path())
    except AttributeError:
        return name  # the driver manager looks for it


def _wrong(message: str, hint: str) -> EngineError:
    return EngineError(
        JobError(
            code="source_unavailable", message=f"The source cannot be opened: {message}", hint=hint
        )
    )
