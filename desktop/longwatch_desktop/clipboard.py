"""What stays in the clipboard when the program ends."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication


def settle_clipboard() -> None:
    """Hand what was copied over to Qt: an object of Python's in the clipboard would be destroyed
    after Python has ended, and crash."""
    clipboard = QGuiApplication.clipboard()
    alone = QGuiApplication.platformName() == "offscreen"  # where the clipboard is the process's
    if alone or clipboard.ownsClipboard():
        clipboard.setText(clipboard.text())
    if clipboard.supportsSelection() and clipboard.ownsSelection():
        clipboard.setText(clipboard.text(clipboard.Mode.Selection), clipboard.Mode.Selection)
