"""Questions to sources: none waits for ever, and a sweep for nobody's catalogue."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from longwatch.execution.inspecting import AT_ONCE, Inspector
from longwatch.execution.processes import OwnRunner
from longwatch.runner.spec import Answer, Order, Question


class Runners:
    """Runners that answer sweeps, and nothing else, as a source does that hangs."""

    def __init__(self) -> None:
        self.started: list[OwnRunner] = []

    async def give(self, engine: str, order: Order) -> OwnRunner:
        assert order.inspection is not None
        swept = msgspec.json.encode(Answer(swept=True)).decode()
        sleeps = order.inspection.question is not Question.SWEEP
        code = "import time; time.sleep(1000)" if sleeps else f"print({swept!r})"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        runner = OwnRunner(process)
        self.started.append(runner)
        return runner


@pytest.fixture
def runners() -> Runners:
    return Runners()


async def test_a_sweep_does_not_stand_behind_catalogues(tmp_path: Path, runners: Runners) -> None:
    inspector = Inspector(runners.give, tmp_path)
    slow = [
        asyncio.create_task(
            inspector.ask("x", inspector.question(Question.CATALOGUE, {}), timeout_s=1000)
        )
        for _ in range(2 * AT_ONCE)
    ]
    sweep = inspector.question(Question.SWEEP, {}, tag="t")
    assert (await inspector.ask("x", sweep, timeout_s=60)).swept
    assert not any(task.done() for task in slow)
    await inspector.end_questions()
    answers = await asyncio.gather(*slow)
    assert {one.error.code for one in answers if one.error} == {"server_stopped"}
    assert all(runner.is_gone for runner in runners.started)


async def test_the_wait_for_a_turn_counts(tmp_path: Path, runners: Runners) -> None:
    inspector = Inspector(runners.give, tmp_path)
    question = inspector.question(Question.CATALOGUE, {})
    slow = [
        asyncio.create_task(inspector.ask("x", question, timeout_s=1000)) for _ in range(AT_ONCE)
    ]
    await asyncio.sleep(0)
    answer = await inspector.ask("x", question, timeout_s=0.2)
    assert answer.error is not None
    assert answer.error.code == "source_slow"
    assert len(runners.started) <= AT_ONCE
    await inspector.stop()
    await asyncio.gather(*slow)


async def test_a_runner_without_an_answer(tmp_path: Path) -> None:
    class Silent(Runners):
        async def give(self, engine: str, order: Order) -> OwnRunner:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                "print('Segmentation fault')",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
            return OwnRunner(process)

    inspector = Inspector(Silent().give, tmp_path)
    answer = await inspector.ask("x", inspector.question(Question.TEST, {}), timeout_s=60)
    assert answer.error is not None
    assert answer.error.code == "source_unavailable"
