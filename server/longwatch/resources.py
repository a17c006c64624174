"""Finds the data files that come with the program: in a wheel, a bundle or a checkout."""

from __future__ import annotations

from pathlib import Path


def resource_path(name: str) -> Path:
    """The file or folder `name` (such as `samples/nycflights13`).

    A wheel and a frozen bundle carry them inside the package; an editable checkout has them in
    `resources/` at its top. Raises `FileNotFoundError` with every place looked at.
    """
    package = Path(__file__).resolve().parent
    places = [package / "_resources" / name, package.parents[1] / "resources" / name]
    for place in places:
        if place.exists():
            return place
    looked = " or ".join(str(place) for place in places)
    raise FileNotFoundError(f"Longwatch's own file {name!r} is missing: looked for {looked}.")
