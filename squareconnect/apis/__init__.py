"""The API classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.apis.async_customers_api import AsyncCustomersApi as AsyncCustomersApi
from squareconnect.apis.customers_api import CustomersApi as CustomersApi

if not TYPE_CHECKING:  # A checker that saw this would accept any name.

    def __getattr__(name):
        from squareconnect.legacy import attribute_error

        raise attribute_error(__name__, name)
