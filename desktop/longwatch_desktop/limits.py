"""What the server of this computer allows a query: the `config.toml` in its data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from longwatch_desktop.saving import write_whole
from longwatch_desktop.translation import tr

FILE: Final = "config.toml"
MIB: Final = 2**20
GIB: Final = 2**30


class LimitsUnreadable(Exception):
    """The file is there, and nothing that can be read or written; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One setting: its name in the file, the unit a person sets it in, and how far it may go."""

    name: str
    unit: float = 1
    least: int = 1
    most: int = 1_000_000


MAX_RUNNING: Final = Limit("max_running", most=256)
MEMORY: Final = Limit("memory_bytes", unit=MIB, least=64, most=16 * 2**20)
THREADS: Final = Limit("threads", most=1_024)
MAX_RUN: Final = Limit("max_run_s", unit=60, most=60 * 24 * 30)
KEEP_RESULTS: Final = Limit("keep_results_days", most=36_500)
KEEP_BYTES: Final = Limit("keep_results_bytes", unit=GIB, most=1_000_000)
KEEP_JOBS: Final = Limit("keep_jobs", most=10_000_000)
LIMITS: Final = (MAX_RUNNING, MEMORY, THREADS, MAX_RUN, KEEP_RESULTS, KEEP_BYTES, KEEP_JOBS)


def read_limits(folder: Path) -> dict[str, float]:
    """What the file sets, by the names of `LIMITS`. Not for the window's thread.

    Raises `LimitsUnreadable`.
    """
    document = _document(folder / FILE)
    return {
        one.name: value
        for one in LIMITS
        if isinstance(value := document.get(one.name), (int, float)) and not isinstance(value, bool)
    }


def write_limits(folder: Path, changed: dict[str, float | None]) -> None:
    """Set what is `changed`, by name; `None` leaves it to the server. All else in the file stays as
    it is, comments too. Not for the window's thread. Raises `LimitsUnreadable` and `OSError`."""
    import tomlkit  # noqa: PLC0415 - in the worker thread, when it is needed

    path = folder / FILE
    document = _document(path)
    for name, value in changed.items():
        if value is None:
            document.pop(name, None)
        else:
            whole = int(value)
            document[name] = whole if whole == value else value
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, tomlkit.dumps(document).encode())


def _document(path: Path) -> Any:
    import tomlkit  # noqa: PLC0415
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    try:
        return tomlkit.parse(path.read_text("utf-8"))
    except FileNotFoundError:
        return tomlkit.document()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        text = tr("The settings in {path} cannot be read: {error}. Mend the file, or move it away.")
        raise LimitsUnreadable(text.format(path=path, error=error)) from error
