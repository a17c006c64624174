"""Finds engines by name: our own, and those that other packages bring as entry points of the group
`longwatch.engines`, whose value is `module:class` of an `Engine`."""

from __future__ import annotations

import importlib
from importlib.metadata import entry_points
from typing import Final

from longwatch.engines.contract import Engine, EngineError, Session, Workspace
from longwatch.protocol.jobs import JobError

GROUP: Final = "longwatch.engines"
OWN: Final = {
    "adbc": "longwatch.engines.adbc_engine:AdbcEngine",
    "duckdb": "longwatch.engines.duckdb_engine:DuckDBEngine",
    "postgres": "longwatch.engines.postgres_engine:PostgresEngine",
    "spark": "longwatch.engines.spark_engine:SparkEngine",
    "sqlite": "longwatch.engines.sqlite_engine:SQLiteEngine",
}
"""Not entry points: to look for those reads every installed package's, 30 ms a runner."""


def engines() -> dict[str, str]:
    """Every engine there is: name → `module:class`. Nothing of them is imported: a driver costs
    0.1 s and more, and is for a runner."""
    return OWN | {one.name: one.value for one in entry_points(group=GROUP) if one.name not in OWN}


def load_engine(name: str) -> Engine:
    """The engine called `name`. Raises `LookupError` naming those there are, or saying what to
    install when its driver is missing."""
    where = OWN.get(name) or engines().get(name)
    if where is None:
        known = ", ".join(sorted(engines()))
        raise LookupError(f"There is no engine {name!r}. Known: {known}.")
    module, _, attribute = where.partition(":")
    try:
        engine = getattr(importlib.import_module(module), attribute)()
    except ModuleNotFoundError as error:
        raise LookupError(
            f"The {name} engine needs the Python package {error.name!r}, which is not installed "
            f"where the server runs. Install it there: pip install 'longwatch[{name}]'."
        ) from error
    assert isinstance(engine, Engine), f"{where} is no engine"
    return engine


class MissingEngine(Engine):
    """Stands for an engine that cannot be loaded: whatever is to be opened, it says why not."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def warm_up(self, options: dict[str, str] | None = None) -> None:
        """There is nothing to make ready."""

    def open(self, options: dict[str, str], workspace: Workspace) -> Session:
        """Always raises `EngineError`."""
        raise EngineError(JobError(code="engine_missing", message=self._reason))
