"""The contender: Celery over Valkey, its tasks told by events.

As a module it is the application that a worker and Flower serve. As a script it submits: each line
of standard input is a number of tasks, answered by the id of the last one once all were sent, or
`sleep` for the task that takes the worker's one slot. Longwatch's one slot is taken as well: what
is measured is taking jobs in and showing them, not running them.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import (  # type: ignore[import-not-found,import-untyped,unused-ignore]
    Celery,
)

THREADS = 4
"""Who submit at once: a second one fills the time that the first waits for the disk, more of them
only share this process's one core."""
SLEEP = "sleep"

app = Celery("jobs", broker=os.environ["BENCH_BROKER"])
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    # Without these Flower would not hear of a task before a worker takes it.
    task_send_sent_event=True,
    worker_send_task_events=True,
    worker_prefetch_multiplier=1,
    task_acks_late=True,
    broker_connection_retry_on_startup=True,
)


@app.task(name="jobs.run")  # type: ignore[untyped-decorator,unused-ignore]
def run(sql: str) -> None:
    """A job: one that sleeps takes the worker's slot, others would be over at once."""
    if sql == SLEEP:
        time.sleep(3600)


def main() -> None:
    """Submit until the input ends."""
    with ThreadPoolExecutor(THREADS) as pool:

        def submit(sql: str) -> Any:
            return run.delay(sql).id

        for line in sys.stdin:
            asked = line.strip()
            texts = [asked] if asked == SLEEP else [f"select {n}" for n in range(int(asked))]
            print(list(pool.map(submit, texts))[-1], flush=True)


if __name__ == "__main__":
    main()
