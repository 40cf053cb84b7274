"""Square Connect v2 Customers API: an SDK. Each name is imported when it is first used."""

from __future__ import annotations

import sys

# False, like typing.TYPE_CHECKING: importing typing would take ten times as long as the rest of this file. jedi, which
# completes names in editors, skips code below a literal False.
TYPE_CHECKING = bool(0)
if TYPE_CHECKING:
    from typing import Any

    from squareconnect import api_client as api_client
    from squareconnect import apis as apis
    from squareconnect import asynchronous as asynchronous
    from squareconnect import configuration as configuration
    from squareconnect import exceptions as exceptions
    from squareconnect import models as models
    from squareconnect import pagination as pagination
    from squareconnect import rest as rest
    from squareconnect import transport as transport
    from squareconnect._version import __version__ as __version__
    from squareconnect.api_client import ApiClient as ApiClient
    from squareconnect.api_client import ApiResponse as ApiResponse
    from squareconnect.apis.async_customers_api import AsyncCustomersApi as AsyncCustomersApi
    from squareconnect.apis.customers_api import CustomersApi as CustomersApi
    from squareconnect.async_api_client import AsyncApiClient as AsyncApiClient
    from squareconnect.asynchronous import CallHandle as CallHandle
    from squareconnect.configuration import Configuration as Configuration
    from squareconnect.exceptions import ApiException as ApiException
    from squareconnect.exceptions import ConnectionFailed as ConnectionFailed
    from squareconnect.exceptions import DecodeError as DecodeError
    from squareconnect.exceptions import Forbidden as Forbidden
    from squareconnect.exceptions import InvalidArgument as InvalidArgument
    from squareconnect.exceptions import InvalidRequest as InvalidRequest
    from squareconnect.exceptions import NotFound as NotFound
    from squareconnect.exceptions import PaymentMethodError as PaymentMethodError
    from squareconnect.exceptions import RateLimited as RateLimited
    from squareconnect.exceptions import ServerError as ServerError
    from squareconnect.exceptions import Timeout as Timeout
    from squareconnect.exceptions import Unauthorized as Unauthorized
    from squareconnect.models import *  # noqa: F403
    from squareconnect.models._null import NULL as NULL
    from squareconnect.pagination import paginate as paginate
    from squareconnect.pagination import paginate_async as paginate_async

_SUBMODULES = (
    "apis",
    "models",
    "rest",
    "transport",
    "configuration",
    "api_client",
    "exceptions",
    "asynchronous",
    "pagination",
)

_MODULES = {
    "__version__": "_version",
    "ApiClient": "api_client",
    "ApiResponse": "api_client",
    "AsyncApiClient": "async_api_client",
    "CustomersApi": "apis.customers_api",
    "AsyncCustomersApi": "apis.async_customers_api",
    "CallHandle": "asynchronous",
    "Configuration": "configuration",
    "NULL": "models._null",
    "paginate": "pagination",
    "paginate_async": "pagination",
    "ApiException": "exceptions",
    "ConnectionFailed": "exceptions",
    "DecodeError": "exceptions",
    "Forbidden": "exceptions",
    "InvalidArgument": "exceptions",
    "InvalidRequest": "exceptions",
    "NotFound": "exceptions",
    "PaymentMethodError": "exceptions",
    "RateLimited": "exceptions",
    "ServerError": "exceptions",
    "Timeout": "exceptions",
    "Unauthorized": "exceptions",
}


if not TYPE_CHECKING:  # A checker that saw this would accept every name.

    def __getattr__(name: str) -> Any:
        from importlib import import_module

        if name in _SUBMODULES:
            return import_module(f"{__name__}.{name}")
        if name == "__all__":
            return [*_MODULES, *import_module(f"{__name__}.models").__all__]
        if name in _MODULES or name in import_module(f"{__name__}.models").__all__:
            value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'models')}"), name)
            return value
        if name[:1].isupper():  # Perhaps a class of 2.x. Module names get here whenever a module is imported.
            raise import_module(f"{__name__}.legacy").attribute_error(__name__, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return [*globals(), *__getattr__("__all__")]


class _OtherApis:
    """Explains failed imports of modules that only 2.x has. Python asks it last, if no other finder has the module."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Refuse to import a name that only 2.x has, with a helpful message. Leave all other names to Python."""
        if name.startswith(f"{__name__}."):
            from squareconnect.legacy import refuse_import

            refuse_import(name)


sys.meta_path[:] = [finder for finder in sys.meta_path if getattr(finder, "__module__", "") != __name__]
sys.meta_path.append(_OtherApis)
