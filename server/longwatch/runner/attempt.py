"""Carries out one attempt, from its mailbox to its outcome."""

from __future__ import annotations

import os
import shutil
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Never

import msgspec

from longwatch.engines.contract import (
    Engine,
    EngineError,
    Interrupted,
    Workspace,
)
from longwatch.protocol.jobs import JobError, Phase, ResultInfo, StatementKind
from longwatch.protocol.wire import UNREADABLE
from longwatch.runner.limits import bind_to_starter, free_address_space, limit_address_space
from longwatch.runner.mailbox import Mailbox
from longwatch.runner.segments import SegmentWriter
from longwatch.runner.spec import BATCH_ROWS, AttemptSpec, Ending, Outcome, Report
from longwatch.runner.watch import TICK_S, Watch


def run_attempt(
    mailbox: Mailbox,
    engine: Engine,
    doorbell: int,
    secrets: Mapping[str, str],
    *,
    bound: bool = False,
) -> Never:
    """Run what lies in the mailbox, with the `secrets` of its source, then end this process. For
    `bound` see `runner.spec.Order`.

    Leaves by `os._exit`: the outcome is on disk by then, and giving gigabytes back piece by
    piece would only keep the machine busy (0.2 s for 1.9 GB).
    """
    os.chdir(mailbox.folder)
    try:
        spec = mailbox.spec()
    except UNREADABLE as error:
        _give_up(mailbox, _no_order(error))
    watch = Watch(spec, mailbox, doorbell, lambda error, last: _breach(mailbox, watch, error, last))
    limit_address_space(spec.memory_bytes)
    watch.start()
    if bound:
        bind_to_starter()
    try:
        result = _query(spec, mailbox, engine, watch, secrets, bound=bound)
    except Interrupted:
        outcome = _outcome(watch, Ending.CANCELLED, None)
    except EngineError as error:
        # What an interrupt breaks may surface as some other error of the engine.
        ending = Ending.CANCELLED if watch.cancelled else Ending.FAILED
        outcome = _outcome(watch, ending, error.error)
    except MemoryError:
        outcome = _outcome(watch, Ending.FAILED, _out_of_memory(spec))
    except OSError as error:
        outcome = _outcome(watch, Ending.FAILED, _disk_error(error, mailbox.folder))
    except Exception as error:
        traceback.print_exc()
        outcome = _outcome(watch, Ending.FAILED, _our_fault(error))
    else:
        watch.stop()
        last = _replace_result(watch.report(), result)
        outcome = Outcome(ending=Ending.SUCCEEDED, last=last, trace=watch.trace(last))
    _end(mailbox, watch, outcome)


def _give_up(mailbox: Mailbox, error: JobError) -> Never:
    """Say why nothing was begun, and end this process, which rings loudly enough."""
    last = Report(phase=Phase.STARTING, elapsed_s=0.0)
    mailbox.write_outcome(Outcome(ending=Ending.FAILED, last=last, error=error))
    os._exit(0)


def _end(mailbox: Mailbox, watch: Watch, outcome: Outcome) -> Never:
    free_address_space()
    try:
        mailbox.write_outcome(outcome)
    except OSError:
        # The disk is full, most likely of this very result: how it ended matters more.
        shutil.rmtree(mailbox.result, ignore_errors=True)
        last = msgspec.structs.replace(outcome.last, result=None)
        mailbox.write_outcome(msgspec.structs.replace(outcome, last=last))
    watch.ring()
    # What an engine spilled would stay on the disk: nothing is closed in order here.
    mailbox.remove_spill()
    os._exit(0)


def _query(
    spec: AttemptSpec,
    mailbox: Mailbox,
    engine: Engine,
    watch: Watch,
    secrets: Mapping[str, str],
    *,
    bound: bool,
) -> ResultInfo:
    watch.phase = Phase.CONNECTING
    workspace = Workspace(
        spill=mailbox.spill,
        memory_bytes=spec.memory_bytes,
        spill_bytes=spec.spill_bytes,
        threads=spec.threads,
        tag=spec.tag,
    )
    session = engine.open({**spec.options, **secrets}, workspace)
    watch.phase = Phase.PLANNING
    statements = session.parse(spec.sql, spec.parameters)
    watch.statements = len(statements)
    writes = any(statement.kind is StatementKind.WRITE for statement in statements)
    watch.kind = StatementKind.WRITE if writes else StatementKind.READ
    # Before anything runs: if we are killed, it must be known whether this may be tried again.
    watch.tell()
    if bound and writes:
        _await_leave(mailbox, watch)
    watch.session = session
    for number, statement in enumerate(statements, start=1):
        watch.begin(number)
        session.plan(statement)
        _heed(watch)
        watch.phase = Phase.EXECUTING
        schema, batches = session.execute(statement, BATCH_ROWS)
        if number < len(statements):
            for _ in batches:
                _heed(watch)
    watch.writer = writer = SegmentWriter(
        mailbox.result, schema, most_rows=spec.result_rows, most_bytes=spec.result_bytes
    )
    for batch in batches:
        _heed(watch)
        writer.write(batch)
        if writer.stopped_at is not None and watch.kind is StatementKind.READ:
            # Only of what reads: a statement that writes, and returns rows, is to be done in full.
            session.interrupt()
            break
    watch.phase = Phase.WRITING
    info = writer.finish()
    if engine.runs_elsewhere:
        session.close()
    return info


def _await_leave(mailbox: Mailbox, watch: Watch) -> None:
    """Wait until the server has it on its disk that this writes: if its worker dies from then on,
    it is not run again."""
    while not mailbox.may_write():
        _heed(watch)
        time.sleep(TICK_S)


def _heed(watch: Watch) -> None:
    if watch.cancelled:
        raise Interrupted


def _outcome(watch: Watch, ending: Ending, error: JobError | None) -> Outcome:
    free_address_space()
    watch.stop()
    result = watch.writer.abandon() if watch.writer else None
    last = _replace_result(watch.report(), result)
    return Outcome(ending=ending, last=last, error=error, trace=watch.trace(last))


def _replace_result(report: Report, result: ResultInfo | None) -> Report:
    if result is None:
        return msgspec.structs.replace(report, result=None)
    return msgspec.structs.replace(report, result=result, rows=result.rows, bytes=result.bytes)


def _breach(mailbox: Mailbox, watch: Watch, error: JobError, last: Report) -> Never:
    """Called on the watch's thread while the engine is deep in something: end it all, now."""
    outcome = Outcome(ending=Ending.FAILED, last=last, error=error, trace=watch.trace(last))
    _end(mailbox, watch, outcome)


def _no_order(error: Exception) -> JobError:
    return JobError(
        code="spec_unreadable",
        message=f"What was to be run cannot be read from the disk any more: {error}.",
        hint="Look after the disk that holds the data folder, then run the query again.",
    )


def _out_of_memory(spec: AttemptSpec) -> JobError:
    return JobError(
        code="memory_limit",
        message=f"The query needed more than its {spec.memory_bytes / 2**20:,.0f} MiB of memory.",
        hint="Raise the job's memory limit, or let the query keep less at once.",
    )


def _disk_error(error: OSError, folder: Path) -> JobError:
    return JobError(
        code="result_not_written",
        message=f"The result could not be written: {error.strerror or error}.",
        hint=f"Make room on the disk that holds {folder.parents[2]}, then run the query again.",
    )


def _our_fault(error: Exception) -> JobError:
    return JobError(
        code="internal_error",
        message=f"Longwatch itself failed: {type(error).__name__}: {error}.",
        hint="The job's log has the details; please report them.",
    )
