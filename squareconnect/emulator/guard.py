"""Access control: the token of the control interface, and the defence against other web pages."""

from __future__ import annotations

import hmac
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from squareconnect.emulator.refusals import RefusalError
from squareconnect.models.error_code import ErrorCode

if TYPE_CHECKING:
    from squareconnect.emulator.wire import Request

_SQUARE_HOSTS = ("connect.squareup.com", "connect.squareupsandbox.com")
"""Names that a test may redirect to this machine, for a program with a fixed host."""


class Guard:
    """Decides who may use what.

    A web page from elsewhere can make a browser send requests to this machine. Requests that change something carry the
    page's `Origin`. If the page has made its own name resolve to this machine, they carry that name as `Host`.

    :param on_loopback: whether only this machine can reach the emulator.
    :param access_token: the token that the control interface demands on any other address.
    :param scheme: `http` or `https`.
    """

    def __init__(self, access_token: str, *, on_loopback: bool, scheme: str) -> None:
        self._access_token = access_token.encode()
        self._on_loopback = on_loopback
        self._scheme = scheme

    def check_host(self, request: Request, *more: str) -> None:
        """Refuse a request whose `Host` is not a name of this machine.

        On an address other than loopback any name is accepted, because the token protects the emulator there.

        :param more: other names to accept.
        :raises RefusalError: with status 403.
        """
        host = request.headers.get("host")
        if self._on_loopback and host is not None and not (is_loopback(_name_of(host)) or _name_of(host) in more):
            raise _forbidden("The `Host` header names another machine.")

    def check_square(self, request: Request) -> None:
        """Refuse a request that changes something and comes from another web page.

        :raises RefusalError: with status 403.
        """
        if request.method not in ("GET", "HEAD"):
            self.check_host(request, *_SQUARE_HOSTS)
            self._check_origin(request)

    def check_control(self, request: Request) -> None:
        """Refuse a request to the control interface that does not come from the tester.

        :raises RefusalError: with status 403, or 401 if it lacks the token.
        """
        self.check_host(request)
        if request.method not in ("GET", "HEAD"):
            self._check_origin(request)
        if not self._on_loopback:
            self._check_token(request)

    def _check_origin(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() != f"{self._scheme}://{request.headers.get('host', '')}".lower():
            raise _forbidden("The `Origin` header names a web page other than the emulator's.")

    def _check_token(self, request: Request) -> None:
        if not hmac.compare_digest(token_of(request), self._access_token):
            detail = "The emulator can be reached from other machines, so this needs its access token: `Bearer TOKEN`."
            raise RefusalError(401, ErrorCode.UNAUTHORIZED, detail)


def token_of(request: Request) -> bytes:
    """Return the token of the header `Authorization: Bearer TOKEN`; nothing if there is no such header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip().encode("latin-1") if scheme.lower() == "bearer" else b""


def is_loopback(name: str) -> bool:
    """Return whether a host's name or address always means this machine."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() == "localhost" or name.lower().endswith(".localhost")


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _forbidden(detail: str) -> RefusalError:
    return RefusalError(403, ErrorCode.FORBIDDEN, detail)
