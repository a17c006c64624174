from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longwatch.engines.contract import Session
from support.engines import ENGINES, EngineCase, opened


@pytest.fixture(params=ENGINES, ids=str)
def case(request: pytest.FixtureRequest) -> EngineCase:
    """Each engine in turn."""
    found = request.param
    assert isinstance(found, EngineCase)
    return found


@pytest.fixture
def options(case: EngineCase, tmp_path: Path) -> dict[str, str]:
    """A source with the table `people`."""
    return case.make_source(tmp_path / "source")


@pytest.fixture
def session(case: EngineCase, options: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    with opened(case, options, tmp_path) as session:
        yield session
