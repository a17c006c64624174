"""Where the bundle begins: the command line, or the module that `-m` names.

Runners and helpers are started as `sys.executable -m MODULE`; in a bundle `sys.executable` is this.
"""

from __future__ import annotations

import multiprocessing
import runpy
import sys
from typing import Final

MODULES: Final = frozenset({"longwatch", "longwatch.runner", "longwatch.results.helper"})


def main() -> None:
    """Run what was asked for."""
    if sys.argv[1:2] == ["-m"] and len(sys.argv) > 2 and sys.argv[2] in MODULES:
        module = sys.argv[2]
        sys.argv[1:3] = []
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    from longwatch.cli import main as command_line  # noqa: PLC0415 - not what a runner needs

    command_line()


if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
