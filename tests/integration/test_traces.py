"""Traces: sent to a collector by OTLP where one is named, and nothing imported where none is."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from longwatch.client.sync import Client
from support.servers import serving
from support.sinks import Sink, sink

CANARY = "canary_31bd"


def spans(taken: Sink) -> list[Span]:
    found: list[Span] = []
    for one in taken.taken:
        assert one.path == "/v1/traces"
        zipped = one.headers.get("Content-Encoding") == "gzip"
        request = ExportTraceServiceRequest.FromString(
            gzip.decompress(one.body) if zipped else one.body
        )
        found += [span for r in request.resource_spans for s in r.scope_spans for span in s.spans]
    return found


def attributes(span: Span) -> dict[str, str]:
    return {one.key: one.value.string_value for one in span.attributes}


def test_a_submit_its_job_and_its_attempt_are_one_trace(tmp_path: Path) -> None:
    with sink() as collector:
        endpoint = f"http://127.0.0.1:{collector.port}"
        with (
            serving(tmp_path, otel_endpoint=endpoint, warm_spare=False) as (_, address),
            Client(address) as client,
        ):
            good = client.submit(f"SELECT '{CANARY}' AS c")
            assert good.result(30)
            bad = client.submit("SELEC")
            bad.wait(30)
            httpx.get(
                f"{address.url}/v1/jobs",
                params={"text": CANARY},
                headers=address.headers(),
                trust_env=False,
            )
            token = address.token
        found = spans(collector)
        everything = b"".join(one.SerializeToString() for one in found)
    jobs = {attributes(one)["longwatch.job.id"]: one for one in found if one.name == "job"}
    assert jobs.keys() == {good.id, bad.id}
    job = jobs[good.id]
    (attempt,) = [one for one in found if one.parent_span_id == job.span_id]
    (submit,) = [one for one in found if one.span_id == job.parent_span_id]
    assert (attempt.name, submit.name) == ("attempt", "POST /v1/jobs")
    assert attempt.trace_id == job.trace_id == submit.trace_id
    assert attributes(attempt)["longwatch.ending"] == "succeeded"
    assert job.start_time_unix_nano <= attempt.start_time_unix_nano <= attempt.end_time_unix_nano
    assert jobs[bad.id].status.code == Status.STATUS_CODE_ERROR
    assert attributes(jobs[bad.id])["error.type"] == "syntax_error"
    assert not any("/v1/feed" in one.name or "/v1/health" in one.name for one in found)
    assert CANARY.encode() not in everything
    assert token.encode() not in everything


def test_nothing_is_imported_where_nobody_asks(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from longwatch.host import ServerThread
thread = ServerThread(Path({str(tmp_path)!r}), port=0, host="127.0.0.1", warm_spare=False)
thread.start()
assert thread.stop(10)
heavy = ("opentelemetry.sdk", "opentelemetry.exporter")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


def test_without_the_extra_the_log_says_so_and_the_server_runs(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["opentelemetry.exporter.otlp.proto.http.trace_exporter"] = None
from pathlib import Path
from longwatch.host import ServerThread
thread = ServerThread(Path({str(tmp_path)!r}), port=0, host="127.0.0.1", warm_spare=False)
thread.start()
assert thread.stop(10)
"""
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=True)
    assert "pip install 'longwatch[otel]'" in (tmp_path / "server.log").read_text("utf-8")
