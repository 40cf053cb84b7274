"""The settings of a client."""

from __future__ import annotations

import logging
import os
import sys
import warnings
from types import ModuleType
from typing import TYPE_CHECKING, Any

from squareconnect import _checks as checks
from squareconnect import logs
from squareconnect._checks import HOSTS as HOSTS
from squareconnect._checks import check_proxy as check_proxy
from squareconnect._checks import is_loopback as is_loopback
from squareconnect._checks import seconds_or_pair as seconds_or_pair
from squareconnect._settings import Given, Settings, setting
from squareconnect._text import Secret as Secret
from squareconnect._text import conceal as conceal
from squareconnect._text import text as text
from squareconnect._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import InitVar
    from typing import Literal

AT_EACH_CALL = "at each call"
WITH_THE_CLIENT = "when an `ApiClient` is made"
WHEN_MADE = "when the `Configuration` is made"
AT_ONCE = "at once, when they are set"
KEPT = "by no call of this API: these settings exist for programs written for 2.x"


class Configuration(Settings):
    """The settings of a client. Each can be passed by keyword, and each except ``environment`` can be set later.

    :raises ValueError: for an invalid value, also in a later assignment. The message names the setting.
    :raises TypeError: for an unknown name. A later assignment to one raises ``AttributeError``.
    """

    environment: InitVar[Literal["production", "sandbox"] | None] = setting(
        None, checks.one_of(HOSTS), WHEN_MADE, '`"production"` or `"sandbox"`: it sets `host`. Pass one of the two.'
    )
    host: Given[str, str | None] = setting(
        None,
        checks.host,
        AT_EACH_CALL,
        "The base URL, http or https. None means `squareconnect.configuration.host` if a program sets that, or else "
        f"`{HOSTS['production']}`.",
        shown="if accepted",
        otherwise=lambda: HOSTS["production"],
    )
    access_token: Given[str, str | bytes | None] = setting(
        None,
        checks.access_token,
        AT_EACH_CALL,
        "The token sent as `Authorization: Bearer`. None means `squareconnect.configuration.access_token` if a program "
        "sets that, or else the environment variable `SQUARE_ACCESS_TOKEN`, read when the `Configuration` is made.",
        shown="never",
        otherwise=lambda: os.environ.get("SQUARE_ACCESS_TOKEN"),
    )
    square_version: str | None = setting(
        "2019-06-12",
        checks.square_version,
        AT_EACH_CALL,
        "The `Square-Version` header, `YYYY-MM-DD`. None omits it, and Square then uses the application's version.",
    )
    verify_ssl: bool = setting(
        True, checks.truth, WITH_THE_CLIENT, "Whether to check the server's certificate and host name."
    )
    ssl_ca_cert: str | None = setting(
        None,
        checks.pem_file,
        WITH_THE_CLIENT,
        "A PEM file of the certificate authorities to trust, instead of certifi's.",
    )
    cert_file: str | None = setting(
        None,
        checks.pem_file,
        WITH_THE_CLIENT,
        "A PEM file with the client's certificate, if the server asks for one.",
    )
    key_file: str | None = setting(
        None,
        checks.pem_file,
        WITH_THE_CLIENT,
        "A PEM file with the certificate's key, if `cert_file` does not contain it.",
    )
    proxy: str | None = setting(
        None,
        checks.check_proxy,
        WITH_THE_CLIENT,
        "The URL of an HTTP proxy, `http://user:password@host:port`. An empty string means no proxy. None reads the "
        "environment variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.",
        shown="never",
    )
    timeout: float | tuple[float, float] = setting(
        (10.0, 30.0),
        checks.seconds_or_pair,
        AT_EACH_CALL,
        "Seconds to wait for a connection and for each piece of an answer, or a pair of the two; up to a year.",
    )
    deadline: float = setting(
        120.0, checks.seconds, AT_EACH_CALL, "Seconds that a call may take in all, including retries and pauses."
    )
    max_retries: int = setting(3, checks.whole(0), AT_EACH_CALL, "The maximum number of retries of a call, 0 or more.")
    max_retry_wait: float = setting(
        30.0,
        checks.seconds,
        AT_EACH_CALL,
        "The maximum seconds of one pause between tries, whatever `Retry-After` says.",
    )
    max_response_size: int = setting(
        64 * 1024 * 1024, checks.whole(1), AT_EACH_CALL, "The maximum size of a decoded answer, in bytes."
    )
    connection_pool_maxsize: int = setting(
        16, checks.whole(1), WITH_THE_CLIENT, "The maximum number of open connections; a call waits for a free one."
    )
    allow_insecure_http: bool = setting(
        False, checks.truth, AT_EACH_CALL, "Whether the token may be sent over plain HTTP to another machine."
    )
    on_try: Callable[[Any], object] | None = setting(
        None,
        checks.function,
        AT_EACH_CALL,
        "A function that is called after each try with a `squareconnect.transport.TryReport`: method, path template, "
        "status, exception, seconds and attempt. Pickling a `Configuration` drops a function that cannot be pickled.",
    )
    logger_format: str = setting(
        "%(asctime)s %(levelname)s %(message)s", checks.log_format, AT_ONCE, "The format of the log lines."
    )
    debug: bool = setting(
        False,
        checks.truth,
        AT_ONCE,
        "Whether the loggers of this package and of urllib3 print at level DEBUG. The token is never logged.",
    )
    logger_file: str | None = setting(None, checks.path, AT_ONCE, "A file that these two loggers write to.")
    temp_folder_path: str | None = setting(None, checks.anything, KEPT, "A folder for downloads.")
    api_key: dict[str, str] = setting({}, checks.anything, KEPT, "API keys by identifier.", shown="never")
    api_key_prefix: dict[str, str] = setting({}, checks.anything, KEPT, "The prefix of each API key, by identifier.")
    username: str = setting("", checks.anything, KEPT, "A user name for HTTP Basic authentication.")
    password: str = setting("", checks.anything, KEPT, "The password for it.", shown="never")

    def _prepare(self, values: dict[str, Any]) -> None:
        environment = values.get("environment")
        if environment is not None and values.get("host") is not None:
            raise ValueError("environment and host both set the host: pass only one of them")
        if environment in HOSTS:
            values["host"] = HOSTS[environment]

    def _checked(self, name: str, value: Any) -> Any:
        value = super()._checked(name, value)
        if name in _LOG:
            destinations: Any = [value if name == each else self.__dict__.get(each) for each in _LOG]
            logs.follow(self, *destinations)
        return value

    @classmethod
    def _shared_value(cls, name: str) -> Any:
        return globals().get(name)

    @property
    def logger(self) -> dict[str, logging.Logger]:
        """The two loggers: ``package_logger`` ("squareconnect") and ``urllib3_logger`` ("urllib3")."""
        return {key: logging.getLogger(name) for key, name in logs.NAMES.items()}

    @property
    def logger_formatter(self) -> logging.Formatter:
        """A formatter with ``logger_format``."""
        return logging.Formatter(self.logger_format)

    @property
    def logger_stream_handler(self) -> logging.Handler | None:
        """The handler that prints to standard error while ``debug`` is set."""
        return logs.handler_of(None) if self.debug else None

    @property
    def logger_file_handler(self) -> logging.Handler | None:
        """The handler that writes to ``logger_file`` while it is set."""
        return logs.handler_of(self.logger_file) if self.logger_file else None

    def get_api_key_with_prefix(self, identifier: str) -> str | None:
        """Return ``api_key[identifier]`` with its prefix, or None if there is no such key."""
        key = self.api_key.get(identifier)
        prefix = self.api_key_prefix.get(identifier)
        return Secret(f"{prefix} {key}" if prefix else key) if key else None

    def get_basic_auth_token(self) -> str:
        """Return ``username`` and ``password`` as the value of an ``Authorization`` header (RFC 7617)."""
        from base64 import b64encode

        return Secret("Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode())

    def auth_settings(self) -> dict[str, dict[str, Any]]:
        """Return each kind of authorization: its place in a request, and its value."""
        header = {"in": "header", "key": "Authorization"}
        return {
            "oauth2": {"type": "oauth2", **header, "value": Secret(f"Bearer {self.access_token}")},
            "oauth2ClientSecret": {
                "type": "api_key",
                **header,
                "value": self.get_api_key_with_prefix("Authorization"),
            },
        }

    def to_debug_report(self) -> str:
        """Return the system, Python and package versions, for a bug report. It contains no settings and no token."""
        return (
            "Python SDK Debug Report:\n"
            f"OS: {sys.platform}\n"
            f"Python Version: {sys.version}\n"
            "Version of the API: 2.0\n"
            f"SDK Package Version: {__version__}"
        )


FIXED = tuple(name for name, each in Configuration.settings.items() if each.declared.read == WITH_THE_CLIENT)
"""The settings that a client reads once, when it is made."""

_LOG = ("debug", "logger_file", "logger_format")
"""The settings that decide where log lines go, in the order of the parameters of :func:`squareconnect.logs.follow`."""


class _Module(ModuleType):
    """The class of this module, which was the configuration of the whole process in early releases of 2.x.

    Its ``access_token`` and ``host`` are still the defaults of every ``Configuration`` that does not set them.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("access_token", "host"):
            value = conceal(value)
            if value is not None:
                value = None if (name, value) == ("host", "") else getattr(checks, name)(name, value)
            warnings.warn(
                f"squareconnect.configuration.{name} = ... sets the {name} of every Configuration without one: write "
                f"CustomersApi(ApiClient(Configuration({name}=...))) instead",
                DeprecationWarning,
                stacklevel=2,
            )
        elif name in Configuration.settings:
            raise AttributeError(
                f"squareconnect.configuration.{name} has no effect since 2.20180712.3: write configuration = "
                f"Configuration(); configuration.{name} = ...; api = CustomersApi(ApiClient(configuration)) instead"
            )
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module
