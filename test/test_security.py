"""Everything that can be printed is searched for a token and an e-mail address."""

from __future__ import annotations

import copy
import http.client
import logging
import pickle
import signal
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squareconnect import ApiClient, Configuration, CustomersApi
from squareconnect.exceptions import ApiException
from test import servers
from test.servers import Server, answer, close, commit, cut, message, reset, stall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKEN = "EAAA-CANARY-TOKEN-7f3a"
EMAIL = "canary.lovelace@example.com"
PHONE = "+1 (212) 555-0142"
REFUSAL = {
    "errors": [
        {
            "category": "INVALID_REQUEST_ERROR",
            "code": "INVALID_EMAIL_ADDRESS",
            "detail": f"`{EMAIL}` is not valid, nor is {PHONE}; see EAAA\nor \x1b[31mcall",
            "field": "email_address",
        }
    ]
}
FAULTS: dict[str, servers.Step] = {
    "a refusal": answer(400, REFUSAL),
    "an unauthorized": answer(401, REFUSAL),
    "an error": answer(500, REFUSAL),
    "HTML": answer(200, f"<p>{EMAIL}</p>".encode()),
    "another type": answer(200, {"customer": EMAIL}),
    "a reset": reset,
    "a close": close,
    "cut headers": cut(message(200, {})[:50]),
    "half a body": cut(message(200, {"customer": {"email_address": EMAIL}})[:-5]),
    "broken headers": cut(b"HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 2\r\n\r\n{}"),
    "silence": stall,
    "no HTTP": cut(EMAIL.encode() + b"\r\n\r\n"),
    "a success": commit(),
}


def with_locals(error: BaseException) -> str:
    """Return what an error tracker sends: the traceback with the local variables of our frames and those below."""
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    del shown.stack[0]  # The caller's frame, which knows the token.
    return "".join(shown.format())


class Printed:
    """Everything that was printed, logged or raised."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.without_locals: list[str] = []

    def add(self, thing: Any) -> None:
        copies = [thing, copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))]
        self.without_locals += [str(each) for each in copies if isinstance(each, BaseException)]
        self.without_locals += [repr(copies), f"{copies}"]
        if isinstance(thing, BaseException):
            self.without_locals += traceback.format_exception(thing)
            self.pieces.append(with_locals(thing))

    def check(self, *more: str) -> None:
        everything = "\n".join([*self.without_locals, *more])
        assert "canary" not in everything.lower()
        assert "555-0142" not in everything
        assert TOKEN not in "\n".join(self.pieces)


@pytest.fixture
def debugging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Debugging, switched on for the whole program."""
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 9)
    logging.getLogger().setLevel(logging.DEBUG)
    yield
    logging.getLogger().setLevel(logging.WARNING)


@pytest.mark.usefixtures("debugging")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_token_and_the_address_are_printed_nowhere(
    fault: servers.Step, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    printed = Printed()
    log = tmp_path / "log.txt"
    with Server(otherwise=fault) as server, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        configuration = Configuration(
            host=server.host, access_token=TOKEN, debug=True, logger_file=str(log), timeout=0.2, max_retries=1
        )
        api = CustomersApi(ApiClient(configuration, "X-Other", "yes"))
        api.api_client.rest_client.sleep = lambda seconds: None
        try:
            api.create_customer({"email_address": EMAIL, "idempotency_key": "K1"})
        except ApiException as error:
            printed.add(error)
        printed.add(configuration)
        printed.add(configuration.auth_settings())
        printed.add(api)
        printed.add(api.api_client)
        printed.add(api.api_client.rest_client)
        printed.without_locals += [repr(vars(api.api_client)), configuration.to_debug_report()]
        configuration.debug = False
        configuration.logger_file = None

    out, err = capfd.readouterr()
    assert "POST /v2/customers" in log.read_text()
    assert "POST /v2/customers" in err
    assert server.requests[0].headers["authorization"] == "Bearer " + TOKEN
    printed.check(out, err, log.read_text(), caplog.text, *(str(each.message) for each in caught))


def test_what_the_server_echoes_is_masked_and_printed_as_one_line() -> None:
    with Server(answer(400, REFUSAL)) as server, pytest.raises(ApiException) as caught:
        servers.api_for(server).create_customer({})

    assert "`***` is not valid, nor is ***; see EAAA\\nor \\x1b[31mcall" in str(caught.value)
    assert caught.value.errors[0].detail == REFUSAL["errors"][0]["detail"]
    assert EMAIL in (caught.value.body or "")


MISTAKES: dict[str, Callable[[], Any]] = {
    "a line break": lambda: Configuration(access_token=TOKEN + "\r\nX: y"),
    "a space": lambda: Configuration(access_token=" " + TOKEN),
    "another alphabet": lambda: Configuration(access_token=TOKEN + "é"),
    "a NUL": lambda: Configuration(access_token=TOKEN + "\0"),
    "bytes that are no text": lambda: Configuration(access_token=TOKEN.encode() + b"\xff"),
    "another setting": lambda: Configuration(access_token=TOKEN, timeout=-1),
    "another setting, with the token in bytes": lambda: Configuration(access_token=TOKEN.encode(), deadline=0),
    "an assignment": lambda: setattr(Configuration(), "access_token", TOKEN + "\n"),
    "plain HTTP": lambda: api_with_token(host="http://square.example").retrieve_customer("C1"),
    "an id": lambda: api_with_token().retrieve_customer(".."),
    "a body": lambda: api_with_token().create_customer({"x": {1, 2}}),
    "a header's name": lambda: api_with_token().retrieve_customer("C1", _headers={"X Y": "z"}),
    "a header": lambda: api_with_token().retrieve_customer("C1", _headers={"X": "z\n"}),
    "a time-out": lambda: api_with_token().retrieve_customer("C1", _request_timeout=-1),
    "a certificate": lambda: api_with_token(ssl_ca_cert=__file__).retrieve_customer("C1"),
}


def api_with_token(**settings: Any) -> CustomersApi:
    return CustomersApi(ApiClient(Configuration(access_token=TOKEN, **settings)))


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_does_not_show_the_token(mistake: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError)) as caught:
        mistake()

    assert TOKEN not in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in shown.stack if frame.filename != __file__]
    assert ours
    assert [frame.name for frame in ours if TOKEN in str(frame.locals)] == []


