"""One session of a Spark Connect server: its plans, its rows as they come, how far they are.

Below the client's DataFrames: those gather a result in memory, or make Python values of its rows.
What streams Arrow is the client that they are made of, which takes plans of Spark Connect's
protocol and hands each batch on when the server has sent it.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyspark.sql.connect.proto as spark
from pyspark.errors import PySparkException
from pyspark.sql.connect.client import SparkConnectClient
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.types import StructType

from longwatch.engines.spark_errors import is_cancel
from longwatch.engines.spark_source import Target
from longwatch.engines.spark_types import literal

# It writes each error to stderr as JSON, with the stack; whoever asked is told already.
logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)

_RETRIES: Final = 7
_MOST_PAUSE_MS: Final = 15_000
"""A server that is away for 45 s loses no query; the client's own patience is ten minutes."""
_REPORT: Final = "200ms"
"""Between two reports of progress; Spark's own pace is 2 s."""
_CALM_S: Final = 0.25
_MOST_WAIT_S: Final = 0.6
"""Of the second that a runner has to end after a cancel."""
_AGAIN_S: Final = 0.25
_TICK_S: Final = 0.02
_DRAIN_S: Final = 5.0
SAID: Final = (PySparkException, pa.ArrowException)
"""What a client raises."""


class Undrained(Exception):
    """A statement that was interrupted has not ended."""


class Connection:
    """A session by its tag. Raises what is in `SAID` in every method but `close`."""

    def __init__(self, target: Target, tag: str) -> None:
        self.client = SparkConnectClient(target.url(tag))
        self._tag = tag.replace(",", " ") or "longwatch"
        self._fraction: float | None = None
        self._stages: frozenset[int] = frozenset()
        self._changed_s = 0.0
        self._in_flight = 0
        self.client.register_progress_handler(self._progress)  # type: ignore[arg-type]

    def open(self, target: Target) -> None:
        """Have the server make the session, as the source wants it."""
        self.client.set_retry_policies([])  # who waits wants to hear that nobody answers
        self.configure({**target.settings})
        if target.catalog:
            self.command(sql_relation(f"SET CATALOG {quoted(target.catalog)}"))
        if target.schema:
            self.command(sql_relation(f"USE {'.'.join(map(quoted, target.schema.split('.')))}"))
        with contextlib.suppress(PySparkException):  # where a server has it fixed
            self.configure({"spark.connect.progress.reportInterval": _REPORT})
        self.client.set_retry_policies(
            [DefaultPolicy(max_retries=_RETRIES, max_backoff=_MOST_PAUSE_MS)]
        )

    def configure(self, settings: dict[str, str]) -> None:
        """Settings of the session."""
        pairs = [spark.KeyValue(key=name, value=value) for name, value in settings.items()]
        operation = spark.ConfigRequest.Operation(set=spark.ConfigRequest.Set(pairs=pairs))
        self.client.config(operation)

    def schema(self, relation: spark.Relation) -> StructType:
        """The columns of a relation: looks at names and types, and runs nothing."""
        return self.client.schema(spark.Plan(root=relation))

    def explain(self, relation: spark.Relation) -> str:
        """Its plan with what Spark expects of it; runs nothing."""
        return self.client.explain_string(spark.Plan(root=relation), "cost")

    def command(self, relation: spark.Relation) -> Stream:
        """Carry out a statement that may be a command: then it has run when this returns."""
        self._tell_tag()
        command = spark.Command(sql_command=spark.SqlCommand(input=relation))
        _, answers, _ = self.client.execute_command(command)
        result: spark.Relation = answers.get("sql_command_result", relation)
        if result.HasField("local_relation"):
            return Stream(iter([_local(result.local_relation)]))
        return self.stream(result)

    def stream(self, relation: spark.Relation) -> Stream:
        """Run a query."""
        self._tell_tag()
        return Stream(self.client.to_table_as_iterator(spark.Plan(root=relation), {}))

    def fetch(self, text: str) -> list[dict[str, Any]]:
        """All rows of a statement of ours."""
        with self.command(sql_relation(text)) as stream:
            return pa.Table.from_batches(list(stream), stream.schema).to_pylist()

    def _tell_tag(self) -> None:
        # The client keeps tags by thread. For whoever looks at the server's list of what runs.
        self.client.add_tag(self._tag)

    def begin(self) -> None:
        """Another statement starts: of the last one's progress nothing is left."""
        self._fraction = None
        self._stages, self._in_flight = frozenset(), 0

    @property
    def fraction(self) -> float | None:
        """Tasks done, of those that there are in the stages that are known so far: it may fall
        when another stage comes, and be 1 before the end."""
        return self._fraction

    def _progress(
        self, *, stages: Iterable[Any] | None, inflight_tasks: int, done: bool, **_: Any
    ) -> None:
        known = [*(stages or ())]
        tasks = sum(stage.num_tasks for stage in known)
        if tasks and not done:
            self._fraction = sum(stage.num_completed_tasks for stage in known) / tasks
        ids = frozenset(stage.stage_id for stage in known)
        if ids != self._stages:
            self._stages, self._changed_s = ids, time.monotonic()
        self._in_flight = 0 if done else inflight_tasks

    def interrupt_calmly(self) -> None:
        """`interrupt`, once tasks run and no stage has just begun, or soon. Spark starts stages on
        threads of their own: one that it is about to start when it is interrupted runs on for
        nobody, and no call of the protocol can end it, or tell of it (seen with 4.2)."""
        deadline_s = time.monotonic() + _MOST_WAIT_S
        while time.monotonic() < deadline_s and not (
            self._in_flight and time.monotonic() - self._changed_s > _CALM_S
        ):
            time.sleep(_TICK_S)
        self.interrupt()

    def interrupt(self) -> None:
        """End whatever the session runs; any thread."""
        self.client.interrupt_all()

    def close(self) -> None:
        """Let go of the session, which ends what it runs. Never raises."""
        with contextlib.suppress(*SAID):
            self.client.set_retry_policies([])
            self.client.release_session()
        with contextlib.suppress(Exception):  # it waits for releases of its own
            self.client.close()


