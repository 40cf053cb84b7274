"""The API classes."""

from squareconnect.apis.customers_api import CustomersApi as CustomersApi
