"""Finds engines by name."""

from __future__ import annotations

import importlib
from typing import Final

from longwatch.engines.contract import Engine

ENGINES: Final = {"duckdb": "longwatch.engines.duckdb_engine:DuckDBEngine"}
"""Name → `module:class`. Imported only in a runner: a driver costs 0.1 s and more."""


def load_engine(name: str) -> Engine:
    """The engine called `name`. Raises `LookupError`, naming those there are."""
    try:
        module, _, attribute = ENGINES[name].partition(":")
    except KeyError:
        known = ", ".join(sorted(ENGINES))
        raise LookupError(f"There is no engine {name!r}. Known: {known}.") from None
    engine = getattr(importlib.import_module(module), attribute)()
    assert isinstance(engine, Engine)
    return engine
