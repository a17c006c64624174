"""A window that remembers what had been imported when it was painted first."""

from __future__ import annotations

import sys
from typing import Any, Final

from longwatch_desktop.window import MainWindow

HEAVY: Final = (
    *("fastapi", "sqlalchemy", "uvicorn", "httpx", "websockets", "duckdb", "pyarrow", "pydantic"),
    *("numpy", "asyncio", "msgspec", "longwatch_desktop.session"),
)


class WatchedWindow(MainWindow):
    """`first_paint` is `None` until then."""

    first_paint: list[str] | None = None

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        if self.first_paint is None:
            self.first_paint = [name for name in HEAVY if name in sys.modules]
        super().paintEvent(event)
