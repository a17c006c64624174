"""Sends spans to a collector. Imported only where traces are asked for: takes the extra `otel`."""

from __future__ import annotations

import os

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def provider_for(endpoint: str | None, version: str) -> TracerProvider:
    """What makes spans and sends them by OTLP over HTTP, from a thread of its own."""
    named = {} if "OTEL_SERVICE_NAME" in os.environ else {"service.name": "longwatch"}
    provider = TracerProvider(
        resource=Resource.create({**named, "service.version": version}), shutdown_on_exit=False
    )
    # An address of ours is that of a collector, as in OTEL_EXPORTER_OTLP_ENDPOINT.
    address = None if endpoint is None else f"{endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(_WithoutQuery())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address)))
    return provider


class _WithoutQuery(SpanProcessor):
    """A filter in an address may hold what nobody else should read."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if span.attributes and span.attributes.get("url.query"):
            span.set_attribute("url.query", "REDACTED")
