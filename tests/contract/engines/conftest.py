from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from longwatch.engines.contract import Session
from support.engines import ENGINES, EngineCase, opened
from support.spark import installed


@pytest.fixture(scope="package", autouse=True)
def named_main_module() -> Iterator[None]:
    """PySpark takes a process whose main module has no file, such as one of xdist's workers, for a
    doctest of its own, and ends it."""
    with pytest.MonkeyPatch.context() as patch:
        if not hasattr(sys.modules["__main__"], "__file__"):
            patch.setattr(sys.modules["__main__"], "__file__", __file__, raising=False)
        yield


@pytest.hookimpl(tryfirst=True)  # before pytest looks at marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        given = (
            item.callspec.params
            if isinstance(item, pytest.Function) and hasattr(item, "callspec")
            else {}
        )
        case = given.get("case")
        if isinstance(case, EngineCase) and case.slow:
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish(session: pytest.Session) -> None:
    """The first time it takes minutes to install Spark: no test's time to wait for."""
    slow = (item for item in session.items if item.get_closest_marker("slow"))
    if any("spark" in item.nodeid for item in slow):
        installed()


@pytest.fixture(scope="module", params=ENGINES, ids=str)
def case(request: pytest.FixtureRequest) -> EngineCase:
    """Each engine in turn."""
    found = request.param
    assert isinstance(found, EngineCase)
    return found


@pytest.fixture(scope="session")
def source_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[EngineCase], dict[str, str]]:
    """A case's source with the table `people`, made once: who changes it makes its own."""
    made: dict[str, dict[str, str]] = {}

    def find(case: EngineCase) -> dict[str, str]:
        if str(case) in made:
            return dict(made[str(case)])
        options = case.make_source(tmp_path_factory.mktemp("source") / "people")
        if not case.keeps_tables:  # else each module has one of its own
            made[str(case)] = options
        return dict(options)

    return find


@pytest.fixture(scope="module")
def options(case: EngineCase, source_of: Callable[[EngineCase], dict[str, str]]) -> dict[str, str]:
    """A source with the table `people`, which no test changes."""
    return source_of(case)


@pytest.fixture
def session(case: EngineCase, options: dict[str, str], tmp_path: Path) -> Iterator[Session]:
    """A session of the test's own."""
    with opened(case, options, tmp_path) as session:
        yield session


@pytest.fixture(scope="module")
def shared(
    case: EngineCase, options: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Session]:
    """One session for all tests of a module that leave nothing in it: to connect takes longer than
    most queries."""
    with opened(case, options, tmp_path_factory.mktemp("shared")) as session:
        yield session
