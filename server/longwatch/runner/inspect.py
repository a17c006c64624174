"""Answers a question about a source: opens it, looks, runs nothing."""

from __future__ import annotations

import shutil
import traceback
from pathlib import Path

import msgspec

from longwatch.engines.contract import Engine, EngineError, Session, Workspace
from longwatch.protocol.catalogue import Estimate
from longwatch.protocol.jobs import JobError, StatementKind
from longwatch.runner.limits import limit_address_space
from longwatch.runner.spec import Answer, Inspection, Question


def answer(asked: Inspection, engine: Engine) -> Answer:
    """What the source says, or what is wrong with it. Never raises."""
    try:
        if asked.question is Question.SWEEP:
            return Answer(swept=engine.sweep(asked.options, asked.tag))
        limit_address_space(asked.memory_bytes)
        workspace = Workspace(
            spill=Path(asked.spill),
            memory_bytes=asked.memory_bytes,
            spill_bytes=0,
            threads=asked.threads,
        )
        session = engine.open(asked.options, workspace)
        try:
            return _look(session, asked)
        finally:
            session.close()
    except EngineError as error:
        return Answer(error=error.error)
    except MemoryError:
        return Answer(
            error=JobError(code="memory_limit", message="The source took too much memory.")
        )
    except Exception as error:
        traceback.print_exc()
        return Answer(error=_our_fault(error))
    finally:
        shutil.rmtree(asked.spill, ignore_errors=True)


def _look(session: Session, asked: Inspection) -> Answer:
    if asked.question is Question.ESTIMATE:
        return Answer(estimate=_estimate(session, asked))
    return Answer(catalogue=session.catalogue())


def _estimate(session: Session, asked: Inspection) -> Estimate:
    """Of the last statement, which makes the result; that of a script whose last statement needs
    what an earlier one would make cannot be known before."""
    statements = session.parse(asked.sql, asked.parameters)
    writes = any(one.kind is StatementKind.WRITE for one in statements)
    found = Estimate()
    for statement in statements[: 1 if writes else None]:
        found = session.estimate(statement)
    if writes and len(statements) > 1:
        found = msgspec.structs.replace(found, rows=None, bytes=None, plan=None)
    kind = StatementKind.WRITE if writes else StatementKind.READ
    return msgspec.structs.replace(found, statements=len(statements), kind=kind)


def _our_fault(error: Exception) -> JobError:
    return JobError(
        code="internal_error",
        message=f"Longwatch itself failed: {type(error).__name__}.",
        hint="The server's runners.log has the details; please report them.",
    )
