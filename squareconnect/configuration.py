"""The settings of a client."""

from __future__ import annotations

import logging
import os
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from squareconnect import __version__, logs
from squareconnect.models._model import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

HOSTS = {"production": "https://connect.squareup.com", "sandbox": "https://connect.squareupsandbox.com"}
"""Square's hosts by the name of their environment."""

LONGEST = 365 * 24 * 60 * 60
"""The most seconds that a time-out can be set to: a year."""


class Secret(str):
    """A text that is not shown by ``repr``, and so neither in logs of structures nor in tracebacks with locals."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def conceal(value: Any) -> Any:
    """Give a text as a :class:`Secret`, a dict with its values so, and everything else as it is.

    Bytes become a text of the same character codes.
    """
    if isinstance(value, bytes):
        return Secret(value, "latin-1")
    if isinstance(value, dict):
        return {name: conceal(item) for name, item in value.items()}
    return Secret(value) if isinstance(value, str) else value


class Configuration:
    """The settings of a client. Each can be given here by keyword or, but for ``environment``, set as an attribute.

    ``host``, ``access_token``, ``square_version``, the time-outs and the retry numbers are read at each call; the
    TLS, proxy and pool settings when an ``ApiClient`` is made.

    :param environment: ``"production"`` or ``"sandbox"``: sets ``host``, which then is not given.
    :param host: the base URL, ``https://connect.squareup.com`` unless it is set.
    :param access_token: the token sent as ``Authorization: Bearer``; else the environment variable
        ``SQUARE_ACCESS_TOKEN`` as it is when this object is made.
    :param square_version: the ``Square-Version`` header, ``YYYY-MM-DD``; None leaves it out, and Square then takes the
        version of the application.
    :param verify_ssl: whether the server's certificate and host name are checked.
    :param ssl_ca_cert: a PEM file of the certificate authorities to trust, instead of certifi's.
    :param cert_file: a PEM file with the client's certificate, where the server asks for one.
    :param key_file: a PEM file with the certificate's key, if it is not in ``cert_file``.
    :param proxy: the URL of an HTTP proxy, ``http://user:password@host:port``; an empty string uses none. None follows
        ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.
    :param timeout: seconds to wait for a connection and for each piece of an answer, or a pair of the two.
    :param deadline: seconds that a call may take in all, with its retries and pauses.
    :param max_retries: how often a call is tried again, 0 or more.
    :param max_retry_wait: seconds that one pause between tries may last, whatever ``Retry-After`` says.
    :param max_response_size: bytes that a decoded answer may have.
    :param connection_pool_maxsize: connections that a client opens at the most; a call waits for a free one.
    :param allow_insecure_http: whether the token may go over plain HTTP to another machine.
    :param debug: whether the loggers of this package and of urllib3 print at level DEBUG. The token is never logged.
    :param logger_file: a file that the two loggers write to.
    :raises ValueError: for a value that cannot work, naming the setting. The same holds for later assignments.
    :raises TypeError: for an unknown name.
    """

    host: str
    access_token: str
    square_version: str | None
    verify_ssl: bool
    ssl_ca_cert: str | None
    cert_file: str | None
    key_file: str | None
    proxy: str | None
    timeout: float | tuple[float, float]
    deadline: float
    max_retries: int
    max_retry_wait: float
    max_response_size: int
    connection_pool_maxsize: int
    allow_insecure_http: bool
    debug: bool
    logger_file: str | None
    logger_format: str
    temp_folder_path: str | None
    api_key: dict[str, str]
    api_key_prefix: dict[str, str]
    username: str
    password: str

    def __init__(
        self,
        *,
        environment: Literal["production", "sandbox"] | None = None,
        host: str | None = None,
        access_token: str | bytes | None = None,
        square_version: str | None = "2019-06-12",
        verify_ssl: bool = True,
        ssl_ca_cert: str | None = None,
        cert_file: str | None = None,
        key_file: str | None = None,
        proxy: str | None = None,
        timeout: float | tuple[float, float] = (10.0, 30.0),
        deadline: float = 120.0,
        max_retries: int = 3,
        max_retry_wait: float = 30.0,
        max_response_size: int = 64 * 1024 * 1024,
        connection_pool_maxsize: int = 16,
        allow_insecure_http: bool = False,
        debug: bool = False,
        logger_file: str | None = None,
    ) -> None:
        access_token, proxy = conceal(access_token), conceal(proxy)  # A traceback shows the locals of each frame.
        if environment not in (None, *HOSTS):
            raise ValueError(f"environment must be one of {', '.join(HOSTS)}, not {environment!r}")
        if environment and host is not None:
            raise ValueError("environment and host both say where calls go: give one of them")
        self.host = HOSTS[environment or "production"] if host is None else host
        self.access_token = conceal(os.environ.get("SQUARE_ACCESS_TOKEN") if access_token is None else access_token)
        self.square_version = square_version
        self.verify_ssl = verify_ssl
        self.ssl_ca_cert = ssl_ca_cert
        self.cert_file = cert_file
        self.key_file = key_file
        self.proxy = proxy
        self.timeout = timeout
        self.deadline = deadline
        self.max_retries = max_retries
        self.max_retry_wait = max_retry_wait
        self.max_response_size = max_response_size
        self.connection_pool_maxsize = connection_pool_maxsize
        self.allow_insecure_http = allow_insecure_http
        self.temp_folder_path = None
        self.api_key = {}
        self.api_key_prefix = {}
        self.username = ""
        self.password = ""
        self.logger_format = "%(asctime)s %(levelname)s %(message)s"
        self.debug = debug
        self.logger_file = logger_file

    if not TYPE_CHECKING:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in _CHECKS:
                raise AttributeError(f"Configuration has no setting '{name}'" + did_you_mean(name, _CHECKS))
            if name in _SECRET:
                value = conceal(value)
            value = _CHECKS[name](name, value)
            if name in _LOG:
                logs.follow(self, *(value if name == each else self.__dict__.get(each) for each in _LOG))
            self.__dict__[name] = value

    @property
    def logger(self) -> dict[str, logging.Logger]:
        """The two loggers: ``package_logger`` ("squareconnect") and ``urllib3_logger`` ("urllib3")."""
        return {key: logging.getLogger(name) for key, name in logs.NAMES.items()}

    @property
    def logger_formatter(self) -> logging.Formatter:
        """A formatter made of ``logger_format``."""
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
        """Give ``api_key[identifier]`` behind its prefix, or None if there is none."""
        key = self.api_key.get(identifier)
        prefix = self.api_key_prefix.get(identifier)
        return Secret(f"{prefix} {key}" if prefix else key) if key else None

    def get_basic_auth_token(self) -> str:
        """Give ``username`` and ``password`` as the value of an ``Authorization`` header (RFC 7617)."""
        from base64 import b64encode

        return Secret("Basic " + b64encode(f"{self.username}:{self.password}".encode()).decode())

    def auth_settings(self) -> dict[str, dict[str, Any]]:
        """Give where each kind of authorization goes in a request, and its value."""
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
        """Give what a report of a fault needs: system, Python and package versions. No settings, no token."""
        return (
            "Python SDK Debug Report:\n"
            f"OS: {sys.platform}\n"
            f"Python Version: {sys.version}\n"
            "Version of the API: 2.0\n"
            f"SDK Package Version: {__version__}"
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={self.__dict__[name]!r}" for name in _SHOWN if name in self.__dict__)
        return f"Configuration({shown})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name in _CHECKS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)


def _host(name: str, value: Any) -> str:
    if "@" in str(value):
        raise ValueError(f"{name} must not hold a user name or password: give access_token instead")
    problem = f"{name} must be a URL such as {HOSTS['production']}, not {value!r}"
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        raise ValueError(problem) from None
    if not usable or parts.query or parts.fragment or re.search(r"[^!-~]|[?#\\]", value):
        raise ValueError(problem)
    return f"{parts.scheme}{value[len(parts.scheme) :]}".rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine: ``localhost``, 127.0.0.0/8 or ``::1``."""
    return re.fullmatch(r"localhost|127(\.\d+){3}|::1", urlsplit(url).hostname or "", re.ASCII) is not None


