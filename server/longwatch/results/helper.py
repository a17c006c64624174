"""The process that works on results: sorts, filters, counts, searches, exports.

`python -m longwatch.results.helper JOBS_FOLDER`. It does one order at a time (see `orders`), at a
lower priority, with bounded memory, and can write in the jobs' folder only.
"""

from __future__ import annotations

import errno
import os
import queue
import signal
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

# As in a runner: 0.16 s and 11 MB, and address space by the gigabyte.
sys.modules["numpy"] = None  # type: ignore[assignment]
os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"

import duckdb  # noqa: E402
import pyarrow as pa  # noqa: E402

from longwatch.results import gather  # noqa: E402
from longwatch.results.encode import as_arrow, as_json  # noqa: E402
from longwatch.results.errors import (  # noqa: E402
    Refused,
    ResultDamaged,
    ResultExpired,
)
from longwatch.results.exporting import export  # noqa: E402
from longwatch.results.index import require_index  # noqa: E402
from longwatch.results.orders import (  # noqa: E402
    Answer,
    AnyOrder,
    Encode,
    Export,
    Find,
    Look,
    MakeBlocks,
    MakeView,
    ReadFirst,
    read_order,
    spill_of,
)
from longwatch.results.paging import page_by  # noqa: E402
from longwatch.results.scan import Scan  # noqa: E402
from longwatch.results.search import next_hit  # noqa: E402
from longwatch.results.statistics import statistics  # noqa: E402
from longwatch.results.views import view_of  # noqa: E402
from longwatch.runner.confine import confine  # noqa: E402
from longwatch.runner.limits import limit_address_space, yield_to_others  # noqa: E402

_ADDRESS_SPACE: int = 1_024 * 2**20


def main() -> int:
    """Do what is ordered until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield_to_others()
    jobs_folder = Path(sys.argv[1])
    os.chdir(jobs_folder)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    confine(jobs_folder, network=False)
    spill = spill_of(jobs_folder) / str(os.getpid())
    _warm_up(spill)
    limit_address_space(_ADDRESS_SPACE)
    orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), name="orders", daemon=True).start()
    while True:
        _answer(read_order(orders.get()), out, spill)


def _listen(orders: queue.SimpleQueue[bytes]) -> None:
    while (line := sys.stdin.buffer.readline()).endswith(b"\n"):
        orders.put(line)
    os._exit(0)  # nobody waits for an answer any more


def _warm_up(spill: Path) -> None:
    """The first connection of a process takes 20-30 ms, the first Arrow reader 5-15."""
    with Scan(spill) as scan:
        scan.fetch("SELECT n FROM range(9) t(n) ORDER BY n")


def _answer(order: AnyOrder, out: BinaryIO, spill: Path) -> None:
    try:
        value, data = _do(order, out, spill)
        answer = Answer(last=True, value=value, size=len(data))
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:
        answer, data = _failure(error), b""
    out.write(answer.line() + data)
    out.flush()


def _do(order: AnyOrder, out: BinaryIO, spill: Path) -> tuple[Any, bytes]:
    folder = Path(order.folder)
    index = require_index(folder)
    view = view_of(folder, index, order.criteria)
    match order:
        case MakeView():
            gather.make_view(view, index, order.criteria, spill)
        case ReadFirst(offset=offset, limit=limit, arrow=arrow):
            first = gather.first_rows(
                view, index, order.criteria, offset=offset, limit=limit, spill=spill
            )
            return first.total_rows, as_arrow(first) if arrow else as_json(first, offset)
        case MakeBlocks(numbers=numbers):
            gather.make_blocks(view, index, numbers)
        case Look(column=column):
            return statistics(folder, index, column, order.criteria.checks, spill), b""
        case Find(column=column, text=text, first=first):
            seen = None if order.criteria.is_plain else view
            return next_hit(folder, index, column, text, first, seen), b""
        case Encode(offset=offset, limit=limit):
            page = page_by(folder, index, order.criteria, offset, limit)
            if page is None:
                raise ResultExpired
            return None, as_json(page, offset)
        case Export():
            export(order, view, index, out, spill)
    return None, b""


def _failure(error: Exception) -> Answer:
    match error:
        case ResultDamaged():
            answer = Answer(last=True, failed="damaged", code=error.file)
        case Refused():
            answer = Answer(last=True, failed="refused", code=error.code, message=str(error))
        case ResultExpired() | OSError(errno=errno.ENOENT):
            answer = Answer(last=True, failed="expired")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            answer = Answer(last=True, failed="no_room")
        case duckdb.IOException() if "No space left" in str(error):
            answer = Answer(last=True, failed="no_room")
        case duckdb.OutOfMemoryException() | MemoryError() | pa.ArrowMemoryError():
            message = "has not enough memory for this result"
            answer = Answer(last=True, failed="failed", message=message)
        case _:
            traceback.print_exc()
            message = f"failed ({type(error).__name__}: {str(error)[:300]})"
            answer = Answer(last=True, failed="failed", message=message)
    return answer


if __name__ == "__main__":
    sys.exit(main())
