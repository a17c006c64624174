"""What is remembered of runs, from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from longwatch.cli.exits import Exit
from support.processes import Done, longwatch
from support.remembered import laid_in, run, told
from support.servers import serving

REPEATS = [run(number, accuracy=told(0.034, 0.81, 0.5)) for number in range(3)]
FIRST = run(7, "e", source="lake", accuracy=None)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server that remembers some runs."""
    folder = tmp_path_factory.mktemp("remembered") / "data"
    laid_in(folder / "jobs.sqlite", [*REPEATS, FIRST])
    with serving(folder, warm_spare=False, runs_kept_days=0):
        yield folder


def ask(data_dir: Path, *arguments: str | Path) -> Done:
    return longwatch(*arguments, "--data-dir", data_dir)


def test_accuracy_and_runs_as_tables(data_dir: Path) -> None:
    header, lake, sales = ask(data_dir, "accuracy").text.splitlines()
    assert header.split()[:3] == ["SOURCE", "RUNS", "REPEATS"]
    assert lake.split() == ["lake", "1", "0", *"-----"]
    assert sales.split() == [
        *("sales", "3", "2", "3.4", "pp", "3.4", "pp", "3.4", "pp", "81", "%", "50", "%")
    ]
    listed = ask(data_dir, "runs", "--limit", "2")
    _, newest, before = listed.text.splitlines()
    assert (newest.split()[0], *newest.split()[-2:]) == ("job-00007", "e", "lake")
    assert before.split()[0] == "job-00002"
    assert "--limit" in listed.err


@pytest.mark.slow
def test_runs_are_exported_and_forgotten(data_dir: Path, tmp_path: Path) -> None:
    listed = ask(data_dir, "runs", "--source", "sales", "--json").text.splitlines()
    ids = [json.loads(one)["job_id"] for one in listed]
    assert ids == ["job-00002", "job-00001", "job-00000"]
    exported = tmp_path / "runs.jsonl"
    assert ask(data_dir, "runs", "--digest", "e", "--export", exported).code == Exit.SUCCEEDED
    assert json.loads(exported.read_text())["trace"]["rows"] == FIRST.trace.rows
    assert [one.name for one in tmp_path.iterdir()] == ["runs.jsonl"], "and nothing half"
    for wrong in (["--delete"], ["--all"], ["--export", "runs.csv"]):
        assert ask(data_dir, "runs", *wrong).code == Exit.USAGE
    assert ask(data_dir, "runs", "--delete", "--source", "sales").text == "3 runs forgotten\n"
    assert ask(data_dir, "runs", "--delete", "--all").text == "1 run forgotten\n"
    assert "No runs are remembered yet" in ask(data_dir, "accuracy").err
