"""Boxes that ask or tell. Always `open()`, never `exec()`: a nested event loop inside the qasync
loop breaks every other task."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

from longwatch_desktop import words
from longwatch_desktop.facts import versions
from longwatch_desktop.session import Session
from longwatch_desktop.translation import tr


def show_about(parent: QWidget, session: Session) -> None:
    """What this is, and what to put into a report."""
    box = _box(parent, tr("About Longwatch"))
    box.setText(tr("Longwatch launches long queries and watches them finish."))
    box.setInformativeText("\n".join(versions(session)))
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.open()


def show_shortcuts(parent: QWidget, actions: list[QAction]) -> None:
    """Every command that has keys."""
    native = QKeySequence.SequenceFormat.NativeText
    rows = [(action.text(), action.shortcut().toString(native)) for action in actions]
    rows += [
        (tr("Complete a word"), tr("Ctrl+Space")),
        (tr("Rows of the selected job"), tr("Enter")),
        (tr("Copy the selected jobs"), tr("Ctrl+C")),
        (tr("Delete the selected jobs"), tr("Delete", "key")),
    ]
    cells = "".join(
        f"<tr><td style='padding: 2px 28px 2px 0'>{title}</td><td><b>{keys}</b></td></tr>"
        for title, keys in rows
    )
    box = _box(parent, tr("Keyboard shortcuts"))
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setText(f"<table>{cells}</table>")
    box.open()


def ask_to_quit(
    parent: QWidget,
    running: int,
    queued: int,
    *,
    keep: Callable[[], None],
    cancel: Callable[[], None],
) -> QMessageBox:
    """Quitting with queries under way: let them go on without the window, cancel them, or stay."""
    box = _box(parent, tr("Quit Longwatch?"))
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(_under_way(running, queued))
    one = running + queued == 1
    box.setInformativeText(
        tr("It can go on without the window, and will be here at the next start.") if one
        else tr("They can go on without the window, and will be here at the next start.")
    )  # fmt: skip
    go_on = box.addButton(
        tr("Keep it running") if one else tr("Keep them running"),
        QMessageBox.ButtonRole.AcceptRole,
    )
    away = box.addButton(
        tr("Cancel it and quit") if one else tr("Cancel them and quit"),
        QMessageBox.ButtonRole.DestructiveRole,
    )
    stay = box.addButton(tr("Stay"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(go_on)
    box.setEscapeButton(stay)
    go_on.clicked.connect(keep)
    away.clicked.connect(cancel)
    box.open()
    return box


def _under_way(running: int, queued: int) -> str:
    """What is not over; at least one of the two is more than 0."""
    match running, queued:
        case 1, 0:
            text = tr("1 query is running.")
        case _, 0:
            text = tr("%n queries are running.", "", running)
        case 0, 1:
            text = tr("1 is waiting.")
        case 0, _:
            text = tr("%n are waiting.", "", queued)
        case 1, 1:
            text = tr("1 query is running and 1 is waiting.")
        case 1, _:
            text = tr("1 query is running and %n are waiting.", "", queued)
        case _, 1:
            text = tr("%n queries are running and 1 is waiting.", "", running)
        case _:
            text = tr("%n queries are running and {queued} are waiting.", "", running)
    return text.format(queued=words.count(queued))


def ask(parent: QWidget, title: str, text: str, more: str, yes: str, no: str = "") -> QMessageBox:
    """A question whose answer destroys something: `accepted` tells that it was `yes`. It is to be
    `open`ed."""
    box = _box(parent, title)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(text)
    box.setInformativeText(more)
    box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton(no or tr("Keep it"), QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    return box


def _box(parent: QWidget, title: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
