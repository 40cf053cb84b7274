"""Tracers and structured logs: they see each try, and attribute calls in the background to their caller."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from opentelemetry.instrumentation.urllib3 import URLLib3Instrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from squareconnect import AsyncCustomersApi
from squareconnect.exceptions import ServerError
from test.interop.peer import id_of
from test.servers import Server, answer, api_for, close

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

    from squareconnect import CustomersApi

# -- OpenTelemetry --------------------------------------------------------------------------------------------------


class Traces:
    """Records the spans of OpenTelemetry's instrumentation of urllib3."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider()
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracer: Tracer = self._provider.get_tracer("test")
        URLLib3Instrumentor().instrument(tracer_provider=self._provider)

    def tries_and_callers(self) -> tuple[list[ReadableSpan], list[ReadableSpan]]:
        """Return the spans of tries, and all other spans, in the order in which they ended."""
        spans = self._exporter.get_finished_spans()
        return [span for span in spans if span.name == "GET"], [span for span in spans if span.name != "GET"]


@pytest.fixture
def traces() -> Iterator[Traces]:
    yield Traces()
    URLLib3Instrumentor().uninstrument()


def synchronous(api: CustomersApi, tracer: Tracer) -> Any:
    with tracer.start_as_current_span("caller"):
        return api.retrieve_customer("C1")


def in_the_background(api: CustomersApi, tracer: Tracer) -> Any:
    with tracer.start_as_current_span("caller"):
        handle = api.retrieve_customer("C1", async_req=True)
    return handle.get(30)


def awaited(api: CustomersApi, tracer: Tracer) -> Any:
    async def call() -> Any:
        with tracer.start_as_current_span("caller"):
            return await AsyncCustomersApi(api.api_client).retrieve_customer("C1")

    return asyncio.run(call())


@pytest.mark.parametrize("call", [synchronous, in_the_background, awaited])
@pytest.mark.parametrize("moment", ["before", "after"])  # The client's first connection.
def test_opentelemetry_sees_one_span_for_each_try_below_the_span_of_the_caller(
    moment: str, call: Callable[[CustomersApi, Tracer], Any], request: pytest.FixtureRequest
) -> None:
    with Server(answer(503, {}), close, answer()) as server:
        api = api_for(server)
        if moment == "after":
            assert api.api_client.rest_client.pool_manager
        traces: Traces = request.getfixturevalue("traces")
        assert id_of(call(api, traces.tracer)) == "C1"

        parents = [each.headers["traceparent"].split("-")[2] for each in server.requests]
    tries, (caller,) = traces.tries_and_callers()
    assert caller.context
    assert [span.parent and span.parent.span_id for span in tries] == [caller.context.span_id] * 3
    assert [_status(span) for span in tries] == [503, None, 200]
    assert parents == [f"{span.context.span_id:016x}" for span in tries if span.context]


def _status(span: ReadableSpan) -> Any:
    attributes = span.attributes or {}
    return attributes.get("http.response.status_code", attributes.get("http.status_code"))


# -- Sentry ---------------------------------------------------------------------------------------------------------


def test_sentry_sees_each_try_and_never_the_token(python: Callable[..., str]) -> None:
    with Server(answer(503, {}), answer(), answer(500, {}), answer(500, {})) as server:
        assert python("-m", "test.interop.test_tracing", server.host) == "done\n"

        assert len(server.requests) == 4
        assert all("sentry-trace" in request.headers for request in server.requests)


def call_under_sentry(host: str) -> None:
    """Make calls with Sentry's integration of ``http.client``, and check what it would send."""
    warnings.simplefilter("ignore")  # Sentry imports whatever is installed, even eventlet.
    import sentry_sdk
    from sentry_sdk.transport import Transport

    sent: list[Any] = []

    class Kept(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.extend(item.payload.json for item in envelope.items)

    sentry_sdk.init(dsn="http://k@127.0.0.1:9/1", transport=Kept, traces_sample_rate=1.0, include_local_variables=True)
    api = api_for(host, max_retries=1)
    with sentry_sdk.start_transaction(name="caller"):
        assert api.retrieve_customer("C1").customer
        try:
            api.retrieve_customer("C1")
        except ServerError as failure:
            sentry_sdk.capture_exception(failure)

    (transaction,) = [each for each in sent if each.get("type") == "transaction"]
    (failed,) = [each for each in sent if "exception" in each]
    assert [span["data"]["http.response.status_code"] for span in transaction["spans"]] == [503, 200, 500, 500]
    crumbs = failed["breadcrumbs"]["values"]
    assert [crumb["data"]["http.response.status_code"] for crumb in crumbs] == [503, 200, 500, 500]
    assert failed["exception"]["values"][-1]["type"] == "ServerError"
    assert "retrieve_customer" in str(failed["exception"])
    assert "T0KEN" not in str(sent)
    print("done")


# -- structlog ------------------------------------------------------------------------------------------------------


def test_background_calls_their_hooks_and_callbacks_have_structlogs_context() -> None:
    seen: list[Any] = []

    def look(*_: object) -> None:
        seen.append(structlog.contextvars.get_contextvars())

    with Server(answer(503, {}), answer()) as server:
        api = api_for(server, on_try=look)
        with structlog.contextvars.bound_contextvars(request_id="R1"):
            handle = api.retrieve_customer("C1", callback=look)
        handle.join(30)

    assert seen == [{"request_id": "R1"}] * 3
    assert structlog.contextvars.get_contextvars() == {}


if __name__ == "__main__":
    import sys

    call_under_sentry(sys.argv[1])
