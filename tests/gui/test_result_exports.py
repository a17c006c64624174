"""Results written to files from the window: asked for, followed, cancelled, failed."""

from __future__ import annotations

import asyncio
import errno
import resource
from contextlib import ExitStack
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QCheckBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QRadioButton,
    QToolButton,
)

from longwatch.protocol.jobs import JobState
from longwatch.protocol.results import Condition, ExportFormat, Op
from longwatch_desktop.results import export_strip
from longwatch_desktop.results.export_dialog import ExportDialog, file_name
from longwatch_desktop.results.export_strip import ExportStrip
from longwatch_desktop.results.exporting import Order, in_words
from longwatch_desktop.results.wanted import Key, Wanted
from longwatch_desktop.theme import Theme
from support.servers import serving
from support.waiting import eventually
from support.windows import Desk, child, named
from support.windows import desk as open_desk

SQL = "select i as n, '=' || i as formula, i % 5 as k from range(3000) t(i)"
WIDE = "select i as n, repeat('x', 200) || i as text from range(1000000) t(i)"


async def shown(desk: Desk, sql: str) -> Desk:
    """The rows of a query, in the window."""
    await desk.connected()
    desk.window.resize(1280, 900)
    done = [job for job in desk.jobs() if job.preview == sql]
    job_id = done[0].id if done else await desk.run(sql)
    await desk.state(job_id, JobState.SUCCEEDED, patience_s=60.0)
    desk.window.table.select_job(job_id)
    desk.window.details.show_result()
    await desk.result_cell(0, 0)
    return desk


@pytest.fixture
async def small(desk: Desk) -> Desk:
    return await shown(desk, SQL)


@pytest.fixture
async def wide(desk: Desk) -> Desk:
    """200 MB as CSV."""
    return await shown(desk, WIDE)


def ask(desk: Desk, path: Path) -> ExportDialog:
    """Open the dialog, and type a file's name."""
    button = named(desk.window.details.result, QToolButton, "Export…")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    dialog = next(d for d in desk.window.findChildren(ExportDialog) if d.isVisible())
    box = named(dialog, QLineEdit, "File")
    box.selectAll()
    QTest.keyClicks(box, str(path))
    return dialog


def go(dialog: ExportDialog) -> None:
    box = child(dialog, QDialogButtonBox)
    button = next(one for one in box.buttons() if box.buttonRole(one) is box.ButtonRole.AcceptRole)
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def strip(desk: Desk) -> ExportStrip:
    return child(desk.window.details, ExportStrip)


def said(desk: Desk) -> str:
    labels = strip(desk).findChildren(QLabel)
    return " | ".join(label.text() for label in labels if label.isVisible())


def names(folder: Path, pattern: str) -> list[str]:
    """What there is, hidden files included."""
    return [one.name for one in folder.glob(pattern)]


