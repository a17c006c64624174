"""Knowing a runner again, whatever the clock says."""

from __future__ import annotations

import os
import sys

import psutil
import pytest

from longwatch.execution.processes import AdoptedRunner, since_boot
from longwatch.runner.spec import Identity

DAY_S = 86_400.0
ME = os.getpid()

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux counts from boot")


def identity(off_s: float = 0.0, boot: str | None = None) -> Identity:
    """This process's, with a wall clock that has been set since."""
    return Identity(pid=ME, started_s=psutil.Process(ME).create_time() + off_s, since_boot=boot)


@linux
@pytest.mark.parametrize("off_s", [-DAY_S, 0.0, DAY_S])
def test_a_clock_that_was_set_hides_no_runner(off_s: float) -> None:
    assert since_boot(ME) == since_boot(ME)
    assert not AdoptedRunner(identity(off_s, since_boot(ME))).is_gone


@linux
def test_the_same_pid_in_another_boot_or_of_another_start_is_another_process() -> None:
    mine = since_boot(ME)
    assert mine is not None
    boot, ticks = mine.split()
    assert AdoptedRunner(identity(0.0, f"{boot} {int(ticks) + 1}")).is_gone
    assert AdoptedRunner(identity(0.0, f"{boot[::-1]} {ticks}")).is_gone


def test_without_it_the_wall_clock_decides() -> None:
    assert not AdoptedRunner(identity()).is_gone
    assert AdoptedRunner(identity(DAY_S)).is_gone


def test_a_process_that_is_gone_has_none() -> None:
    assert since_boot(2**22 + 1) is None
