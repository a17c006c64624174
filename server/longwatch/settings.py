"""Settings of a server: arguments over environment over a TOML file over defaults."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import psutil
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as UnreadableVariable

from longwatch.paths import default_data_dir
from longwatch.secret_files import SecretFiles

MIB = 2**20
MASK: Final = "***"
_PASSWORD: Final = re.compile(r"(://[^/@\s:]*:)[^@\s]*@")
"""Of an address such as postgresql://user:password@host/."""


def _owner() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container user without an entry in the password file
        return "me"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _fifth_of_disk(data_dir: Path) -> int:
    """Room for results by default. A fifth leaves the rest to the data and to what queries spill;
    of a disk of 500 GB it is 1.4 thousand million rows of ten columns."""
    absolute = data_dir.absolute()
    place = next((one for one in (absolute, *absolute.parents) if one.exists()), None)
    return 0 if place is None else shutil.disk_usage(place).total // 5


def _split(value: object) -> object:
    return [one.strip() for one in value.split(",")] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several names: a list in TOML, separated by commas in the environment."""


class SettingsError(ValueError):
    """The settings cannot be used; says which one, and why."""


def _secret(name: str, given: SecretStr | None, file: Path | None) -> str | None:
    """A secret that the settings name, themselves or in a file; `None` if they name none. Raises
    `SettingsError` when the file cannot be read."""
    if given is not None:
        return given.get_secret_value()
    return None if file is None else read_secret(file, f"{name}_file")


class Variable(BaseModel):
    """`{ env = "NAME" }`: the environment variable that has a secret."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str


