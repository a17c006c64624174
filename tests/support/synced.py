"""The real server, whose store is mirrored as the disk has it: what was not synced is not there.

    python synced.py MIRROR serve --data-dir …

SQLite's own way of writing files (its VFS) is wrapped: whenever SQLite has synced a file, a copy
of it as it is then goes to MIRROR. After a power cut a disk may hold more than that, never less;
so whatever was promised must be found there. Nothing is needed for it but the library that
Python's sqlite3 was linked with; where that is built in and hidden, `install` raises
`Unsupported`.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Final

# sqlite3.h: int iVersion, szOsFile, mxPathname; pNext, zName, pAppData, xOpen, …
_VFS_BYTES: Final = 22 * 8
_NAME, _OPEN, _DELETE = 24, 40, 48
# int iVersion, then xClose, xRead, xWrite, xTruncate, xSync, …
_METHODS_BYTES: Final = 19 * 8
_SYNC: Final = 40

_Open = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_void_p,  # SQLite keeps the pointer: what Python would make of a name is gone too soon
    ctypes.c_void_p,
    ctypes.c_int,
    ctypes.c_void_p,
)
_Delete = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
_Sync = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


_INSTALLED: Final[list[SyncedFiles]] = []
"""SQLite holds on to what is in them for as long as the process lives."""


class Unsupported(Exception):
    """SQLite cannot be reached beside Python's sqlite3."""


class SyncedFiles:
    """Mirrors every file that SQLite syncs."""

    def __init__(self, mirror: Path) -> None:
        self._mirror = mirror
        self._paths: dict[int, Path] = {}
        self._new: set[int] = set()
        self._deleted: set[str] = set()
        self._kept: list[Any] = []
        self._tables: dict[int, Any] = {}

    def install(self) -> None:
        """Wrap SQLite's default VFS, for every connection made from now on."""
        try:
            import _sqlite3

            library = ctypes.CDLL(_sqlite3.__file__)
            find, register = library.sqlite3_vfs_find, library.sqlite3_vfs_register
        except (ImportError, AttributeError, OSError) as error:
            raise Unsupported(str(error)) from error
        find.restype = ctypes.c_void_p
        original: int = find(None)
        vfs = ctypes.create_string_buffer(ctypes.string_at(original, _VFS_BYTES), _VFS_BYTES)
        open_original = _Open(_pointer(original + _OPEN))

        def opened(_vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
            code: int = open_original(original, name, file, flags, out)
            if code == 0 and name is not None:
                self._paths[file] = Path(os.fsdecode(ctypes.string_at(name)))
                self._new.add(file)
                self._deleted.discard(self._paths[file].name)
                ctypes.c_void_p.from_address(file).value = self._wrapped(_pointer(file))
            return code

        delete_original = _Delete(_pointer(original + _DELETE))

        def deleted(_vfs: int, name: bytes, sync_folder: int) -> int:
            code: int = delete_original(original, name, sync_folder)
            if code == 0:
                self._deleted.add(Path(os.fsdecode(name)).name)
                if sync_folder:
                    self._forget()
            return code

        name = ctypes.create_string_buffer(b"synced")
        ctypes.c_void_p.from_address(ctypes.addressof(vfs) + _NAME).value = ctypes.addressof(name)
        self._point(ctypes.addressof(vfs) + _OPEN, _Open(opened))
        self._point(ctypes.addressof(vfs) + _DELETE, _Delete(deleted))
        self._kept += [vfs, name, open_original, delete_original]
        if register(ctypes.byref(vfs), 1) != 0:
            raise Unsupported("SQLite takes no VFS")
        _INSTALLED.append(self)

    def _wrapped(self, methods: int) -> int:
        """The address of a method table like `methods`, but for its sync."""
        if methods not in self._tables:
            table = ctypes.create_string_buffer(
                ctypes.string_at(methods, _METHODS_BYTES), _METHODS_BYTES
            )
            sync_original = _Sync(_pointer(methods + _SYNC))

            def synced(file: int, flags: int) -> int:
                code: int = sync_original(file, flags)
                if code == 0:
                    self._copy(self._paths[file])
                    # With the first sync of a file SQLite syncs the folder: its name, and with it
                    # what was deleted there.
                    if file in self._new:
                        self._new.discard(file)
                        self._forget()
                return code

            self._point(ctypes.addressof(table) + _SYNC, _Sync(synced))
            self._kept.append(sync_original)
            self._tables[methods] = table
        return ctypes.addressof(self._tables[methods])

    def _copy(self, path: Path) -> None:
        part = self._mirror / f".{path.name}"
        shutil.copyfile(path, part)
        part.replace(self._mirror / path.name)  # whole, whenever this process is killed

    def _forget(self) -> None:
        for name in self._deleted:
            (self._mirror / name).unlink(missing_ok=True)
        self._deleted.clear()

    def _point(self, address: int, function: Any) -> None:
        self._kept.append(function)
        pointer = ctypes.cast(function, ctypes.c_void_p).value
        ctypes.c_void_p.from_address(address).value = pointer


def _pointer(address: int) -> int:
    value = ctypes.c_void_p.from_address(address).value
    assert value is not None
    return value


if __name__ == "__main__":
    SyncedFiles(Path(sys.argv.pop(1))).install()
    from longwatch.cli import main

    main()
