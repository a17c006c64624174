"""The sources a server offers: the sample, those of its settings, and those that were added."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from longwatch.jobs.errors import SecretMissing, UnknownSource
from longwatch.protocol.sources import Source, SourceOrigin
from longwatch.protocol.worker import DEFAULT_QUEUE
from longwatch.resources import resource_path
from longwatch.settings import SourceSettings
from longwatch.sources.engines import is_secret
from longwatch.sources.files import Files
from longwatch.sources.vault import Vault

SAMPLE: Final = "sample"


@dataclass(frozen=True, slots=True)
class SourceDefinition:
    """A source and its secrets: sealed ones, and the names of environment variables."""

    source: Source
    sealed: bytes | None = field(default=None, repr=False)
    references: Mapping[str, str] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those that stand in the settings' file, which is the administrator's to guard."""


class SourceCatalogue:
    """Every source by name, in memory."""

    def __init__(
        self,
        given: Mapping[str, SourceSettings],
        default: str,
        *,
        vault: Vault | None = None,
        files: Files | None = None,
        variables: Iterable[str] = (),
    ) -> None:
        """`given` are the settings' own. `variables` are patterns of the environment variables that
        a source may take a secret from."""
        self._definitions = {SAMPLE: _sample()}
        for name, one in given.items():
            self._definitions[name] = _of_settings(name, one)
        self.default = default
        self._vault = vault
        self._files = files
        self._variables = tuple(variables)

    def check_default(self) -> None:
        """Raises `UnknownSource` when the default is none of them."""
        self.get(self.default)

    def get(self, name: str) -> SourceDefinition:
        """One source. Raises `UnknownSource`, naming those there are."""
        try:
            return self._definitions[name]
        except KeyError:
            raise UnknownSource(name, list(self._definitions)) from None

    def find(self, name: str) -> SourceDefinition | None:
        """One source, `None` when there is none of that name."""
        return self._definitions.get(name)

    def all(self) -> list[Source]:
        """Every source, the default first, then by title."""
        sources = [self.told(one) for one in self._definitions.values()]
        return sorted(sources, key=lambda one: (not one.is_default, one.title.casefold()))

    def told(self, definition: SourceDefinition) -> Source:
        """What anybody may know of a source."""
        source = definition.source
        return msgspec.structs.replace(source, is_default=source.name == self.default)

    def put(self, definition: SourceDefinition) -> None:
        """Add a source, or replace the one of its name."""
        self._definitions[definition.source.name] = definition

    def drop(self, name: str) -> None:
        """Forget a source."""
        self._definitions.pop(name, None)

    def most_running(self) -> dict[str, int]:
        """How many jobs may run at once on those sources that say so."""
        # A copy: the store's thread asks while the loop may change them.
        return {
            one.source.name: one.source.max_running
            for one in tuple(self._definitions.values())
            if one.source.max_running is not None
        }

    def queue_of(self, name: str) -> str:
        """Where jobs on a source wait for workers; the usual one for a source that is no more."""
        found = self._definitions.get(name)
        return (found.source.queue if found else None) or DEFAULT_QUEUE

    def options_of(self, definition: SourceDefinition) -> dict[str, str]:
        """What the engine is told of a source but its secrets: its own options, with the paths of
        uploads in place. Raises `InvalidSource` for a path that may not be used any more."""
        source = definition.source
        if self._files is None or source.origin is not SourceOrigin.ADDED:
            return source.options
        return self._files.in_place(source.options)

    def access(self, name: str) -> tuple[dict[str, str], dict[str, str]]:
        """A source's options, and its secrets in the clear, for the runner that is about to need
        them. Raises `UnknownSource`, `InvalidSource`, `SecretMissing` or `SecretsUnreadable`."""
        definition = self.get(name)
        return self.options_of(definition), self.secrets_of(definition)

    def secrets_of(self, definition: SourceDefinition) -> dict[str, str]:
        """The secrets of a definition that may not be in the catalogue. Raises as `access`."""
        found = dict(definition.plain)
        if definition.sealed is not None:
            assert self._vault is not None, "nothing was sealed without one"
            found |= self._vault.unseal(definition.sealed)
        for option, variable in definition.references.items():
            self.check_reference(variable)
            try:
                found[option] = os.environ[variable]
            except KeyError:
                raise SecretMissing(definition.source.name, option, variable) from None
        return found

    def check_reference(self, variable: str) -> None:
        """Raises `SecretMissing` for an environment variable that is not for sources."""
        if not any(fnmatch.fnmatchcase(variable, one) for one in self._variables):
            raise SecretMissing("", "", variable, self._variables)


def _of_settings(name: str, given: SourceSettings) -> SourceDefinition:
    options = dict(given.options)
    if given.path is not None:
        options["path"] = str(given.path.expanduser().resolve())
    plain = {key: value for key, value in options.items() if is_secret(given.engine, key)}
    references = {}
    for key, value in given.secrets.items():
        if isinstance(value, str):
            plain[key] = value
        else:
            references[key] = value.env
    source = Source(
        name=name,
        title=given.title or name,
        engine=given.engine,
        description=given.description or options.get("path", ""),
        is_default=False,
        origin=SourceOrigin.SETTINGS,
        options={key: value for key, value in options.items() if key not in plain},
        secrets=sorted({*plain, *references}),
        max_running=given.max_running,
        queue=given.queue,
    )
    return SourceDefinition(source, references=references, plain=plain)


def _sample() -> SourceDefinition:
    return SourceDefinition(
        Source(
            name=SAMPLE,
            title="Flights sample",
            engine="duckdb",
            description="Every flight that left New York City in 2013, with weather and planes.",
            is_default=False,
            origin=SourceOrigin.PROGRAM,
            options={"path": str(resource_path("samples/nycflights13"))},
        )
    )
