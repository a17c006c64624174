"""The real program, `longwatch_desktop.app.main`, driven over stdin.

    python driven_window.py DATA_DIR

Each line of stdin is a JSON list `[command, argument…]`; each is answered by one line of JSON on
stdout. Commands are the methods of `driven_program.Driver`. The program itself is what a person
starts.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from longwatch_desktop import app  # noqa: E402 - found by the line above
from support.watched_window import WatchedWindow  # noqa: E402


def load() -> app.CarryOn:
    """As `app.load`."""
    from longwatch_desktop.program import carry_on
    from support.driven_program import Driver

    return partial(carry_on, make=Driver)


if __name__ == "__main__":
    folder = Path(sys.argv.pop())
    sys.exit(app.main(folder, window=WatchedWindow, load=load))
