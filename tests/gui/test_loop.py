"""The window's event loop stands still when it is not run, as asyncio's own do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from longwatch_desktop.loop import new_loop
from support.waiting import eventually, wait_until


class Work:
    """A task that is always due, and fails in a step without a running loop."""

    def __init__(self) -> None:
        self.steps = 0
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.task = asyncio.create_task(self._go_on())
        await eventually(lambda: self.steps)

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(0)
            asyncio.get_running_loop()
            self.steps += 1


@pytest.fixture
def runner(application: QApplication) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=lambda: new_loop(application)) as given:
        yield given


def qt_goes_on(ms: int) -> None:
    """Qt handles events, timers of up to `ms` among them."""
    passed: list[bool] = []
    QTimer.singleShot(ms, lambda: passed.append(True))
    wait_until(lambda: QApplication.processEvents() or passed)


def test_a_task_waits_while_the_loop_stands(runner: asyncio.Runner) -> None:
    work = Work()
    runner.run(work.start())
    before = work.steps
    qt_goes_on(10)
    assert work.task is not None
    assert not work.task.done()
    assert work.steps == before


def test_it_goes_on_when_the_loop_is_run_again(runner: asyncio.Runner) -> None:
    work = Work()
    runner.run(work.start())
    qt_goes_on(10)
    before = work.steps
    runner.run(eventually(lambda: work.steps > before))


def test_what_was_due_meanwhile_comes_first_and_in_order(runner: asyncio.Runner) -> None:
    loop = runner.get_loop()
    called: list[str] = []
    loop.call_later(0.02, called.append, "second")
    loop.call_soon(called.append, "first")
    gone = loop.call_soon(called.append, "cancelled")
    qt_goes_on(60)
    gone.cancel()
    loop.call_soon(called.append, "third")
    assert called == []
    runner.run(asyncio.sleep(0))
    assert called == ["first", "second", "third"]


def test_a_call_from_another_thread_meanwhile_is_not_lost(runner: asyncio.Runner) -> None:
    called = asyncio.Event()
    runner.get_loop().call_soon_threadsafe(called.set)
    qt_goes_on(10)
    assert not called.is_set()
    runner.run(asyncio.wait_for(called.wait(), 10))


def test_closing_ends_what_waited(application: QApplication) -> None:
    work = Work()
    with asyncio.Runner(loop_factory=lambda: new_loop(application)) as runner:
        runner.run(work.start())
        qt_goes_on(10)
    qt_goes_on(10)
    assert work.task is not None
    assert work.task.cancelled()


def test_a_task_that_handles_events_loses_no_other(runner: asyncio.Runner) -> None:
    """asyncio cannot enter a task inside another one's step, and would forget its turn."""
    work = Work()

    async def main() -> None:
        await work.start()
        before = work.steps
        qt_goes_on(10)
        assert work.steps == before, "not inside this step"
        await eventually(lambda: work.steps > before)
        woken = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(woken.set_result, None)
        qt_goes_on(10)
        await asyncio.wait_for(woken, 10)

    runner.run(main())
    assert work.task is not None
    work.task.cancel()