async def test_all_rows_as_csv(small: Desk, tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    go(ask(small, path))
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    lines = path.read_text("utf-8").splitlines()
    assert lines[0] == "n,formula,k"
    assert lines[1] == "0,'=0,0"
    assert len(lines) == 3_001
    assert names(tmp_path, ".*") == []


async def test_the_rows_and_columns_shown_in_their_order(small: Desk, tmp_path: Path) -> None:
    view = small.window.details.result
    condition = Condition(column="k", op=Op.EQ, value="2")
    wanted = Wanted((Key(0, True),), (condition,))
    view.want(wanted)
    await eventually(lambda: view.model.wanted == wanted, patience_s=30.0)
    header = view._grid.horizontalHeader()
    header.setSectionHidden(1, True)
    header.moveSection(header.visualIndex(2), 0)
    path = tmp_path / "some.csv"
    dialog = ask(small, path)
    assert named(dialog, QRadioButton, "The 600 rows shown, by n descending").isChecked()
    QTest.mouseClick(named(dialog, QRadioButton, "Parquet"), Qt.MouseButton.LeftButton)
    assert named(dialog, QLineEdit, "File").text().endswith("some.parquet")
    assert not child(dialog, QCheckBox).isVisible(), "nothing in Parquet is run"
    go(dialog)
    await eventually(lambda: "600 rows, " in said(small), patience_s=30.0)
    table = pq.read_table(tmp_path / "some.parquet")
    assert table.column_names == ["k", "n"]
    assert table["n"].to_pylist() == list(range(2_997, 0, -5))


async def test_formulas_are_kept_if_that_is_wanted(small: Desk, tmp_path: Path) -> None:
    path = tmp_path / "formulas.csv"
    dialog = ask(small, path)
    safe = child(dialog, QCheckBox)
    assert safe.isChecked(), "safe unless somebody says otherwise"
    safe.click()
    go(dialog)
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    assert path.read_text("utf-8").splitlines()[1] == "0,=0,0"


async def test_leaving_while_the_file_is_looked_for(small: Desk, tmp_path: Path) -> None:
    path = tmp_path / "not wanted.csv"
    dialog = ask(small, path)
    go(dialog)
    dialog.reject()
    await asyncio.sleep(0.3)
    assert not path.exists()
    assert said(small) == ""


async def test_what_is_there_is_replaced_only_after_asking(small: Desk, tmp_path: Path) -> None:
    path = tmp_path / "there.csv"
    path.write_text("mine")
    dialog = ask(small, path)
    go(dialog)
    await eventually(lambda: any(
        "is there already" in label.text() for label in dialog.findChildren(QLabel)
    ))  # fmt: skip
    assert path.read_text() == "mine"
    assert dialog.isVisible()
    assert "Replace it" in {one.text() for one in dialog.findChildren(QPushButton)}
    go(dialog)
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    assert path.read_text("utf-8").startswith("n,formula,k")


async def test_columns_are_chosen(small: Desk, tmp_path: Path) -> None:
    dialog = ask(small, tmp_path / "one.jsonl")
    QTest.mouseClick(named(dialog, QRadioButton, "JSON lines"), Qt.MouseButton.LeftButton)
    QTest.mouseClick(named(dialog, QPushButton, "None of the columns"), Qt.MouseButton.LeftButton)
    assert "Choose at least one column." in {one.text() for one in dialog.findChildren(QLabel)}
    assert not next(
        one for one in dialog.findChildren(QPushButton) if one.text() == "Export"
    ).isEnabled()
    columns = named(dialog, QListWidget, "Columns to write")
    columns.item(2).setCheckState(Qt.CheckState.Checked)
    go(dialog)
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    assert (tmp_path / "one.jsonl").read_text("utf-8").splitlines()[3] == '{"k":3}'


async def test_the_folder_is_shown(small: Desk, tmp_path: Path) -> None:
    go(ask(small, tmp_path / "seen.csv"))
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    opened: list[Path] = []
    strip(small).open_folder = opened.append  # the system's file manager
    button = named(strip(small), QToolButton, "Show seen.csv in its folder")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert opened == [tmp_path]
    away = named(strip(small), QToolButton, "Dismiss the export to seen.csv")
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    assert not strip(small).isVisible()


@pytest.mark.slow
async def test_several_at_once_and_one_is_cancelled(wide: Desk, tmp_path: Path) -> None:
    exports = wide.window.details.exports
    go(ask(wide, tmp_path / "first.csv"))
    await eventually(lambda: len(exports.running) == 1)
    go(ask(wide, tmp_path / "second.csv"))
    await eventually(lambda: len(exports.running) == 2)
    assert "of 1,000,000 rows" in await eventually(
        lambda: said(wide) if said(wide).count("of 1,000,000 rows") == 2 else "", patience_s=30.0
    )
    assert not (tmp_path / "first.csv").exists(), "it is there before it is whole"
    # The window goes on meanwhile.
    other = (await wide.session.submit("select 42 as answer", source=None, name=None)).id
    await wide.state(other, JobState.SUCCEEDED)
    wide.window.table.select_job(other)
    assert await wide.result_cell(0, 0) == "42"
    cancel = named(strip(wide), QToolButton, "Cancel the export to first.csv")
    QTest.mouseClick(cancel, Qt.MouseButton.LeftButton)
    await eventually(lambda: "Cancelled. Nothing is left of it." in said(wide))
    assert names(tmp_path, "*first*") == []
    await eventually(lambda: "1,000,000 rows, " in said(wide), patience_s=60.0)
    with (tmp_path / "second.csv").open("rb") as file:
        assert sum(1 for _ in file) == 1_000_001
    assert names(tmp_path, ".*") == []


async def test_a_file_is_not_written_twice_at_once(wide: Desk, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    exports = wide.window.details.exports
    job_id = wide.window.details.job_id
    assert job_id is not None
    exports.start(Order(job_id, path, ExportFormat.CSV))
    exports.start(Order(job_id, path, ExportFormat.CSV))
    assert "twice.csv is being written already" in wide.window.notice.text
    exports.running[0].cancel()
    await eventually(lambda: not exports.running)
    assert names(tmp_path, "*twice*") == []


async def test_where_nothing_can_be_written(small: Desk, tmp_path: Path) -> None:
    (tmp_path / "taken.csv").mkdir()
    for path, trouble in (
        (tmp_path / "nowhere" / "a.csv", f"There is no folder {tmp_path / 'nowhere'}"),
        (tmp_path / "taken.csv", "is a folder. Choose another name"),
    ):
        dialog = ask(small, path)
        go(dialog)

        def told(dialog: ExportDialog = dialog, trouble: str = trouble) -> bool:
            return any(trouble in label.text() for label in dialog.findChildren(QLabel))

        await eventually(told)
        assert dialog.isVisible(), "to be corrected where it was typed"
        dialog.reject()
    assert not strip(small).isVisible()
    # What the dialog cannot see: the folder goes between its look and the first write.
    job_id = small.window.details.job_id
    assert job_id is not None
    gone = Order(job_id, tmp_path / "gone" / "a.csv", ExportFormat.CSV)
    small.window.details.exports.start(gone)
    await eventually(lambda: f"There is no folder {tmp_path / 'gone'}" in said(small))
    assert "Nothing was written." in said(small)
    assert names(tmp_path, ".*") == []


async def test_a_folder_that_is_there_is_proposed(
    small: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no settings"))
    button = named(small.window.details.result, QToolButton, "Export…")
    for made, expected in ((None, tmp_path), ("Documents",) * 2, ("Downloads",) * 2):
        if made is not None:
            (tmp_path / made).mkdir()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        dialog = next(d for d in small.window.findChildren(ExportDialog) if d.isVisible())
        box = named(dialog, QLineEdit, "File")

        def right(box: QLineEdit = box, folder: Path = tmp_path / expected) -> bool:
            return Path(box.text()).parent == folder

        await eventually(right)
        assert box.text().endswith(".csv")
        dialog.reject()


async def test_what_ended_well_leaves_by_itself(
    small: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_strip, "STAYS_MS", 300)
    job_id = small.window.details.job_id
    assert job_id is not None
    exports = small.window.details.exports
    exports.start(Order(job_id, tmp_path / "gone" / "a.csv", ExportFormat.CSV))
    await eventually(lambda: "Nothing was written." in said(small))
    exports.start(Order(job_id, tmp_path / "a.csv", ExportFormat.CSV))
    await eventually(lambda: "3,000 rows, " in said(small), patience_s=30.0)
    await eventually(lambda: "3,000 rows, " not in said(small))
    assert "Nothing was written." in said(small), "a failure stays until it has been seen"


async def test_a_disk_without_room(wide: Desk, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * 2**20, hard))
    try:
        go(ask(wide, tmp_path / "large.csv"))
        await eventually(lambda: "There is no room for large.csv in" in said(wide), patience_s=30.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "Nothing was written." in said(wide)
    assert names(tmp_path, "*large*") == []


async def test_what_ends_on_the_server_says_why(wide: Desk, tmp_path: Path) -> None:
    go(ask(wide, tmp_path / "ended.csv"))
    exports = wide.window.details.exports
    await eventually(lambda: exports.running and exports.running[0].rows)
    await wide.session.client().cancel_export(exports.running[0].id)
    await eventually(lambda: "The export was cancelled." in said(wide))
    assert names(tmp_path, "*ended*") == []


@pytest.mark.slow
async def test_the_server_goes_away(theme: Theme, tmp_path: Path) -> None:
    with ExitStack() as stack:
        _, address = stack.enter_context(serving(tmp_path / "data"))
        async with open_desk(address, theme, tmp_path / "window.ini") as desk:
            await shown(desk, WIDE)
            go(ask(desk, tmp_path / "cut.csv"))
            exports = desk.window.details.exports
            await eventually(lambda: exports.running and exports.running[0].rows)
            await asyncio.to_thread(stack.close)
            await eventually(lambda: "The server went away" in said(desk), patience_s=30.0)
            assert names(tmp_path, "*cut*") == []


def test_why_a_file_was_not_written() -> None:
    path = Path("/data/a.csv")
    for number, part in (
        (errno.ENOSPC, "There is no room for a.csv in /data"),
        (errno.EACCES, "You may not write to /data"),
        (errno.ENOENT, "There is no folder /data"),
        (errno.EIO, "a.csv cannot be written: "),
    ):
        assert in_words(OSError(number, "it broke"), path).startswith(part)


def test_names_of_files() -> None:
    assert file_name('Delays: "by" carrier/day') == "Delays_ _by_ carrier_day"
    assert file_name("...") == "result"
    assert len(file_name("x" * 500)) == 80
