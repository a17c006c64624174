"""Files that sources are made of: named where they lie on the server, or uploaded to it.

An upload gets a folder of its own, named by the server, in `files` of the data folder; its own name
is cleaned, and kept because it becomes the table's. A source names it as `file:ID`.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
import time
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from longwatch.durable import sync
from longwatch.jobs.errors import InvalidSource, UploadRefused

SCHEME: Final = "file:"
_OWNER: Final = ".owner"
"""Beside an upload: who uploaded it."""
_ID: Final = re.compile(r"[a-f0-9]{24}")
_TEXT: Final = frozenset({".csv", ".tsv", ".json", ".jsonl", ".ndjson"})
_PACKED: Final = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
_MAGIC: Final = {
    ".parquet": (0, b"PAR1"),
    ".duckdb": (8, b"DUCK"),
    ".ddb": (8, b"DUCK"),
    ".sqlite": (0, b"SQLite format 3\x00"),
    ".sqlite3": (0, b"SQLite format 3\x00"),
}
_KINDS: Final = ", ".join(sorted({*_TEXT, *_MAGIC, ".db"}))
_HEAD: Final = 4096


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that is being taken in: written to `part`, then `Files.keep`t."""

    file_id: str
    name: str
    part: Path
    owner: str = ""


class Files:
    """Where sources' files may be, and those that were uploaded."""

    def __init__(
        self,
        folder: Path,
        *,
        allowed: Sequence[Path] | None,
        private: Path,
        most_bytes: int = 10 * 2**30,
    ) -> None:
        """`folder` is for uploads, `most_bytes` each. `allowed` are the folders in which a source
        may name a file, `None` for any; `private` is the data folder, in which none may."""
        self.most_bytes = most_bytes
        self._named: set[str] = set()
        self._folder = folder
        self._allowed = None if allowed is None else [one.resolve() for one in allowed]
        self._private = private.resolve()
        self._taken: dict[str, tuple[str, int]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether a source may name any file, as its user could open it anyway."""
        return self._allowed is None

    def checked(self, options: dict[str, str]) -> dict[str, str]:
        """Options whose `path` may be used: an upload that is there, or a path without links in
        it. Raises `InvalidSource`."""
        given = options.get("path")
        if given is None:
            return options
        if given.startswith(SCHEME):
            if self._place(given) is None:
                raise InvalidSource("That upload is not on this server any more.", "/options/path")
            return options
        path = _resolved(given)
        if path.is_relative_to(self._private) or self._private.is_relative_to(path):
            raise InvalidSource(
                f"{given} holds the server's own files. Choose another folder.", "/options/path"
            )
        allowed = self._allowed
        if allowed is not None and not any(path.is_relative_to(one) for one in allowed):
            where = ", ".join(map(str, allowed))
            instead = f"It allows those in {where}." if where else "Upload the file instead."
            raise InvalidSource(
                f"This server does not let sources name the file or folder {given}. {instead}",
                "/options/path",
            )
        return {**options, "path": str(path)}

    def in_place(self, options: dict[str, str]) -> dict[str, str]:
        """Options with an upload's path in place of its id; where it is gone, one that is not
        there. Raises `InvalidSource` for a path that may not be used any more."""
        given = options.get("path", "")
        if not given.startswith(SCHEME):
            # Again: a folder on the way may have become a link to somewhere else.
            return self.checked(options)
        found = self._place(given)
        return {**options, "path": str(found or self._folder / given.removeprefix(SCHEME))}

    def taken_up(self) -> dict[str, int]:
        """How many bytes each person has uploaded; read from the disk once."""
        if self._taken is None:
            self._taken = dict(self._found())
        sizes: dict[str, int] = {}
        for owner, size in [*self._taken.values()]:
            sizes[owner] = sizes.get(owner, 0) + size
        return sizes

    def begin(self, name: str, owner: str = "") -> Upload:
        """Take in a file of that name from somebody. Raises `UploadRefused` for one that is of no
        use, `OSError` when there is no room."""
        clean = _clean(name)
        if _kind(clean) is None:
            raise UploadRefused(f"{clean!r} is none of the files that can be read: {_KINDS}.")
        file_id = secrets.token_hex(12)
        folder = self._folder / file_id
        folder.mkdir(parents=True, mode=0o700)
        (folder / _OWNER).write_text(owner, "utf-8")
        return Upload(file_id, clean, folder / ".part", owner)

    def keep(self, upload: Upload) -> str:
        """An upload has come whole; returns the path that a source names it by. Raises
        `UploadRefused` when it is not what its name says."""
        with upload.part.open("rb") as file:
            problem = _problem(upload.name, file.read(_HEAD))
        sync(upload.part)
        if problem is not None:
            raise UploadRefused(problem)
        size = upload.part.stat().st_size
        upload.part.rename(upload.part.with_name(upload.name))
        if self._taken is not None:
            self._taken[upload.file_id] = (upload.owner, size)
        return SCHEME + upload.file_id

    def drop(self, upload: Upload) -> None:
        """An upload did not come whole, or is not wanted."""
        shutil.rmtree(upload.part.parent, ignore_errors=True)

    def sweep(self, named: Collection[str], older_s: float | None = None) -> None:
        """Delete what no source names: `named` are their paths. Of the rest, what was named when
        this was last called goes at once, and with `older_s` what is as old as that."""
        ids = {one.removeprefix(SCHEME) for one in named if one.startswith(SCHEME)}
        gone = self._named - ids
        self._named = ids
        try:
            folders = [one for one in self._folder.iterdir() if _ID.fullmatch(one.name)]
        except FileNotFoundError:
            return
        now_s = time.time()
        for folder in folders:
            with contextlib.suppress(OSError):
                old = older_s is not None and now_s - folder.stat().st_mtime > older_s
                if folder.name in gone or (old and folder.name not in ids):
                    shutil.rmtree(folder, ignore_errors=True)
                    if self._taken is not None:
                        self._taken.pop(folder.name, None)

    def _found(self) -> Iterator[tuple[str, tuple[str, int]]]:
        with contextlib.suppress(FileNotFoundError):
            for folder in self._folder.iterdir():
                place = self._place(SCHEME + folder.name)
                with contextlib.suppress(OSError):
                    size = 0 if place is None else place.stat().st_size
                    yield folder.name, (_owner_in(folder), size)

    def _place(self, given: str) -> Path | None:
        file_id = given.removeprefix(SCHEME)
        if not _ID.fullmatch(file_id):
            return None
        try:
            names = [one for one in (self._folder / file_id).iterdir() if one.name[0] != "."]
        except OSError:
            return None
        return names[0] if len(names) == 1 else None


def _owner_in(folder: Path) -> str:
    """Who uploaded it; nobody, of what is older than that is noted."""
    try:
        return (folder / _OWNER).read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


def _clean(name: str) -> str:
    """The last part of a name, of letters, digits and a few signs, not too long."""
    last = unicodedata.normalize("NFC", re.split(r"[/\\]", name)[-1])
    kept = re.sub(r"[^\w.\- ]", "_", last).strip(". ") or "file"
    stem, dot, ending = kept.partition(".")
    # File systems count bytes.
    return f"{stem.encode()[:150].decode(errors='ignore')}{dot}{ending[-19:]}"


def _resolved(given: str) -> Path:
    try:
        return Path(given).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links is a RuntimeError
        raise InvalidSource(f"{given} cannot be followed: {error}.", "/options/path") from None


def _kind(name: str) -> str | None:
    lowered = name.lower()
    for packed in _PACKED:
        if lowered.endswith(packed):
            inner = Path(lowered.removesuffix(packed)).suffix
            return packed if inner in _TEXT else None
    suffix = Path(lowered).suffix
    return suffix if suffix in _TEXT or suffix in _MAGIC or suffix == ".db" else None


def _problem(name: str, head: bytes) -> str | None:
    """Why a file is not what its name says; `None` when it may be."""
    kind = _kind(name)
    if not head:
        return f"{name} is empty."
    if kind in _PACKED:
        return None if head.startswith(_PACKED[kind]) else f"{name} is not compressed as it says."
    if kind in _MAGIC:
        at, magic = _MAGIC[kind]
        return None if head[at:].startswith(magic) else f"{name} is no {kind[1:]} file."
    if kind == ".db":
        known = (_MAGIC[".duckdb"], _MAGIC[".sqlite"])
        fits = any(head[at:].startswith(magic) for at, magic in known)
        return None if fits else f"{name} is neither a DuckDB nor an SQLite database."
    return f"{name} is not text." if b"\x00" in head else None
