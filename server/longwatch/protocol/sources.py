"""Sources, engines and saved queries as the wire carries them."""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta, field

from longwatch.protocol.jobs import MAX_SQL_CHARS, JobError, SourceName
from longwatch.protocol.parameters import (
    MAX_PARAMETERS,
    ParameterName,
    Parameters,
    ParameterType,
)
from longwatch.protocol.wire import Wire
from longwatch.protocol.worker import QueueName

MAX_TITLE: int = 200
MAX_DESCRIPTION: int = 10_000


class OptionKind(enum.StrEnum):
    """How to ask for an option: a path on the server or an upload, a line of text, a whole number,
    a text that is not shown, one of some choices, yes or no."""

    PATH = "path"
    TEXT = "text"
    NUMBER = "number"
    SECRET = "secret"  # noqa: S105 - a kind, not one
    CHOICE = "choice"
    FLAG = "flag"


class EngineOption(Wire, frozen=True, kw_only=True):
    """One thing that an engine needs to know of a source."""

    name: str
    title: str
    kind: OptionKind
    required: bool = False
    hint: str = ""
    choices: list[str] = field(default_factory=list)


class EngineInfo(Wire, frozen=True, kw_only=True):
    """An engine this server has. `free_options`: it may take options beside those that are
    named."""

    name: str
    title: str
    description: str
    options: list[EngineOption]
    free_options: bool = False


class EngineList(Wire, frozen=True, kw_only=True):
    """Every engine of a server."""

    engines: list[EngineInfo]


class SecretReference(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A secret that is not kept: the environment variable `env` of the server has it."""

    env: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$(?!\n)")]


class SourceOrigin(enum.StrEnum):
    """Where a source is defined, and so where it can be changed: it came with the program, it
    stands in the server's settings, or it was added to the server."""

    PROGRAM = "program"
    SETTINGS = "settings"
    ADDED = "added"


class Source(Wire, frozen=True, kw_only=True):
    """A named place that queries run against. `name` identifies it, `title` is for people.
    `secrets` are the names of those that are set; nobody is told what they are. `queue` is that of
    the workers which have its data at hand."""

    name: str
    title: str
    engine: str
    description: str
    is_default: bool
    origin: SourceOrigin = SourceOrigin.PROGRAM
    options: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    max_running: int | None = None
    queue: str | None = None


class SourceList(Wire, frozen=True, kw_only=True):
    """Every source of a server, the default first."""

    sources: list[Source]


OptionName = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,99}$(?!\n)")]
OptionText = Annotated[str, Meta(max_length=10_000)]


class SourceDraft(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source to be added, changed or tried. Where one is changed, secrets that are not mentioned
    stay as they are; `null` takes one away. `queue` is that of the workers which have its data at
    hand; without one it is for all that take the server's own queue (`longwatch`)."""

    name: Annotated[SourceName, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$(?!\n)")]
    engine: Annotated[str, Meta(min_length=1, max_length=100)]
    title: Annotated[str, Meta(max_length=MAX_TITLE)] = ""
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] = ""
    options: dict[OptionName, OptionText] = field(default_factory=dict)
    secrets: dict[OptionName, OptionText | SecretReference | None] = field(default_factory=dict)
    max_running: Annotated[int, Meta(ge=1, le=256)] | None = None
    queue: QueueName | None = None


class UploadedFile(Wire, frozen=True, kw_only=True):
    """A file that lies on the server now. A source has it as its `path`, which is no path but a
    name for it; `bytes` is its size."""

    path: str
    name: str
    bytes: int


class SourceTest(Wire, frozen=True, kw_only=True):
    """What came of trying a source: how many tables there are and how long it took in seconds, or
    what is wrong."""

    ok: bool
    tables: int
    took_s: float
    error: JobError | None


class QueryParameter(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A `:name` of a saved query, and what to ask for. `many` takes a list of values; an
    `identifier` one of its `choices`."""

    name: ParameterName
    type: ParameterType
    title: Annotated[str, Meta(max_length=MAX_TITLE)] = ""
    default: str | int | float | bool | list[str | int | float | bool | None] | None = None
    many: bool = False
    choices: list[str] | None = None


class SavedQueryDraft(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query to be kept. `folder` is a path of names with slashes between them, empty for none."""

    title: Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]
    folder: Annotated[str, Meta(max_length=MAX_TITLE)] = ""
    description: Annotated[str, Meta(max_length=MAX_DESCRIPTION)] = ""
    source: SourceName | None = None
    sql: Annotated[str, Meta(min_length=1, max_length=MAX_SQL_CHARS)]
    parameters: list[QueryParameter] = field(default_factory=list)


class SavedQuery(Wire, frozen=True, kw_only=True):
    """SQL kept on the server to be run again. `name` identifies it. `expected_s` is roughly how
    long it takes. One that `comes_with_program` cannot be changed."""

    name: str
    title: str
    folder: str
    description: str
    source: str | None
    sql: str
    expected_s: float | None = None
    parameters: list[QueryParameter] = field(default_factory=list)
    owner: str = ""
    comes_with_program: bool = False


class SavedQueryList(Wire, frozen=True, kw_only=True):
    """Every saved query of a server, in the order to show them."""

    queries: list[SavedQuery]


class EstimateRequest(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The query to estimate: as in `Submission`."""

    sql: Annotated[str, Meta(max_length=MAX_SQL_CHARS)]
    source: SourceName | None = None
    parameters: Annotated[Parameters, Meta(max_length=MAX_PARAMETERS)] = field(default_factory=dict)
