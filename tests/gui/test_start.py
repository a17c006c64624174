"""The start: the window first, everything heavy after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.programs import Window, window
from support.waiting import wait_until


def test_the_window_is_painted_before_the_server_is_imported(tmp_path: Path) -> None:
    with Window(tmp_path / "data") as given:
        assert given.ask("first_paint") == []
        given.connected()
        given.ends_within(3.0, lambda: given.tell("close"))


@pytest.mark.slow
@pytest.mark.parametrize("ratio", ["2", "1.25"])
def test_scaled_screens(tmp_path: Path, ratio: str) -> None:
    with window(tmp_path / "data", QT_SCALE_FACTOR=ratio) as given:
        job = given.ask("run", "select 1")
        wait_until(lambda: given.jobs().get(job) == "succeeded")
        picture, *icons = given.ask("ratio")
        assert picture == float(ratio)
        assert icons == [float(ratio)]
        given.ends_within(3.0, lambda: given.tell("close"))
