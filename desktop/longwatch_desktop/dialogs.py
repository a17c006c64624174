"""Boxes that ask or tell. Always `open()`, never `exec()`: a nested event loop inside the qasync
loop breaks every other task."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMessageBox, QWidget

from longwatch_desktop.facts import versions
from longwatch_desktop.session import Session


def show_about(parent: QWidget, session: Session) -> None:
    """What this is, and what to put into a report."""
    box = _box(parent, "About Longwatch")
    box.setText("Longwatch launches long queries and watches them finish.")
    box.setInformativeText("\n".join(versions(session)))
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    box.open()


def show_shortcuts(parent: QWidget, actions: list[QAction]) -> None:
    """Every command that has keys."""
    native = QKeySequence.SequenceFormat.NativeText
    rows = [(action.text(), action.shortcut().toString(native)) for action in actions]
    rows += [
        ("New tab", "Ctrl+T"),
        ("Close tab", "Ctrl+W"),
        ("Complete a word", "Ctrl+Space"),
        ("Rows of the selected job", "Enter"),
        ("Copy the selected jobs", "Ctrl+C"),
        ("Delete the selected jobs", "Delete"),
    ]
    cells = "".join(
        f"<tr><td style='padding: 2px 28px 2px 0'>{title}</td><td><b>{keys}</b></td></tr>"
        for title, keys in rows
    )
    box = _box(parent, "Keyboard shortcuts")
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
    box = _box(parent, "Quit Longwatch?")
    box.setIcon(QMessageBox.Icon.Question)
    parts = []
    if running:
        parts.append(f"{running} {'query is' if running == 1 else 'queries are'} running")
    if queued:
        parts.append(f"{queued} {'is' if queued == 1 else 'are'} waiting")
    box.setText(" and ".join(parts) + ".")
    one = running + queued == 1
    box.setInformativeText(
        f"{'It' if one else 'They'} can go on without the window, and will be here at the next "
        "start."
    )
    them = "it" if one else "them"
    go_on = box.addButton(f"Keep {them} running", QMessageBox.ButtonRole.AcceptRole)
    away = box.addButton(f"Cancel {them} and quit", QMessageBox.ButtonRole.DestructiveRole)
    stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(go_on)
    box.setEscapeButton(stay)
    go_on.clicked.connect(keep)
    away.clicked.connect(cancel)
    box.open()
    return box


def ask(parent: QWidget, title: str, text: str, more: str, yes: str) -> QMessageBox:
    """A question whose answer destroys something: `accepted` tells that it was `yes`. It is to be
    `open`ed."""
    box = _box(parent, title)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(text)
    box.setInformativeText(more)
    box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Keep it", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    return box


def _box(parent: QWidget, title: str) -> QMessageBox:
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