def check_proxy(name: str, value: Any) -> str | None:
    """Give the URL of a proxy, which is ``http://`` where no scheme is named.

    :raises ValueError: for anything else, naming it. The value is not shown: it can hold a password.
    """
    if not value:
        return None if value is None else ""
    if isinstance(value, str) and "://" not in value:
        value = Secret("http://" + value)
    if not isinstance(value, str) or not _PROXY.fullmatch(value):
        raise ValueError(f"{name} must be the URL of an HTTP proxy such as http://proxy.example:3128")
    return value


_PORT = r"(?:[0-5]?\d{1,4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])"
_PROXY = re.compile(rf"https?://(((?![/?#\\])[!-~])*@)?([\w.-]+|\[[\da-f:.]+\])(:{_PORT})?/?", re.I | re.A)


def text(name: str, value: Any) -> str:
    """Give a text that may come as UTF-8 bytes.

    :raises ValueError: for anything else, naming it.
    """
    if isinstance(value, (str, bytes)):
        import six

        try:
            return six.ensure_str(value)
        except UnicodeDecodeError:
            pass
    raise ValueError(f"{name} must be a str (or UTF-8 bytes), not {type(value).__name__}")


def _access_token(name: str, value: Any) -> Any:
    if value is None:
        return Secret()
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a str (or bytes), not {type(value).__name__}")
    if re.search(r"[^!-~]", value):
        raise ValueError(
            f"{name} has a character that a token cannot have (a space, a line break or one that is not ASCII); "
            "it is not shown here. Copy the token again, without quotes or spaces around it"
        )
    return value


