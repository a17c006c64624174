"""Where things are kept on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

DATA_DIR_VARIABLE: Final = "LONGWATCH_DATA_DIR"


def default_data_dir() -> Path:
    """The data folder: `$LONGWATCH_DATA_DIR`, else the platform's place for user data.

    It is not created here; the server does that, with mode 0700.
    """
    chosen = os.environ.get(DATA_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    import platformdirs  # noqa: PLC0415 - 8 ms that a caller with a folder of its own saves

    return Path(platformdirs.user_data_dir("longwatch", appauthor=False))