class SoftTimeLimit(Exception):  # noqa: N818
    """The exception that a job queue raises in a signal handler."""


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SoftTimeLimit])
@pytest.mark.parametrize(
    "fault", [stall, servers.drip(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 90)], ids=["send", "read"]
)
def test_an_interrupt_shows_no_token_and_leaves_the_client_usable(
    fault: servers.Step, interruption: type[BaseException]
) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise interruption

    def interrupted(wire: servers.Wire, request: servers.Request) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        fault(wire, request)

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Server(interrupted) as server:
            api = api_with_token(host=server.host, connection_pool_maxsize=1)
            with pytest.raises(interruption) as caught:
                api.retrieve_customer("C1")
            assert len(server.requests) == 1
            assert api.retrieve_customer("C1").customer
    finally:
        signal.signal(signal.SIGALRM, before)

    assert TOKEN not in with_locals(caught.value)
    assert not [frame for frame in traceback.extract_tb(caught.value.__traceback__) if "urllib3" in frame.filename]


def test_keys_and_the_password_are_shown_nowhere() -> None:
    configuration = Configuration()
    configuration.api_key = {"Authorization": TOKEN}
    configuration.password = TOKEN
    configuration.username = "ada"
    unprefixed = [configuration.get_api_key_with_prefix("Authorization"), configuration.auth_settings()]
    configuration.api_key_prefix = {"Authorization": "Key"}
    prefixed = [configuration.get_api_key_with_prefix("Authorization"), configuration.auth_settings()]

    things = [configuration, vars(configuration), unprefixed, prefixed, configuration.get_basic_auth_token()]
    assert TOKEN not in repr(things)
    assert unprefixed[0] == TOKEN
    assert prefixed[0] == "Key " + TOKEN


@given(st.text(), st.text())
def test_no_header_value_can_add_another_header(name: str, value: str) -> None:
    client = ApiClient(Configuration(access_token="T"))
    try:
        client.set_default_header(name, value)
    except ValueError:
        return
    assert not {"\r", "\n", "\0"} & set(name + value)
    assert ":" not in name


def test_a_path_cannot_send_the_token_to_another_host() -> None:
    with Server() as elsewhere:
        api = api_with_token(host="https://square.example")
        for path in (f"@127.0.0.1:{elsewhere.port}/", ".example/", ""):
            with pytest.raises(ValueError, match="resource_path must be a str that begins with a slash"):
                api.api_client.call_api(path, "GET", auth_settings=["oauth2"])
        with pytest.raises(ValueError, match="url must be http"):
            api.api_client.request("GET", f"https://square.example@127.0.0.1:{elsewhere.port}/")

        assert elsewhere.connections == 0


def test_a_host_with_a_password_is_refused_and_not_shown() -> None:
    with pytest.raises(ValueError, match="host must not contain a user name or password") as caught:
        Configuration(host=f"https://{TOKEN}@square.example?x")

    assert TOKEN not in str(caught.value)
