"""The saved queries that come with the program, those that take a second or more."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).parents[3] / "resources" / "queries" / "examples.toml"
LEAST_S: Final = 1


def _always(sql: str) -> Callable[[random.Random], str]:
    return lambda _r: sql


SAMPLES: Final = {
    one["name"].replace("-", "_"): _always(one["sql"])
    for one in tomllib.loads(FILE.read_text(encoding="utf-8"))["query"]
    if one["expected_s"] >= LEAST_S
}
