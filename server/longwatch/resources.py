"""Finds the data files that come with the program: in a wheel, a bundle or a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent


def resource_path(name: str, package: Path = HERE) -> Path:
    """The file or folder `name` (such as `samples/nycflights13`) that comes with `package`, the
    folder of one of the program's two packages.

    A wheel and a frozen bundle carry them inside the package; an editable checkout has them in
    `resources/` at its top. Raises `FileNotFoundError` with every place looked at.
    """
    places = [package / "_resources" / name, package.parents[1] / "resources" / name]
    for place in places:
        if place.exists():
            return place
    looked = " or ".join(str(place) for place in places)
    raise FileNotFoundError(f"Longwatch's own file {name!r} is missing: looked for {looked}.")
