"""Writes what Longwatch consists of beside itself: an SBOM (CycloneDX 1.6) and the licences.

    .venv/bin/python packaging/inventory.py dist desktop postgres

The first argument is a folder, the others are the extras that count. Packages are looked up in the
environment that this runs in, with everything they need themselves.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = "longwatch"
PYPROJECT: Final = Path(__file__).resolve().parents[1] / "pyproject.toml"
SBOM: Final = "longwatch.cdx.json"
LICENCES: Final = "THIRD-PARTY-LICENCES.txt"
_FILES: Final = ("licen", "copying", "notice", "copyright")


def main(folder: Path, extras: list[str]) -> None:
    """Write both files into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = closure(extras)
    (folder / SBOM).write_text(bill_of_materials(found, extras), encoding="utf-8")
    (folder / LICENCES).write_text(licences(found), encoding="utf-8")
    print(f"{folder / SBOM}, {folder / LICENCES}: {len(found) - 1} packages")


def closure(extras: list[str]) -> dict[str, Distribution]:
    """The project and every package it needs with these extras, by name; what is for another
    system or Python is left out. Raises `SystemExit` for one that is not installed."""
    found = {PROJECT: distribution(PROJECT)}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = own_needs(extras)
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed here: run `make setup` first.") from None
        for line in found[name].requires or []:
            needed = Requirement(line)
            asked = ["", *wanted.extras]
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in asked):
                queue.append(needed)
    return dict(sorted(found.items()))


def own_needs(extras: list[str]) -> list[Requirement]:
    """What the project itself asks for: an installed copy may be of another day."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    lines = [*project["dependencies"], *(line for extra in extras for line in optional[extra])]
    return [Requirement(line) for line in lines]


def bill_of_materials(found: dict[str, Distribution], extras: list[str]) -> str:
    """The SBOM as JSON."""
    components = {name: _component(one) for name, one in found.items()}
    own = components[PROJECT]
    own.type = ComponentType.APPLICATION
    own.properties.add(Property(name="longwatch:extras", value=",".join(extras)))
    bom = Bom(components=[one for name, one in components.items() if name != PROJECT])
    bom.metadata.component = own
    for name, one in found.items():
        lines = own_needs(extras) if name == PROJECT else map(Requirement, one.requires or [])
        needed = {canonicalize_name(line.name) for line in lines}
        bom.register_dependency(
            components[name], [components[other] for other in sorted(needed & components.keys())]
        )
    writer = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6)
    return writer.output_as_string(indent=2) + "\n"


def _component(one: Distribution) -> Component:
    name = canonicalize_name(one.name)
    return Component(
        name=name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{name}=={one.version}",
        purl=PackageURL("pypi", name=name, version=one.version),
        licenses=[LicenseFactory().make_from_string(licence_of(one))],
    )


def licence_of(one: Distribution) -> str:
    """What a package says of its licence: an SPDX expression, the classifiers, or its own words."""
    told = one.metadata
    for expression in told.get_all("License-Expression") or []:
        return str(expression)
    classified = [
        line.rpartition(" :: ")[2]
        for line in told.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    words = " ".join(" ".join(told.get_all("License") or []).split())
    if classified:
        return ", ".join(classified)
    return words if 0 < len(words) < 80 else "see its licence file"


def licences(found: dict[str, Distribution]) -> str:
    """A table, then the texts."""
    others = [(name, one) for name, one in found.items() if name != PROJECT]
    width = max((len(name) + len(one.version) for name, one in others), default=0) + 3
    table = [f"{f'{name} {one.version}':<{width}}{licence_of(one)}" for name, one in others]
    parts = ["Longwatch uses these packages, unchanged:", "\n".join(table)]
    for name, one in others:
        for title, text in _texts(one):
            parts.append(f"{'=' * 80}\n{name} {one.version}: {title}\n{'=' * 80}\n\n{text.strip()}")
    return "\n\n".join(parts) + "\n"


def _texts(one: Distribution) -> Iterator[tuple[str, str]]:
    for file in one.files or []:
        in_metadata = any(part.endswith(".dist-info") for part in file.parts)
        if in_metadata and file.name.lower().startswith(_FILES):
            place = Path(str(file.locate()))
            if place.is_file():
                yield file.name, place.read_text(encoding="utf-8", errors="replace")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
