"""What `table` measures in the real window: a process for each, which tells lines of JSON.

python -m benchmarks.table_window live FOLDER SECONDS
python -m benchmarks.table_window idle FOLDER SECONDS
python -m benchmarks.table_window first FOLDER NEWEST
python -m benchmarks.table_window resume URL TOKEN TIMES
python -m benchmarks.table_window memory URL TOKEN EMPTY_URL EMPTY_TOKEN
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
import time
from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psutil
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.starting import tell
from benchmarks.table_pulse import Lateness, repainted
from benchmarks.table_stage import Moving, Stage, WatchedLoop, WatchedTable
from longwatch.client.address import Address
from longwatch_desktop.jobs.columns import BY_ID, COLUMNS
from longwatch_desktop.mirror.filters import JobFilter, parse
from longwatch_desktop.mirror.listing import SortKey
from longwatch_desktop.session import NEWEST

ROWS: Final = 100_000
LIVE: Final = 1_000
HZ: Final = 10.0
FILTER: Final = "flights state:running,succeeded -nowhere"
FILTERS: Final = (
    *("state:failed", "state:running,succeeded", "source:crm", "user:user0", "older:1d"),
    *("flights", "run-777", "nowhere", "flights user7", "-flights"),
)
TURNS: Final = 12
CALM_S: Final = 3.0
"""Until what a snapshot left to do has been done."""


def live(folder: Path, seconds: float) -> None:
    """A thousand jobs among a hundred thousand move."""
    server = Moving(folder)
    server.let_run(LIVE)
    stage = Stage(folder, ROWS)

    async def work(stage: Stage) -> None:
        following = asyncio.create_task(stage.session.run(server.address))
        await stage.loaded(ROWS)
        table = stage.window.table
        table.sortByColumn(BY_ID["progress"], Qt.SortOrder.AscendingOrder)
        stage.narrow(FILTER)
        server.go(LIVE, HZ)
        await asyncio.sleep(CALM_S)
        moments = server.moments
        WatchedTable.told = lambda n: moments[n]
        WatchedTable.behind_s = array("d")
        used_s, began_s, threads = time.process_time(), time.perf_counter(), thread_times()
        pulse = Lateness()
        await asyncio.sleep(seconds)
        late = pulse.stop()
        took_s = time.perf_counter() - began_s
        tell(
            what="live",
            late=late,
            computed=pulse.computed_s.tolist(),
            core=(time.process_time() - used_s) / took_s,
            threads={
                name: (used - threads.get(name, 0)) / took_s
                for name, used in thread_times().items()
            },
            behind=WatchedTable.behind_s.tolist(),
            rows=stage.window.model.rowCount(),
            shown=len(table.visible_rows()),
            **still(stage, server),
        )
        following.cancel()

    stage.run(work)


def thread_times() -> dict[str, float]:
    """Seconds of the processor that each thread has had."""
    return {str(one.id): one.user_time + one.system_time for one in psutil.Process().threads()}


def still(stage: Stage, server: Moving) -> dict[str, Any]:
    """What takes how long once nothing moves any more: a repaint, sorting, filtering."""
    server.calm()
    WatchedTable.told = None
    window = stage.window
    table, model = window.table, window.model
    while model.mirror.is_unprepared:
        model.tick()
    header = table.horizontalHeader()
    shown = [number for number in range(len(COLUMNS)) if not header.isSectionHidden(number)]
    texts = {
        "rows": [
            [COLUMNS[number].text(model.job(row), model.context) for number in shown]
            for row in table.visible_rows()
        ],
        "right": [COLUMNS[number].right for number in shown],
        "widths": [header.sectionSize(number) for number in shown],
    }
    repaint = repainted(table)
    stage.narrow("")
    newest = Qt.SortOrder.DescendingOrder
    sort: dict[str, list[float]] = {}
    for key in SortKey:
        for turn in range(TURNS):
            table.sortByColumn(BY_ID["submitted"], newest)
            began_s = time.perf_counter()
            if key in BY_ID:
                table.sortByColumn(BY_ID[key], Qt.SortOrder(turn % 2))
            else:  # there is no column to click on
                model.listing.sort_by(key, bool(turn % 2))
            sort.setdefault(key, []).append(time.perf_counter() - began_s)
    table.sortByColumn(BY_ID["submitted"], newest)
    narrow: dict[str, list[float]] = {}
    for text in FILTERS:
        query = parse(text)
        assert isinstance(query, JobFilter)
        for _ in range(TURNS):
            model.filter_by(JobFilter())
            began_s = time.perf_counter()
            model.filter_by(query)
            narrow.setdefault(text, []).append(time.perf_counter() - began_s)
    return {"texts": texts, "repaint": repaint, "sort": sort, "filter": narrow}


def first(folder: Path, newest: int) -> None:
    """A window connects to a server with many jobs."""
    server = Moving(folder)
    stage = Stage(folder, newest)

    async def work(stage: Stage) -> None:
        await asyncio.sleep(1.0)
        pulse = Lateness()
        began_s = time.perf_counter()
        following = asyncio.create_task(stage.session.run(server.address))
        await stage.loaded(newest)
        took_s = time.perf_counter() - began_s
        await asyncio.sleep(CALM_S)
        late = pulse.stop()
        assert WatchedTable.first_s is not None
        tell(
            what="first",
            painted_s=WatchedTable.first_s - began_s,
            took_s=took_s,
            worst_s=max(late),
            computed_s=max(pulse.computed_s),
        )
        following.cancel()

    stage.run(work)


class Ticking(QObject):
    """Counts the timers of Qt's that fire, by whom they belong to."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self.fired: dict[str, int] = {}
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Timer:
            parent = watched.parent()
            owner = f" of {type(parent).__name__}" if parent is not None else ""
            name = f"{type(watched).__name__}{owner}"
            self.fired[name] = self.fired.get(name, 0) + 1
        return False


