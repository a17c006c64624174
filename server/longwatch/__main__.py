"""`python -m longwatch`: the command line."""

from __future__ import annotations

from longwatch.cli import main

if __name__ == "__main__":
    main()
