"""The API classes."""

from squareconnect.apis.async_customers_api import AsyncCustomersApi as AsyncCustomersApi
from squareconnect.apis.customers_api import CustomersApi as CustomersApi
