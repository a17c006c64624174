"""What the service asks of an executor, and what it is told in return."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from longwatch.protocol.parameters import Parameter
from longwatch.runner.spec import Answer, AttemptSpec, Outcome, Question, Report


@dataclass(frozen=True, slots=True)
class Died:
    """The runner is gone and left no outcome. `reason` is a clause: "was killed by signal 9"."""

    reason: str


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The worker that carried it out stops, and has ended the runner. It wrote nothing."""

    worker: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: by the runner's own word, because it died, or because its worker gave
    it back. `last` is the newest report there was; `confirmed` says that the process is gone for
    certain."""

    how: Outcome | Died | HandedBack
    last: Report | None
    confirmed: bool


class Observer(Protocol):
    """The service, as an executor sees it. Called in the executor's event loop."""

    def reported(self, job_id: str, attempt: int, report: Report) -> None:
        """A running attempt has news."""

    async def ended(self, job_id: str, attempt: int, ended: Ended) -> None:
        """An attempt is over; called exactly once for each that was started or adopted."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who carries an attempt out: a worker by name, for the Celery task `task_id`. `key` is known
    to it alone: what is said without it does not count."""

    worker: str
    task_id: str
    key: str = field(repr=False)


class BrokerUnreachable(OSError):
    """The broker does not take what it is to carry."""


class BrokerRefuses(BrokerUnreachable):
    """The broker lets us not in, or is not who it should be: to wait changes nothing."""


class Executor(ABC):
    """Starts attempts and follows them to their end."""

    @abstractmethod
    async def start(self, observer: Observer) -> None:
        """Get ready."""

    @abstractmethod
    async def launch(self, spec: AttemptSpec) -> None:
        """Start an attempt. Raises `OSError` when that cannot be done."""

    @abstractmethod
    def adopt(self, job_id: str, attempt: int) -> None:
        """Follow an attempt that an earlier server started, whether it still runs or not."""

    @abstractmethod
    def cancel(self, job_id: str, attempt: int) -> None:
        """Ask, then insist: the attempt ends within about 1.3 s, or is reported unconfirmed."""

    def let_go(self) -> list[tuple[str, int]]:
        """Another server leads from now on: hold none of the attempts any more that it can adopt,
        and report nothing of them. The ids of their jobs, and their numbers."""
        return []

    @abstractmethod
    async def inspect(
        self,
        engine: str,
        question: Question,
        options: dict[str, str],
        *,
        sql: str = "",
        parameters: Mapping[str, Parameter] | None = None,
    ) -> Answer:
        """Ask about the source that `options` (secrets included) describe; runs nothing. Never
        raises: what went wrong is the answer."""

    @abstractmethod
    def folder(self, job_id: str, attempt: int) -> Path:
        """Where an attempt's files are."""

    @abstractmethod
    async def stop(self, *, keep: bool = False) -> None:
        """Let go of everything. Attempts still running are ended and reported; with `keep` they
        go on and are not, so that a later executor can adopt them."""