class Stream:
    """A query that runs. Raises what is in `SAID`, in every method but `close`."""

    def __init__(self, answers: Iterator[StructType | pa.Table]) -> None:
        """Returns with its first rows, or with none when that is all there are: only they tell
        their types as Arrow has them."""
        self._answers = answers
        self._over = False
        self._first = self._next()
        if self._first is None:
            raise AssertionError("Spark sent no batch, not even an empty one")

    @property
    def schema(self) -> pa.Schema:
        """Of its rows."""
        assert self._first is not None
        return self._first.schema

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        table = self._first
        while table is not None:
            yield from table.to_batches()
            table = self._next()

    def _next(self) -> pa.Table | None:
        try:
            for answer in self._answers:
                if isinstance(answer, pa.Table):
                    return answer
        except BaseException:
            self._over = True
            raise
        self._over = True
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def drain(self, interrupt: Callable[[], None]) -> None:
        """Unless it is over: interrupt, and read on until the server says that it has ended. Raises
        `Undrained` when it does not within 5 s."""
        deadline_s = time.monotonic() + _DRAIN_S
        asked_s = 0.0
        while not self._over and time.monotonic() < deadline_s:
            if time.monotonic() - asked_s > _AGAIN_S:
                with contextlib.suppress(*SAID):
                    interrupt()
                asked_s = time.monotonic()
            try:
                self._next()
            except SAID as error:
                if not is_cancel(error):
                    raise Undrained from error
        if not self._over:
            raise Undrained

    def close(self) -> None:
        """Let go of it; never raises."""
        self._over = True
        with contextlib.suppress(Exception):
            self._answers.close()  # type: ignore[attr-defined]


def _local(relation: spark.LocalRelation) -> pa.Table:
    """The rows that a command returned, which came with its answer."""
    if not relation.data:
        return pa.table({})
    with pa.ipc.open_stream(relation.data) as reader:
        return reader.read_all()


def sql_relation(text: str, values: Iterable[Any] = ()) -> spark.Relation:
    """A statement with the values of its parameters, as a relation. Raises `EngineError`."""
    arguments = {
        PLACEHOLDER.format(number): literal(value) for number, value in enumerate(values, start=1)
    }
    return spark.Relation(sql=spark.SQL(query=text, named_arguments=arguments))


def quoted(name: str) -> str:
    """`name` as Spark has identifiers, whatever it takes double quotes for."""
    return "`" + name.replace("`", "``") + "`"


PLACEHOLDER: Final = "longwatch_{}"
"""A name for value number n; Spark takes `:` and the name."""
