"""Adding, changing, trying and removing sources, and asking them what they hold."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from longwatch.execution.contract import Executor
from longwatch.jobs.errors import InvalidSource, SourceExists, SourceFixed
from longwatch.jobs.model import new_job
from longwatch.protocol.catalogue import Catalogue, Estimate
from longwatch.protocol.jobs import JobError, Submission
from longwatch.protocol.parameters import Parameter
from longwatch.protocol.sources import (
    EstimateRequest,
    OptionKind,
    SecretReference,
    Source,
    SourceDraft,
    SourceOrigin,
    SourceTest,
)
from longwatch.runner.spec import Answer, Question
from longwatch.sources.catalogue import SourceCatalogue, SourceDefinition
from longwatch.sources.engines import engine_info, engine_infos, is_secret
from longwatch.sources.files import Files
from longwatch.sources.vault import Vault
from longwatch.store import sources as stored
from longwatch.store.store import Store
from longwatch.store.writer import Transaction

ABANDONED_S = 86_400.0
"""How long after an upload a source may still be made of it, across restarts of the server."""
_WHERE = {
    SourceOrigin.PROGRAM: "comes with the program",
    SourceOrigin.SETTINGS: "stands in the server's settings (config.toml)",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """What a source holds, or why nobody knows."""

    catalogue: Catalogue | None
    error: JobError | None


class SourceService:
    """The only writer of the catalogue."""

    def __init__(
        self,
        store: Store,
        catalogue: SourceCatalogue,
        executor: Executor,
        vault: Vault,
        files: Files,
        log: structlog.stdlib.BoundLogger,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._catalogue = catalogue
        self._executor = executor
        self._vault = vault
        self._files = files
        self._log = log
        self._now = now
        self._changing = asyncio.Lock()

    async def start(self) -> None:
        """Take up those that were added before. A name that the settings have taken since is
        theirs. Raises `UnknownSource` when the default source is none of all."""
        for one in await self._store.run(stored.all_sources):
            if self._catalogue.find(one.source.name) is None:
                self._catalogue.put(_defined(one))
            else:
                self._log.warning("source hidden by the settings", source=one.source.name)
        self._catalogue.check_default()
        await self._drop_uploads(older_s=ABANDONED_S)

    async def reload(self) -> None:
        """Another server on the store has changed sources: take them as they are there. Raises
        `StoreError`."""
        async with self._changing:
            there = {one.source.name: one for one in await self._store.run(stored.all_sources)}
            for source in self._catalogue.all():
                if source.origin is SourceOrigin.ADDED and source.name not in there:
                    self._catalogue.drop(source.name)
            for name, one in there.items():
                known = self._catalogue.find(name)
                if known is None or known.source.origin is SourceOrigin.ADDED:
                    self._catalogue.put(_defined(one))

    async def add(self, draft: SourceDraft) -> Source:
        """Add a source. Raises `SourceExists`, `InvalidSource`, `SecretMissing` or `StoreError`."""
        async with self._changing:
            if self._catalogue.find(draft.name) is not None:
                raise SourceExists(draft.name)
            source = await self._keep(draft, None)
            await self._drop_uploads()
            return source

    async def change(self, name: str, draft: SourceDraft) -> Source:
        """Replace a source that was added; jobs that run on it go on as they began. Raises
        `UnknownSource`, `SourceFixed`, `SourceExists` and what `add` raises."""
        async with self._changing:
            before = self._changeable(name)
            if draft.name != name and self._catalogue.find(draft.name) is not None:
                raise SourceExists(draft.name)
            source = await self._keep(draft, before)
            await self._drop_uploads()
            return source

    async def remove(self, name: str) -> None:
        """Forget a source that was added. What was run on it stays. Raises `UnknownSource`,
        `SourceFixed` or `SourceInUse`."""
        async with self._changing:
            definition = self._changeable(name)
            # First, so that nothing is submitted for it between the count and the end.
            self._catalogue.drop(name)
            try:
                await self._store.run(stored.delete_idle_source, name)
            except BaseException:
                self._catalogue.put(definition)
                raise
            self._log.info("source removed", source=name)
            await self._drop_uploads()

    async def test(self, name: str) -> SourceTest:
        """Open a source and count its tables. Raises `UnknownSource` and what `secrets` raises."""
        definition = self._catalogue.get(name)
        return await self._test(definition)

    async def try_out(self, draft: SourceDraft) -> SourceTest:
        """The same of one that is not added yet, or as it would be if it were changed. Raises
        `InvalidSource` or `SecretMissing`."""
        before = self._catalogue.find(draft.name)
        return await self._test(await asyncio.to_thread(self._define, draft, before))

    async def catalogue(self, name: str) -> Looked:
        """The tables of a source. Raises `UnknownSource` and what `secrets` raises."""
        answer = await self._ask(self._catalogue.get(name), Question.CATALOGUE)
        return Looked(answer.catalogue, answer.error)

    async def estimate(self, request: EstimateRequest, *, only_of: str | None = None) -> Estimate:
        """What to expect of a query; runs nothing. Earlier runs count if they were those of
        `only_of` (`None`: anybody's). Raises `UnknownSource`, `InvalidSubmission` and
        what `secrets` raises."""
        definition = self._catalogue.get(request.source or self._catalogue.default)
        name = definition.source.name
        submission = Submission(sql=request.sql, source=name, parameters=request.parameters)
        job = new_job(submission, source=name, owner="", now=self._now())
        answer = await self._ask(
            definition, Question.ESTIMATE, sql=job.sql, parameters=job.parameters
        )
        if answer.estimate is None:
            return Estimate(error=answer.error)
        runs = await self._store.run(stored.past_runs, name, job.preview, job.sql, only_of)
        if not runs.took_s:
            return answer.estimate
        last = runs.last
        # With other values for its parameters a query returns other rows.
        known = last if last is not None and last.complete and not request.parameters else None
        return msgspec.structs.replace(
            answer.estimate,
            low_s=min(runs.took_s),
            high_s=max(runs.took_s),
            runs=len(runs.took_s),
            basis="history",
            rows=known.rows if known else answer.estimate.rows,
            bytes=known.bytes if known else answer.estimate.bytes,
            rows_known=known is not None,
        )

    async def _test(self, definition: SourceDefinition) -> SourceTest:
        began_s = time.monotonic()
        answer = await self._ask(definition, Question.TEST)
        return SourceTest(
            ok=answer.error is None,
            tables=len(answer.catalogue.tables) if answer.catalogue else 0,
            took_s=round(time.monotonic() - began_s, 3),
            error=answer.error,
        )

    async def _ask(
        self,
        definition: SourceDefinition,
        question: Question,
        *,
        sql: str = "",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> Answer:
        secrets = await asyncio.to_thread(self._catalogue.secrets_of, definition)
        options = self._catalogue.options_of(definition) | secrets
        engine = definition.source.engine
        return await self._executor.inspect(
            engine, question, options, sql=sql, parameters=parameters
        )

    async def _keep(self, draft: SourceDraft, before: SourceDefinition | None) -> Source:
        definition = await asyncio.to_thread(self._define, draft, before)
        one = stored.StoredSource(definition.source, definition.sealed, definition.references)
        renamed = before is not None and before.source.name != draft.name
        old = before if before is not None and renamed else None

        def keep(tx: Transaction) -> None:
            if old is not None:
                stored.delete_idle_source(tx, old.source.name)
            stored.put_source(tx, one, self._now())

        if old is not None:
            self._catalogue.drop(old.source.name)
        try:
            await self._store.run(keep)
        except BaseException:
            if old is not None:
                self._catalogue.put(old)
            raise
        self._catalogue.put(definition)
        self._log.info("source kept", source=draft.name, engine=draft.engine)
        return self._catalogue.told(definition)

    async def _drop_uploads(self, *, older_s: float | None = None) -> None:
        """Delete the uploads that no source names. One that was just made is of a source to come:
        only those that were named before go at once."""
        named = {one.options.get("path", "") for one in self._catalogue.all()}
        await asyncio.to_thread(self._files.sweep, named, older_s)

    def _changeable(self, name: str) -> SourceDefinition:
        definition = self._catalogue.get(name)
        origin = definition.source.origin
        if origin is not SourceOrigin.ADDED:
            raise SourceFixed(name, _WHERE[origin])
        return definition

    def _define(self, draft: SourceDraft, before: SourceDefinition | None) -> SourceDefinition:
        """The definition that a draft makes; reads files' places and the vault, so in a thread."""
        options = _checked(draft)
        info = engine_info(draft.engine)
        if info is not None and info.free_options and not self._files.is_open:
            raise InvalidSource(
                f"The {info.title} engine can be told to open any file of the server, so on one "
                "that others reach its sources stand in the settings (config.toml).",
                "/engine",
            )
        options = self._files.checked(options)
        # Secrets that are not mentioned stay, but only while they go to the same place: whoever may
        # change a source must not send its password to a server of their own.
        kept = before if before is not None and _same_place(before.source, draft, options) else None
        references = dict(kept.references) if kept else {}
        secrets = self._vault.unseal(kept.sealed) if kept and kept.sealed else {}
        for name, given in draft.secrets.items():
            references.pop(name, None)
            secrets.pop(name, None)
            if isinstance(given, SecretReference):
                self._catalogue.check_reference(given.env)
                references[name] = given.env
            elif given is not None:
                secrets[name] = given
        source = Source(
            name=draft.name,
            title=draft.title or draft.name,
            engine=draft.engine,
            description=draft.description,
            is_default=False,
            origin=SourceOrigin.ADDED,
            options=options,
            secrets=sorted({*secrets, *references}),
            max_running=draft.max_running,
            queue=draft.queue,
        )
        try:
            sealed = self._vault.seal(secrets) if secrets else None
        except OSError as error:
            raise InvalidSource(
                f"The key for secrets cannot be written: {error.strerror}. Make room, or give the "
                "secrets as environment variables.",
                "/secrets",
            ) from error
        return SourceDefinition(source, sealed, references)


def _same_place(before: Source, draft: SourceDraft, options: dict[str, str]) -> bool:
    if any(draft.secrets.get(name) is not None for name in _ADDRESSES):
        return False  # a secret that says where to go

    def place(engine: str, given: dict[str, str]) -> tuple[object, ...]:
        return engine, sorted((key, one) for key, one in given.items() if key not in _HARMLESS)

    return place(before.engine, before.options) == place(draft.engine, options)


_ADDRESSES = ("url", "uri")
_HARMLESS = frozenset({"dbname", "writable", "options", "user"})


def _checked(draft: SourceDraft) -> dict[str, str]:
    """The options of a draft without empty ones. Raises `InvalidSource`."""
    info = engine_info(draft.engine)
    if info is None:
        known = ", ".join(one.name for one in engine_infos())
        raise InvalidSource(f"There is no engine {draft.engine!r} here. Known: {known}.", "/engine")
    options = {name: value.strip() for name, value in draft.options.items() if value.strip()}
    named = {one.name: one for one in info.options}
    for name in [*options, *draft.secrets]:
        if name not in named and not info.free_options:
            known = ", ".join(named)
            raise InvalidSource(
                f"The {info.title} engine has no option {name!r}. It has: {known}.", "/options"
            )
    for name in options:
        if is_secret(draft.engine, name):
            raise InvalidSource(
                f"{name!r} is a secret: give it among the secrets, where nobody is told of it.",
                f"/options/{name}",
            )
    for name in draft.secrets:
        if not is_secret(draft.engine, name) and name in named:
            raise InvalidSource(f"{name!r} is no secret: give it as an option.", f"/secrets/{name}")
    for one in info.options:
        value = options.get(one.name)
        if one.required and value is None and one.kind is not OptionKind.SECRET:
            raise InvalidSource(f"{one.title} is missing.", f"/options/{one.name}")
        if value is not None:
            _check_option(one.kind, one.title, value, one.choices, f"/options/{one.name}")
    return options


def _check_option(
    kind: OptionKind, title: str, value: str, choices: list[str], pointer: str
) -> None:
    if "\x00" in value:
        raise InvalidSource(f"{title} contains a NUL character.", pointer)
    if kind is OptionKind.NUMBER and not (value.isdecimal() and len(value) <= 9):
        raise InvalidSource(f"{title} is to be a whole number, not {value[:40]!r}.", pointer)
    if kind is OptionKind.CHOICE and value not in choices:
        raise InvalidSource(f"{title} is to be one of {', '.join(choices)}.", pointer)
    if kind is OptionKind.FLAG and value not in {"true", "false"}:
        raise InvalidSource(f"{title} is to be true or false.", pointer)
    if kind is OptionKind.PATH and not Path(value).is_absolute() and not value.startswith("file:"):
        raise InvalidSource(f"{title} is to be a whole path, from the root on.", pointer)


def _defined(one: stored.StoredSource) -> SourceDefinition:
    return SourceDefinition(one.source, one.sealed, one.references)