def idle(folder: Path, seconds: float) -> None:
    """Nothing happens."""
    server = Moving(folder)
    stage = Stage(folder, NEWEST)

    async def work(stage: Stage) -> None:
        following = asyncio.create_task(stage.session.run(server.address))
        await stage.until(lambda: stage.session.mirror.seq is not None)
        await asyncio.sleep(12.0)
        used_s, began_s = time.process_time(), time.perf_counter()
        await asyncio.sleep(seconds)
        core = (time.process_time() - used_s) / (time.perf_counter() - began_s)
        quick = [
            f"{one.interval()} ms, {type(one.parent()).__name__}"
            for one in gc.get_objects()
            if isinstance(one, QTimer) and one.isActive() and one.interval() < 1000
        ]
        ticking = Ticking(stage.app)
        assert server.thread._loop is not None
        turns: dict[str, int] = {}
        for name, loop in (("window", asyncio.get_running_loop()), ("server", server.thread._loop)):
            count_sleeps(loop, name, turns)
        await asyncio.sleep(10.0)
        often = {name: count / 10 for name, count in ticking.fired.items() if count > 10}
        often |= {name: count / 10 for name, count in turns.items() if count > 10}
        tell(what="idle", core=core, timers=quick, often=often)
        following.cancel()

    stage.run(work)


def count_sleeps(loop: asyncio.AbstractEventLoop, name: str, turns: dict[str, int]) -> None:
    """Count what asks to be called within a second, by what it is."""
    later = loop.call_later

    def call_later(delay: float, callback: Any, *args: Any, **more: Any) -> asyncio.TimerHandle:
        if delay < 1.0:
            task = asyncio.current_task(loop)
            what = f"{name}: {task.get_name() if task else callback} after {delay:g} s"
            turns[what] = turns.get(what, 0) + 1
        return later(delay, callback, *args, **more)

    vars(loop)["call_later"] = call_later


def resume(address: Address, times: int) -> None:
    """The connection is cut while ten thousand jobs a second change."""
    folder = Path(tempfile.mkdtemp(prefix="table-"))
    stage = Stage(folder, ROWS)

    async def work(stage: Stage) -> None:
        session = stage.session
        following = asyncio.create_task(session.run(address))
        await stage.loaded(ROWS)
        await asyncio.sleep(CALM_S)
        pulse = Lateness()
        worst: list[float] = []
        steps: list[float] = []
        late: list[float] = []
        computed: list[float] = []
        steady: list[float] = []
        took: list[float] = []
        for _ in range(times):
            WatchedLoop.forget()
            await asyncio.sleep(0.5)
            steady.append(max(WatchedLoop.steps_s))
            follower = session._follower
            assert follower is not None
            assert follower._socket is not None
            WatchedLoop.forget()
            pulse.start()
            began = time.perf_counter()
            before = session.mirror.seq or 0
            follower._socket.transport.abort()
            await stage.until(lambda: not session.connected)
            session.retry_now()
            while not session.connected or (session.mirror.seq or 0) <= before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            took.append(time.perf_counter() - began)
            await asyncio.sleep(0.3)
            late.append(max(pulse.stop()))
            steps += WatchedLoop.steps_s.tolist()
            worst.append(max(WatchedLoop.steps_s))
            computed.append(max(WatchedLoop.computed_s))
        tell(
            what="resume",
            worst=worst,
            computed=computed,
            steps=steps,
            late=late,
            steady=steady,
            took=took,
        )
        following.cancel()

    stage.run(work)


def memory(address: Address, empty: Address) -> None:
    """What a hundred thousand rows take."""
    folder = Path(tempfile.mkdtemp(prefix="table-"))
    stage = Stage(folder, ROWS)

    async def follow(address: Address, count: int) -> int:
        following = asyncio.create_task(stage.session.run(address))
        await stage.until(lambda: stage.session.mirror.seq is not None)
        await stage.loaded(count)
        await asyncio.sleep(1.0)
        stage.narrow("flights")
        await asyncio.sleep(1.0)
        stage.narrow("")
        await asyncio.sleep(CALM_S)
        gc.collect()
        taken = psutil.Process().memory_info().rss
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        return taken

    async def work(stage: Stage) -> None:
        before = await follow(empty, 0)
        stage.session.leave()
        after = await follow(address, ROWS)
        tell(what="memory", row=(after - before) / ROWS)

    stage.run(work)


def main() -> None:
    """What is asked for."""
    match sys.argv[1:]:
        case ["live", folder, seconds]:
            live(Path(folder), float(seconds))
        case ["idle", folder, seconds]:
            idle(Path(folder), float(seconds))
        case ["first", folder, newest]:
            first(Path(folder), int(newest))
        case ["resume", url, token, times]:
            resume(Address.parse(url, token), int(times))
        case ["memory", url, token, empty_url, empty_token]:
            memory(Address.parse(url, token), Address.parse(empty_url, empty_token))


if __name__ == "__main__":
    main()