class SourceSettings(BaseModel):
    """A `[sources.NAME]` table: what an engine needs to find the data, and what people call it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str = "duckdb"
    path: Path | None = Field(
        default=None, description="a folder of Parquet, CSV or JSON files, or a database file"
    )
    options: dict[str, str] = Field(default_factory=dict)
    secrets: dict[str, str | Variable] = Field(default_factory=dict, repr=False)
    title: str = ""
    description: str = ""
    max_running: int | None = Field(default=None, ge=1, description="queries at once on it")
    queue: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}$",
        description="the workers that have its data take jobs from this queue",
    )


class Settings(BaseSettings):
    """Everything a server can be told. Every field is also `LONGWATCH_<FIELD>`; a secret one
    also what is in the file that `LONGWATCH_<FIELD>_FILE` names. The TOML file is `config.toml` in
    the data folder."""

    model_config = SettingsConfigDict(env_prefix="LONGWATCH_", extra="forbid", frozen=True)

    data_dir: Path = Field(default_factory=default_data_dir)
    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535, description="0 takes any free port")
    token: SecretStr | None = Field(default=None, description="made anew at each start if absent")
    token_file: Path | None = None
    store: SecretStr | None = Field(
        default=None, description="postgresql://… for several servers; a file if absent"
    )
    store_file: Path | None = None
    jobs_dir: Path | None = Field(
        default=None, description="folder of results, for all servers on one store"
    )
    team_url: str | None = Field(
        default=None, description="where the other servers on one store reach this one"
    )
    allowed_hosts: Names = ()
    allowed_origins: Names = ()
    behind_proxy: bool = Field(
        default=False, description="a TLS proxy stands before the server, and says who asks"
    )
    tls_certificate: Path | None = Field(
        default=None, description="PEM file of the certificate and its chain, for HTTPS"
    )
    tls_key: Path | None = Field(
        default=None, description="PEM file of its key, if that is not in the same file"
    )
    tls_self_signed: bool = Field(
        default=False, description="make a certificate that clients know by its fingerprint"
    )
    owner: str = Field(default_factory=_owner)
    jobs_visible_to: Literal["team", "owner"] = Field(
        default="team", description="whose jobs people see who are no admins: everybody's, or own"
    )
    max_running: int = Field(default=2, ge=1, le=256, description="queries at once")
    max_running_per_owner: int | None = Field(
        default=None, ge=1, description="queries of one owner at once"
    )
    max_queued: int = Field(default=100_000, ge=1, description="jobs that may wait, in all")
    max_queued_per_owner: int = Field(
        default=10_000, ge=1, description="jobs of one owner that may wait"
    )
    max_feeds: int = Field(default=10_000, ge=1, description="open feeds in all")
    max_feeds_per_person: int = Field(default=2_000, ge=1, description="open feeds of one person")
    max_run_s: float | None = Field(
        default=None, gt=0, description="seconds a query may run, whatever it asks for"
    )
    max_result_rows: int = Field(
        default=0, ge=0, description="rows at which a result ends; 0 is no such limit"
    )
    max_result_bytes: int = Field(
        default=0, ge=0, description="bytes on disk at which a result ends; 0 is no such limit"
    )
    idempotency_hours: float = Field(
        default=24, gt=0, le=8_760, description="how long an Idempotency-Key is remembered"
    )
    retry_delay_s: float = Field(
        default=1.0, ge=0, description="wait before the second try; twice that before the third"
    )
    max_attempts: int = Field(default=2, ge=1, le=10, description="tries of a read-only query")
    memory_bytes: int = Field(
        default_factory=lambda data: max(
            512 * MIB, int(psutil.virtual_memory().total * 0.6 / data["max_running"])
        ),
        ge=64 * MIB,
        description="memory of one query",
    )
    spill_bytes: int = Field(default=50 * 2**30, ge=0, description="disk one query may spill to")
    threads: int = Field(default_factory=_cores, ge=1, description="threads of one query")
    warm_spare: bool = Field(default=True, description="keep one runner started and waiting")
    on_stop: Literal["cancel", "requeue"] = Field(
        default="requeue", description="what becomes of running queries when the server stops"
    )
    drain_s: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="seconds that running queries may take to end when `serve` is told to stop",
    )
    # 0 is for ever, or without bound: TOML has no word for nothing.
    keep_results_days: float = Field(
        default=30, ge=0, description="days after which a result goes; the job stays"
    )
    keep_results_bytes: int = Field(
        default_factory=lambda data: _fifth_of_disk(data["data_dir"]),
        ge=0,
        description="disk that results may take up in all; the oldest go first",
    )
    results_bytes_per_person: int = Field(
        default=0,
        ge=0,
        description="disk that the results and uploads of one person may take up; who has more "
        "submits nothing new until some are deleted",
    )
    results_bytes: int = Field(
        default=0,
        ge=0,
        description="the same in all; below keep_results_bytes it refuses before anything goes",
    )
    keep_jobs_days: float = Field(
        default=0, ge=0, description="days after which a job that is over goes"
    )
    keep_jobs: int = Field(
        default=1_000_000, ge=0, description="jobs in all; the oldest that are over go first"
    )
    runs_kept_days: float = Field(
        default=180, ge=0, le=36_500, description="days that the course of a run is remembered"
    )
    max_runs: int = Field(
        default=10_000, ge=0, description="runs remembered in all; the oldest are forgotten first"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    log_to: Literal["file", "stderr"] = Field(
        default="file", description="`stderr` is for who collects that: systemd, a container"
    )
    otel_endpoint: str | None = Field(
        default=None,
        description="where traces go by OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT; takes the "
        "extra `otel`",
    )
    notify_targets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="where word of a job's end may go, by name: addresses as Apprise has them, "
        "such as json://host/path or mailto://user:password@host; takes the extra `notify`",
    )
    metrics_public: bool = Field(default=False, description="/v1/metrics answers without a token")
    secret_variables: Names = Field(
        default=("PG*", "LONGWATCH_SOURCE_*"),
        description="patterns of the environment variables a source may take a secret from",
    )
    source_folders: Names | None = Field(
        default=None,
        description="folders in which files may be named as sources; by default any on a server "
        "that only its own machine reaches, none on another",
    )
    max_upload_bytes: int = Field(
        default=10 * 2**30, ge=0, description="size of one uploaded file; 0 allows none"
    )
    executor: Literal["local", "celery"] = Field(
        default="local", description="who carries queries out: this machine, or Celery workers"
    )
    broker: str | None = Field(
        default=None, description="of Celery: redis://…, rediss://… or amqps://…"
    )
    broker_password: SecretStr | None = None
    broker_password_file: Path | None = None
    worker_lease_s: float = Field(
        default=30.0, ge=1, le=3_600, description="silence after which a worker is given up"
    )
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    default_source: str = "sample"
    _given: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def given(self) -> frozenset[str]:
        """The names of those that came as arguments to `load_settings`."""
        return self._given

    @model_validator(mode="after")
    def _one_certificate(self) -> Self:
        if self.tls_key is not None and self.tls_certificate is None:
            raise ValueError("tls_key goes with a tls_certificate")
        if self.tls_self_signed and self.tls_certificate is not None:
            raise ValueError("either tls_certificate or tls_self_signed, not both")
        return self

    def chosen(self) -> dict[str, str]:
        """What was set to something else than its default, as text without passwords; of the token
        only that it is, of sources their names."""
        found: dict[str, str] = {}
        for name in sorted(self.model_fields_set - {"data_dir", "port"}):
            value = getattr(self, name)
            if value == type(self).model_fields[name].default:
                continue
            several = isinstance(value, tuple | dict)
            text = ", ".join(sorted(map(str, value))) if several else str(value)
            found[name] = "(secret)" if name == "token" else without_password(text)[:200]
        return found

    def bearer_token(self) -> str | None:
        """The token that the settings name, themselves or in `token_file`; `None` if they name
        none. Raises `SettingsError` when the file cannot be read."""
        return _secret("token", self.token, self.token_file)

    def broker_secret(self) -> str | None:
        """The broker's password, in the same way. Raises `SettingsError`."""
        return _secret("broker_password", self.broker_password, self.broker_password_file)

    @model_validator(mode="after")
    def _celery_has_a_broker(self) -> Self:
        if self.executor == "celery" and not self.broker:
            raise ValueError("executor celery needs a broker, such as redis://localhost:6379/0")
        return self

    def store_url(self) -> str | None:
        """The URL of the PostgreSQL store, by the settings themselves or in `store_file`; `None`
        for a store in the data folder. Raises `SettingsError` when the file cannot be read."""
        return _secret("store", self.store, self.store_file)

    def own_url(self, port: int, *, encrypted: bool = False) -> str:
        """Where other servers on the store reach this one, which listens at `port`."""
        if self.team_url is not None:
            return self.team_url.rstrip("/")
        host = self.host.strip("[]")
        host = socket.gethostname() if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if encrypted else 'http'}://{host}:{port}"

    @property
    def jobs_folder(self) -> Path:
        """Where attempts and their results are."""
        if self.jobs_dir is None:
            return self.data_dir / "jobs"
        return self.jobs_dir.expanduser().absolute()

    def notify_addresses(self) -> dict[str, str]:
        """Where word of a job's end may go, in the clear."""
        return {name: one.get_secret_value() for name, one in self.notify_targets.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given: dict[str, Any] = init_settings()
        folder = Path(given["data_dir"]) if given.get("data_dir") else default_data_dir()
        toml = TomlConfigSettingsSource(settings_cls, toml_file=folder / "config.toml")
        return init_settings, env_settings, SecretFiles(settings_cls), toml


def without_password(text: str) -> str:
    """A text in which passwords in addresses cannot be read."""
    return _PASSWORD.sub(rf"\1{MASK}@", text)


def read_secret(file: Path, name: str) -> str:
    """The secret in a file that the setting `name` names. Raises `SettingsError`."""
    try:
        secret = file.expanduser().read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name} {file} cannot be read: {error}.") from error
    if not secret:
        raise SettingsError(f"{name} {file} is empty.")
    return secret


def load_settings(data_dir: Path, given: Mapping[str, Any]) -> Settings:
    """The settings of the server over `data_dir`, with `given` before all else.

    Raises `SettingsError` with one sentence for each setting that is wrong.
    """
    try:
        settings = Settings(**{**given, "data_dir": data_dir})
    except ValidationError as error:
        wrong = "; ".join(
            ": ".join(filter(None, [".".join(str(part) for part in one["loc"]), one["msg"]]))
            for one in error.errors(include_input=False, include_url=False)
            if one["type"] != "default_factory_not_called"  # follows from another one
        )
        raise SettingsError(
            f"These settings are wrong (environment or {data_dir / 'config.toml'}): {wrong}."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SettingsError(f"{data_dir / 'config.toml'} is not TOML: {error}.") from error
    except OSError as error:
        raise SettingsError(f"{data_dir / 'config.toml'} cannot be read: {error}.") from error
    except UnreadableVariable as error:
        raise SettingsError(f"A LONGWATCH_ variable cannot be read: {error}.") from error
    settings._given = frozenset(given)
    return settings
