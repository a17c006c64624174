"""Engines are known by name: what the server tells of them without a driver is what they are."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest

from longwatch.engines import registry
from longwatch.engines.contract import EngineError, Workspace
from longwatch.engines.registry import OWN, MissingEngine, load_engine
from longwatch.protocol.sources import OptionKind
from longwatch.sources.engines import engine_info, engine_infos, runs_elsewhere


def test_every_engine_is_described() -> None:
    assert {one.name for one in engine_infos()} == set(OWN)


@pytest.mark.parametrize("name", OWN)
def test_what_is_told_is_so(name: str) -> None:
    engine, info = load_engine(name), engine_info(name)
    assert info is not None
    assert engine.runs_elsewhere is runs_elsewhere(name)
    told = {option.name for option in info.options if option.kind is OptionKind.SECRET}
    assert told == engine.secrets
    assert info.title
    assert info.description
    for option in info.options:
        assert (option.kind is OptionKind.CHOICE) == bool(option.choices)


def test_an_engine_of_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    point = importlib.metadata.EntryPoint(
        "theirs", "longwatch.engines.duckdb_engine:DuckDBEngine", registry.GROUP
    )
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    assert type(load_engine("theirs")).__name__ == "DuckDBEngine"


def test_an_engine_that_nobody_has() -> None:
    with pytest.raises(LookupError, match=r"There is no engine 'oracle'. Known: .*duckdb"):
        load_engine("oracle")


def test_a_driver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "apsw", None)
    monkeypatch.delitem(sys.modules, "longwatch.engines.sqlite_engine", raising=False)
    with pytest.raises(LookupError, match=r"package 'apsw'.*Install it there: pip install") as got:
        load_engine("sqlite")
    workspace = Workspace(spill=tmp_path, memory_bytes=2**30, spill_bytes=0, threads=1)
    with pytest.raises(EngineError, match="apsw"):
        MissingEngine(str(got.value.args[0])).open({}, workspace)
