"""What is known about one job: how it stands, its error, its phases and figures, its story."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from longwatch.protocol.history import Attempt, StoryLine
from longwatch.protocol.jobs import Job, JobState, JobSummary, StatementKind
from longwatch_desktop import words
from longwatch_desktop.jobs.columns import explain_progress
from longwatch_desktop.mirror import text
from longwatch_desktop.results.curve import Curve
from longwatch_desktop.results.story import bounds, told, tried, words_of
from longwatch_desktop.results.timeline import Timeline, spans
from longwatch_desktop.results.watching import LATE_S, Track
from longwatch_desktop.theme import Theme, with_size
from longwatch_desktop.translation import tr

PAIRS_A_ROW: Final = 3


class Overview(QScrollArea):
    """`place_wanted` asks to show the error's place in the SQL."""

    place_wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._job: JobSummary | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        body.setObjectName("overview")
        layout = QVBoxLayout(body)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(10)
        self._title = _label(selectable=True)
        self._title.setFont(with_size(self.font(), 1.15, bold=True))
        self._standing = _label(selectable=True)
        layout.addWidget(self._title)
        layout.addWidget(self._standing)
        self._error = _ErrorCard(theme)
        self._error.place.clicked.connect(self.place_wanted)
        layout.addWidget(self._error)
        self._timeline = Timeline(theme)
        layout.addWidget(self._timeline)
        self._progress = Curve(tr("Progress"), words.share, theme, top=1.0)
        self._memory = Curve(tr("Memory"), lambda value: words.size(int(value)), theme)
        self._curves = QWidget()
        beside = QHBoxLayout(self._curves)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(28)
        beside.addWidget(self._progress)
        beside.addWidget(self._memory)
        layout.addWidget(self._curves)
        self._unseen = _label()
        self._unseen.setProperty("muted", True)
        layout.addWidget(self._unseen)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(28)
        self._grid.setVerticalSpacing(8)
        layout.addLayout(self._grid)
        self._attempts = _Lines(tr("Attempts"))
        self._story = _Lines(tr("What happened"))
        self._told = _Lines(tr("Who is told of its end"))
        layout.addWidget(self._told)
        layout.addWidget(self._attempts)
        layout.addWidget(self._story)
        layout.addStretch(1)
        self._more: list[tuple[str, str]] = []
        self._cells: list[tuple[QLabel, QLabel]] = []
        self.setWidget(body)
        theme.changed.connect(self._recolor)
        self._recolor()
        self.show_job(None, {}, datetime.now(UTC))

    def show_job(
        self,
        job: JobSummary | None,
        sources: dict[str, str],
        now: datetime,
        track: Track | None = None,
    ) -> None:
        """Show a job at `now`, by the server's clock; `sources` are the titles of sources by
        name, and `track` is what was seen of it."""
        if (job.id if job else None) != (self._job.id if self._job else None):
            self._more = []
            self._told.show_lines([])
            self._attempts.show_lines([])
            self._story.show_lines([])
        self._job = job
        self._show_track(job, track, now)
        self._error.setVisible(job is not None and job.error is not None)
        if job is None:
            self._title.setText(tr("No job selected"))
            self._standing.setText(tr("Select a job in the table to see what became of it."))
            self._fill([])
            return
        self._title.setText(job.name)
        self._standing.setText(_standing(job))
        if job.error is not None:
            self._error.show_error(job)
        self._fill([*_facts(job, sources, now), *self._more])

    def show_more(
        self, job: Job, story: list[StoryLine], attempts: list[Attempt], now: datetime
    ) -> None:
        """Show what has to be asked for: limits and parameters, attempts, the story."""
        if self._job is None or job.id != self._job.id:
            return
        self._more = bounds(job)
        self._told.show_lines(words_of(job.notify, self._job.state, story))
        self._attempts.show_lines(tried(attempts, now))
        self._story.show_lines(told(story))

    def _show_track(self, job: JobSummary | None, track: Track | None, now: datetime) -> None:
        self._timeline.setVisible(job is not None)
        samples = track.samples if track is not None else []
        self._curves.setVisible(job is not None and len(samples) > 1)
        self._unseen.setVisible(job is not None and job.started_at is not None)
        if job is None:
            return
        self._timeline.show_spans(spans(job, track, now))
        end_s = words.elapsed_s(job, now)
        known = [(one.at_s, one.fraction) for one in samples if one.fraction is not None]
        if known and job.state is JobState.SUCCEEDED:
            known.append((end_s, 1.0))  # the last report came before the end
        self._progress.show_points(known, end_s)
        self._memory.show_points([(one.at_s, float(one.memory_bytes)) for one in samples], end_s)
        self._unseen.setText(_what_was_missed(job, track))
        self._unseen.setVisible(job.started_at is not None and bool(self._unseen.text()))

    def _fill(self, facts: list[tuple[str, str]]) -> None:
        while len(self._cells) < len(facts):
            number = len(self._cells)
            row, column = divmod(number, PAIRS_A_ROW)
            what, value = _label(), _label(selectable=True)
            what.setProperty("muted", True)
            box = QVBoxLayout()
            box.setSpacing(1)
            box.addWidget(what)
            box.addWidget(value)
            self._grid.addLayout(box, row, column)
            self._grid.setColumnStretch(column, 1)
            self._cells.append((what, value))
        for number, (what, value) in enumerate(self._cells):
            shown = number < len(facts)
            what.setVisible(shown)
            value.setVisible(shown)
            if shown:
                what.setText(facts[number][0])
                value.setText(facts[number][1])

    def _recolor(self) -> None:
        self.setStyleSheet(f"#overview {{ background: {self._theme.colors.base}; }}")


