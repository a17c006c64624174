"""Ends what a session runs from without, and sees to it that it has ended.

A server lists no sessions, and a tag is known only within one. But the id of a session is made of
its tag, so whoever knows the tag can speak for the session. By the protocol's own calls, which all
have a time limit here: the client's would try again for minutes.
"""

from __future__ import annotations

import contextlib
import importlib
import time
from typing import Any, Final

import pyspark.sql.connect.proto as spark
from pyspark.sql.connect.client import DefaultChannelBuilder
from pyspark.sql.connect.proto.base_pb2_grpc import SparkConnectServiceStub

from longwatch.engines.spark_source import Target, session_id

_GRPC: Any = importlib.import_module("grpc")  # it says nothing of its types
_STUB: Any = SparkConnectServiceStub
_PAUSE_S: Final = 0.05
_CALL_S: Final = 5.0
_GONE: Final = ("INVALID_HANDLE.SESSION_CLOSED", "INVALID_HANDLE.SESSION_NOT_FOUND")
_RUNNING: Final = spark.GetStatusResponse.OperationStatus.OPERATION_STATE_RUNNING


def end_session(target: Target, tag: str, *, within_s: float = 5.0) -> bool:
    """Interrupt what the session called `tag` runs, wait until it has ended, and close it for good;
    true once there is none. Raises `EngineError` when the server cannot be reached."""
    with contextlib.closing(_Control(target, tag)) as control:
        try:
            return control.end(within_s)
        except _GRPC.RpcError as error:
            raise target.unreachable(error) from None


class _Control:
    """Raises `grpc.RpcError`."""

    def __init__(self, target: Target, tag: str) -> None:
        builder = DefaultChannelBuilder(target.url(tag))
        self._channel = builder.toChannel()
        self._stub: Any = _STUB(self._channel)
        self._metadata = [*builder.metadata()]
        self._who: dict[str, Any] = {
            "session_id": session_id(tag),
            "user_context": spark.UserContext(user_id=target.parameters["user_id"]),
        }

    def end(self, within_s: float) -> bool:
        began_s = time.monotonic()
        while self._is_running():
            if time.monotonic() - began_s > within_s:
                return False
            self._call(
                "Interrupt",
                spark.InterruptRequest(
                    interrupt_type=spark.InterruptRequest.INTERRUPT_TYPE_ALL, **self._who
                ),
            )
            time.sleep(_PAUSE_S)
        # Closed, it takes nothing more that was on its way from a runner that is gone by now.
        self._call("ReleaseSession", spark.ReleaseSessionRequest(**self._who))
        return True

    def _is_running(self) -> bool:
        request = spark.GetStatusRequest(
            operation_status=spark.GetStatusRequest.OperationStatusRequest(), **self._who
        )
        try:
            answer = self._call("GetStatus", request)
        except _GRPC.RpcError as error:
            if any(word in str(error) for word in _GONE):
                return False
            raise
        return any(one.state == _RUNNING for one in answer.operation_statuses)

    def _call(self, name: str, request: Any) -> Any:
        return getattr(self._stub, name)(request, metadata=self._metadata, timeout=_CALL_S)

    def close(self) -> None:
        self._channel.close()
