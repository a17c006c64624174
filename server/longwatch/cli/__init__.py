"""The command line: `longwatch`, on the same client as the window.

Importing it costs nothing; click (40 ms) is imported by `main`, rich and the client by the
commands that need them.
"""

from __future__ import annotations


def main() -> None:
    """The `longwatch` command. Ends the process with one of `exits.Exit`."""
    from longwatch.cli.app import run

    run()