class _ErrorCard(QFrame):
    """What happened, where, and what to try."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._text = ""
        self.setObjectName("error")
        self._message = _label(selectable=True)
        self._hint = _label(selectable=True)
        self.place = QToolButton()
        self.place.setToolTip(tr("Show the place in the editor"))
        self._copy = QToolButton()
        self._copy.setText(tr("Copy details"))
        self._copy.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.place)
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        layout.addWidget(self._message)
        layout.addWidget(self._hint)
        layout.addLayout(buttons)
        theme.changed.connect(self._recolor)
        self._recolor()

    def show_error(self, job: JobSummary) -> None:
        error = job.error
        assert error is not None
        self._message.setText(error.message)
        self._hint.setText(error.hint or "")
        self._hint.setVisible(bool(error.hint))
        self.place.setVisible(error.line is not None)
        if error.line is not None:
            show = (
                tr("Line {line}, column {column}: show in the editor")
                if error.column is not None
                else tr("Line {line}: show in the editor")
            )
            self.place.setText(show.format(line=error.line, column=error.column))
        self._text = "\n".join(
            part
            for part in (
                tr("job {id}, attempt {attempt}, source {source}").format(
                    id=job.id, attempt=job.attempt, source=job.source
                ),
                f"{error.code}: {error.message}",
                tr("line {line}, column {column}").format(line=error.line, column=error.column)
                if error.line is not None
                else "",
                error.hint or "",
            )
            if part
        )

    def _recolor(self) -> None:
        colors = self._theme.colors
        self._copy.setIcon(self._theme.icon("copy"))
        self.setStyleSheet(
            f"#error {{ background: {colors.danger_ground}; border-left: 3px solid "
            f"{colors.danger}; border-radius: 3px; }}"
            f"#error QToolButton {{ border: 1px solid {colors.border};"
            f" background: {colors.base}; }}"
        )


class _Lines(QWidget):
    """A heading, and lines of two columns; hidden while there are none."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._cells: list[QLabel] = []
        heading = QLabel(title)
        heading.setFont(with_size(self.font(), 1.0, bold=True))
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 6, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(heading)
        layout.addLayout(self._grid)
        self.hide()

    def show_lines(self, lines: list[tuple[str, str]]) -> None:
        """Show these."""
        while self._cells:
            cell = self._cells.pop()
            self._grid.removeWidget(cell)
            cell.hide()
            cell.deleteLater()
        for row, (first, second) in enumerate(lines):
            name, text = QLabel(first), _label(selectable=True)
            name.setProperty("muted", True)
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            text.setText(second)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(text, row, 1)
            self._cells += [name, text]
        self.setVisible(bool(lines))


def _what_was_missed(job: JobSummary, track: Track | None) -> str:
    """Why there is no curve, or only a part of one."""
    if track is None or len(track.samples) < 2:
        if job.state.is_final and words.elapsed_s(job) > LATE_S:
            return tr("Progress and memory over time are shown of jobs that this window watched.")
        return ""
    if track.missed_s:
        late = words.duration(track.missed_s)
        return tr("This window began to watch {duration} after the start.").format(duration=late)
    return ""


def _label(*, selectable: bool = False) -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)  # what a server says is never markup
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    if selectable:
        label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
    return label


def _standing(job: JobSummary) -> str:
    """One sentence about how the job stands."""
    took = words.took(words.elapsed_s(job))
    if job.state is JobState.RUNNING:
        word = text.standing(job)
        return f"{word[:1].upper()}{word[1:]}. {explain_progress(job)}"
    return _ended(job).format(took=took)


def _ended(job: JobSummary) -> str:
    """How a job stands that does not run; `{took}` is to be filled in."""
    if job.state is JobState.CANCELLED:
        if not job.started_at:
            return tr("Cancelled before it began.")
        if job.cancel_confirmed is False:
            return tr("Cancelled after {took}; the end of its process could not be confirmed.")
        return tr("Cancelled after {took}; its process is gone.")
    return {
        JobState.QUEUED: tr("Waiting for its turn."),
        JobState.SUCCEEDED: tr("Done in {took}."),
        JobState.FAILED: tr("Failed after {took}."),
        JobState.LOST: tr("Lost after {took}: nobody knows how it ended."),
    }[job.state]


def _facts(job: JobSummary, sources: dict[str, str], now: datetime) -> list[tuple[str, str]]:
    progress = job.progress
    facts = [
        (tr("Elapsed"), words.took(words.elapsed_s(job, now)) if job.started_at else "–"),
        (tr("Left"), words.eta(progress) or "–") if job.state is JobState.RUNNING else ("", ""),
        (tr("Rows"), words.count(words.rows(job)) if words.rows(job) or job.result else "–"),
        (tr("Result"), words.size(job.result.bytes)) if job.result else ("", ""),
        (tr("Memory"), words.size(progress.memory_bytes)) if progress.memory_bytes else ("", ""),
        (tr("On disk"), words.size(progress.spill_bytes)) if progress.spill_bytes else ("", ""),
        (tr("Source"), sources.get(job.source, job.source)),
        (tr("Owner"), job.owner),
        (tr("Submitted"), words.clock(job.submitted_at)),
        (tr("Started"), words.clock(job.started_at)) if job.started_at else ("", ""),
        (tr("Finished"), words.clock(job.finished_at)) if job.finished_at else ("", ""),
        (tr("Attempt"), str(job.attempt)) if job.attempt else ("", ""),
        (tr("Statement"), tr("writes") if job.kind is StatementKind.WRITE else tr("reads"))
        if job.kind
        else ("", ""),
        (tr("Job"), job.id),
    ]
    return [fact for fact in facts if fact[0]]
