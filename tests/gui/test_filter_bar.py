"""The filter bar: chips, the box, and what they say together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QToolButton

from longwatch.protocol.jobs import JobState
from longwatch_desktop.jobs.filter_bar import FilterBar
from longwatch_desktop.mirror.query import JobFilter
from longwatch_desktop.theme import Theme
from support.windows import child


@dataclass
class Bar:
    """A shown bar, and every filter it asked for."""

    bar: FilterBar
    asked: list[JobFilter] = field(default_factory=list)

    @property
    def box(self) -> QLineEdit:
        return child(self.bar, QLineEdit)

    @property
    def note(self) -> str:
        return child(self.bar, QLabel).text()

    def chips(self) -> list[str]:
        buttons = self.bar.findChildren(QToolButton)
        return [one.text() for one in buttons if one.isCheckable() and not one.isHidden()]

    def click(self, title: str) -> None:
        chips = [one for one in self.bar.findChildren(QToolButton) if one.text().startswith(title)]
        QTest.mouseClick(chips[0], Qt.MouseButton.LeftButton)

    def type(self, text: str) -> None:
        self.bar.focus_box()
        QTest.keyClicks(self.box, text)


@pytest.fixture
def bar(theme: Theme) -> Iterator[Bar]:
    given = Bar(FilterBar(theme))
    given.bar.changed.connect(given.asked.append)
    given.bar.resize(900, 40)
    given.bar.show()
    yield given
    given.bar.close()


COUNTS = {
    JobState.QUEUED: 5,
    JobState.RUNNING: 3,
    JobState.SUCCEEDED: 1_190,
    JobState.FAILED: 2,
    JobState.LOST: 3,
    JobState.CANCELLED: 1,
}


def test_chips_carry_counts(bar: Bar) -> None:
    bar.bar.set_counts(COUNTS, 1_204, 1_204)
    assert bar.chips() == [
        "All 1,204",
        "Running 3",
        "Queued 5",
        "Done 1,190",
        "Failed 5",
        "Cancelled 1",
    ]
    assert bar.note == ""


def test_a_chip_filters_by_state(bar: Bar) -> None:
    bar.click("Failed")
    assert bar.asked == [JobFilter(states=frozenset({JobState.FAILED, JobState.LOST}))]
    narrowing = bar.bar.is_narrowing
    assert narrowing
    bar.click("Failed")
    assert len(bar.asked) == 1, "a chip that is on stays on"
    bar.click("All")
    assert bar.asked[-1] == JobFilter()
    assert not bar.bar.is_narrowing


def test_mine_is_there_where_others_are(bar: Bar) -> None:
    bar.bar.set_user("ann")
    bar.bar.set_counts(COUNTS, 7, 1_204, 12)
    assert bar.chips()[-1] == "Mine 12"
    bar.click("Mine")
    bar.click("Failed")
    failed = frozenset({JobState.FAILED, JobState.LOST})
    assert bar.asked == [JobFilter(owner=("ann",)), JobFilter(owner=("ann",), states=failed)]
    narrowing = bar.bar.is_narrowing
    assert narrowing
    bar.bar.set_counts(COUNTS, 7, 1_204)
    assert bar.chips()[-1] == "Mine", "it goes when it is off and nobody else has any"
    bar.bar.clear()
    assert bar.asked[-1] == JobFilter()
    bar.bar.set_counts(COUNTS, 7, 1_204)
    assert bar.chips()[-1] == "Cancelled 1"


def test_me_is_whoever_the_server_says(bar: Bar) -> None:
    bar.bar.set_user("ann")
    bar.type("user:me")
    assert bar.asked[-1] == JobFilter(owner=("ann",))
    bar.bar.set_user("bob")
    assert bar.asked[-1] == JobFilter(owner=("bob",)), "on another server one may be another"
    bar.box.setText("mine: slow")
    assert bar.asked[-1] == JobFilter(owner=("bob",), words=("slow",))


def test_words_and_keys(bar: Bar) -> None:
    bar.type("weekly source:flights")
    assert bar.asked[-1] == JobFilter(words=("weekly",), source=("flights",))
    bar.bar.set_counts(COUNTS, 7, 1_204)
    assert bar.note == "7 matches"
    assert len(bar.asked) == len("weekly source:flights"), "as one types, not on Enter"


def test_chip_and_box_hold_together(bar: Bar) -> None:
    bar.click("Running")
    bar.type("state:running,failed -nightly")
    assert bar.asked[-1] == JobFilter(states=frozenset({JobState.RUNNING}), without=("nightly",))
    bar.click("Queued")
    assert bar.asked[-1].states == frozenset(), "nothing is both"
    bar.bar.clear()
    assert bar.asked[-1] == JobFilter()
    assert bar.box.text() == ""


def test_a_wrong_key_is_explained_and_the_rest_applies(bar: Bar) -> None:
    bar.type("stat:failed carrier")
    assert "stat:" in bar.note
    assert "state:" in bar.note
    assert bar.box.property("wrong") is True
    assert bar.box.toolTip() == bar.note
    asked = bar.asked[-1]
    assert "carrier" in asked.words, "what is right still narrows"
    message = bar.note
    bar.bar.set_counts(COUNTS, 3, 1_204)
    assert bar.note == message, "counts that come do not hide the message"
    bar.box.setText("state:failed carrier")
    assert bar.box.property("wrong") is False
    assert bar.note != message
    assert bar.asked[-1] == JobFilter(states=frozenset({JobState.FAILED}), words=("carrier",))


def test_the_box_can_be_reached_and_cleared_by_keys(bar: Bar) -> None:
    QApplication.processEvents()
    bar.type("abc")
    assert QApplication.focusWidget() is bar.box
    bar.bar.focus_box()
    assert bar.box.selectedText() == "abc", "what is typed next replaces it"
    QTest.keyClick(bar.box, Qt.Key.Key_Escape)
    assert bar.box.text() == ""
    assert bar.asked[-1] == JobFilter()


def test_the_box_stays_whole_where_there_is_little_room(bar: Bar) -> None:
    bar.bar.set_counts(dict.fromkeys(JobState, 4), 24, 24, 4)
    for width in (900, 540, 420, 300):
        bar.bar.resize(width, 40)
        QApplication.processEvents()
        assert bar.box.width() >= bar.box.minimumWidth()
        assert bar.box.geometry().right() < width
    assert [one.split()[0] for one in bar.chips()] == ["All", "Mine"]
    bar.bar.resize(540, 40)
    QApplication.processEvents()
    assert "Running 4" in bar.chips(), "they come back with the room"