def _square_version(name: str, value: Any) -> str | None:
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)):
        return value
    raise ValueError(f"{name} must be a date such as '2019-06-12', or None, not {value!r}")


def _pem_file(name: str, value: Any) -> Any:
    if value is not None and not (isinstance(value, (str, os.PathLike)) and Path(value).is_file()):
        raise ValueError(f"{name} must be the path of a PEM file; there is no file {value!r}")
    return value


def _path(name: str, value: Any) -> Any:
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise ValueError(f"{name} must be the path of a file, not {value!r}")
    return value


def _log_format(name: str, value: Any) -> str:
    try:
        logging.Formatter(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{name} must be a format of the logging module: {error}") from None
    return value  # type: ignore[no-any-return]


def _seconds(name: str, value: Any) -> float:
    if type(value) not in (int, float) or not 0 < value <= LONGEST:
        raise ValueError(f"{name} must be a number of seconds above 0 and up to {LONGEST}, not {value!r}")
    return value  # type: ignore[no-any-return]


def seconds_or_pair(name: str, value: Any) -> float | tuple[float, float]:
    """Give a time-out: seconds, or a pair of seconds for connecting and reading.

    :raises ValueError: for anything else, naming it.
    """
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return _seconds(f"{name}[0]", value[0]), _seconds(f"{name}[1]", value[1])
    return _seconds(name, value)


def _whole(least: int) -> Callable[[str, Any], int]:
    def check(name: str, value: Any) -> int:
        if type(value) is not int or value < least:
            raise ValueError(f"{name} must be a whole number of {least} or more, not {value!r}")
        return value

    return check


def _truth(name: str, value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{name} must be True or False, not {value!r}")
    return value


def _anything(name: str, value: Any) -> Any:
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "host": _host,
    "access_token": _access_token,
    "square_version": _square_version,
    "verify_ssl": _truth,
    "ssl_ca_cert": _pem_file,
    "cert_file": _pem_file,
    "key_file": _pem_file,
    "proxy": check_proxy,
    "timeout": seconds_or_pair,
    "deadline": _seconds,
    "max_retries": _whole(0),
    "max_retry_wait": _seconds,
    "max_response_size": _whole(1),
    "connection_pool_maxsize": _whole(1),
    "allow_insecure_http": _truth,
    "debug": _truth,
    "logger_file": _path,
    "logger_format": _log_format,
    "temp_folder_path": _anything,
    "api_key": _anything,
    "api_key_prefix": _anything,
    "username": _anything,
    "password": _anything,
}
_SECRET = frozenset(("access_token", "proxy", "api_key", "password"))
_LOG = ("debug", "logger_file", "logger_format")
_SHOWN = tuple(_CHECKS)[: tuple(_CHECKS).index("debug")]


class _Module(ModuleType):
    """This module, which up to 2.9 was itself the configuration of the process."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _CHECKS:
            raise AttributeError(
                f"squareconnect.configuration.{name} sets nothing since 2.20180712.3: write configuration = "
                f"Configuration(); configuration.{name} = ...; api = CustomersApi(ApiClient(configuration)) instead"
            )
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Module
