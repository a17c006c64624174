"""Files that are whole whenever somebody looks at them. Not for the window's thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileDevice, QIODevice, QSaveFile


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Put `data` in place of the file at once, whatever happens meanwhile; what was there stays if
    it cannot be. A link stays one: what it leads to is written. A file keeps its rights, and is
    written in place where the folder takes no new ones; a `private` one is the user's alone.
    Raises `OSError`."""
    file = QSaveFile(str(path))
    file.setDirectWriteFallback(not private)
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        raise OSError(file.errorString())
    if private:  # before there is anything in it
        owner = QFileDevice.Permission.ReadOwner | QFileDevice.Permission.WriteOwner
        if not file.setPermissions(owner):
            raise OSError(file.errorString())
    if file.write(data) != len(data) or not file.commit():
        raise OSError(file.errorString())
