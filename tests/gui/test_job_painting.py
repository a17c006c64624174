"""What the job table paints: compared with itself in another state, never with a stored image."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from longwatch.protocol.jobs import JobError, JobState, JobSummary, Phase, Progress, ProgressBasis
from longwatch_desktop.jobs.columns import BY_ID
from longwatch_desktop.jobs.painting import ICON, MARGIN
from longwatch_desktop.theme import DARK, LIGHT, Mode, Theme
from support.tables import FedTable
from support.windows import colors_of, picture
from unit.desktop.mirror.builders import at, job, running, snapshot

_ERROR = JobError(code="syntax_error", message="no such column")


def _running(**progress: Any) -> JobSummary:
    cancel = progress.pop("cancel", False)
    return running(
        "a",
        name="Same",
        phase=Phase.EXECUTING,
        progress=Progress(**progress),
        cancel_requested_at=at(2) if cancel else None,
    )


def _ended(state: JobState, **changes: Any) -> JobSummary:
    return job("a", state, name="Same", **changes)


KINDS = {
    "queued": job("a", name="Same"),
    "measured 30 %": _running(fraction=0.3, basis=ProgressBasis.MEASURED),
    "measured 60 %": _running(fraction=0.6, basis=ProgressBasis.MEASURED),
    "history": _running(fraction=0.6, basis=ProgressBasis.HISTORY),
    "unknown": _running(),
    "stalled": _running(fraction=0.6, basis=ProgressBasis.MEASURED, stalled_s=90.0),
    "cancelling": _running(fraction=0.6, basis=ProgressBasis.MEASURED, cancel=True),
    "cancelling unknown": _running(cancel=True),
    "succeeded": _ended(JobState.SUCCEEDED),
    "failed": _ended(JobState.FAILED, error=_ERROR),
    "lost": _ended(JobState.LOST, error=_ERROR),
    "cancelled": _ended(JobState.CANCELLED, cancel_confirmed=True),
    "not confirmed": _ended(JobState.CANCELLED, cancel_confirmed=False),
}


def shown(theme: Theme, given: JobSummary | None = None) -> FedTable:
    """A shown table with that job alone."""
    table = FedTable(theme)
    table.view.resize(900, 120)
    table.tell(snapshot([] if given is None else [given]))
    table.view.show()
    return table


def cell(table: FedTable, column: str) -> QImage:
    """What one cell of the first row looks like."""
    area = table.view.visualRect(table.model.index(0, BY_ID[column]))
    return table.view.viewport().grab(area).toImage()


def icon(table: FedTable) -> QImage:
    """The icon of the first row."""
    area = table.view.visualRect(table.model.index(0, BY_ID["name"]))
    place = QRect(area.left() + MARGIN, area.top(), ICON, area.height())
    return table.view.viewport().grab(place).toImage()


def shape(image: QImage) -> list[bool]:
    """Where there is ink, whatever its colour."""
    ground = image.pixelColor(0, 0)
    places = itertools.product(range(image.width()), range(image.height()))
    return [image.pixelColor(x, y) != ground for x, y in places]


def test_every_state_looks_different(theme: Theme) -> None:
    pictures = {}
    for kind, given in KINDS.items():
        table = shown(theme, given)
        pictures[kind] = picture(table.view.viewport())
        table.view.close()
    for (one, first), (other, second) in itertools.combinations(pictures.items(), 2):
        assert first != second, f"{one} looks as {other} does"


def test_states_can_be_told_apart_without_colours(theme: Theme) -> None:
    shapes = {}
    for kind in ("queued", "measured 30 %", "succeeded", "failed", "lost", "cancelled"):
        table = shown(theme, KINDS[kind])
        shapes[kind] = shape(icon(table))
        assert any(shapes[kind]), f"{kind} has no icon"
        table.view.close()
    for (one, first), (other, second) in itertools.combinations(shapes.items(), 2):
        differing = sum(a != b for a, b in zip(first, second, strict=True))
        assert differing > 12, f"the icons of {one} and {other} have the same shape"


def test_bar_is_as_long_as_the_fraction(theme: Theme) -> None:
    lengths = []
    for fraction in (0.0, 0.25, 0.5, 1.0):
        table = shown(theme, _running(fraction=fraction, basis=ProgressBasis.MEASURED))
        image = cell(table, "progress")
        row = [image.pixelColor(x, image.height() // 2).name() for x in range(image.width())]
        assert LIGHT.track in row or fraction == 1.0
        lengths.append(row.count(LIGHT.bar))
        table.view.close()
    assert lengths[0] == 0
    assert lengths[1] == pytest.approx(lengths[3] / 4, abs=1)
    assert lengths[2] == pytest.approx(lengths[3] / 2, abs=1)
    assert lengths[3] > 60


def test_no_bar_where_nothing_runs(theme: Theme) -> None:
    for kind in ("queued", "succeeded", "failed", "lost", "cancelled"):
        table = shown(theme, KINDS[kind])
        assert not {LIGHT.track, LIGHT.bar, LIGHT.bar_soft} & colors_of(cell(table, "progress"))
        table.view.close()


def test_stripe_moves(theme: Theme) -> None:
    table = shown(theme, KINDS["unknown"])
    table.view._painter.phase_s = 0.0
    before = cell(table, "progress")
    table.view._painter.phase_s = 0.7
    assert cell(table, "progress") != before
    table.view._move_stripes()
    assert table.view._painter.phase_s > 0.7
    table.view.close()


def test_stale_is_grey(theme: Theme) -> None:
    vivid = {LIGHT.bar, LIGHT.bar_soft, LIGHT.success, LIGHT.danger, LIGHT.warning, LIGHT.accent}
    for kind, given in KINDS.items():
        table = shown(theme, given)
        before = picture(table.view.viewport())
        table.view.set_stale(True)
        after = picture(table.view.viewport())
        assert before != after, kind
        assert not vivid & colors_of(after), kind
        table.view.set_stale(False)
        assert picture(table.view.viewport()) == before, kind
        table.view.close()


def test_selected_and_hovered_rows_have_grounds(theme: Theme) -> None:
    table = shown(theme, KINDS["succeeded"])
    plain = colors_of(cell(table, "source"))
    assert LIGHT.selection not in plain
    table.view._hover(0)
    assert LIGHT.hover in colors_of(cell(table, "source"))
    table.view.select_job("a")
    assert LIGHT.selection in colors_of(cell(table, "source"))
    table.view.close()


@pytest.fixture
def dark_after(theme: Theme) -> Iterator[None]:
    yield
    theme.choose(Mode.LIGHT)


@pytest.mark.usefixtures("dark_after")
def test_another_theme_recolours_at_once(theme: Theme) -> None:
    table = shown(theme, KINDS["measured 60 %"])
    assert LIGHT.bar in colors_of(cell(table, "progress"))
    theme.choose(Mode.DARK)
    QApplication.processEvents()
    colors = colors_of(picture(table.view.viewport()))
    assert {DARK.bar, DARK.base} <= colors
    assert not {LIGHT.bar, LIGHT.base} & colors
    table.view.close()


def test_empty_table_says_why(theme: Theme) -> None:
    table = shown(theme)
    table.view.empty_text = ("", "")
    blank = picture(table.view.viewport())
    assert len(colors_of(blank)) == 1
    table.view.empty_text = ("No jobs yet", "Press Run.")
    both = picture(table.view.viewport())
    table.view.empty_text = ("No jobs yet", "")
    assert picture(table.view.viewport()) not in (blank, both)
    table.change([job("a")])
    assert table.view.empty_text[0], "still there, and not painted over a row"
    with_row = picture(table.view.viewport())
    table.view.empty_text = ("", "")
    assert picture(table.view.viewport()) == with_row
    table.view.close()
