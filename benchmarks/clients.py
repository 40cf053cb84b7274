"""The same workloads, done with each peer. Each class imports its peer in the constructor, in that peer's environment.

``decode`` turns the bytes of a page into the peer's own objects. The other methods make calls to a server.
"""
# ruff: noqa: D102

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

from benchmarks import data

TOKEN = "EAAA-benchmark"
CUSTOMER_ID = "JDKYHBWT1D4F8MFH0000000001"


class Floor:
    """The workloads written by hand with urllib3 and json."""

    def __init__(self, host: str) -> None:
        import urllib3

        self.url = host + "/v2/customers"
        self.pool = urllib3.PoolManager(maxsize=16, block=True)
        self.new_customer = data.new_customer()
        self.headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "Square-Version": "2019-06-12",
            "User-Agent": "Square-Connect-Python/3.0.0",
            "Authorization": f"Bearer {TOKEN}",
        }

    def decode(self, content: bytes) -> Any:
        return json.loads(content)

    def retrieve(self) -> Any:
        return json.loads(self.pool.request("GET", f"{self.url}/{CUSTOMER_ID}", headers=self.headers).data)

    def create(self) -> Any:
        body = json.dumps(self.new_customer)
        return json.loads(self.pool.request("POST", self.url, body=body, headers=self.headers).data)

    def list(self) -> Any:
        return json.loads(self.pool.request("GET", self.url, headers=self.headers).data)


class Ours:
    """This SDK."""

    statement = "import squareconnect"
    first_client = "squareconnect.CustomersApi()"

    def __init__(self, host: str) -> None:
        import squareconnect
        from squareconnect.serialization import decode

        configuration = squareconnect.Configuration(host=host, access_token=TOKEN)
        self.api = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))
        new = data.new_customer()
        new["address"] = squareconnect.Address(**new["address"])
        self.body = squareconnect.CreateCustomerRequest(**new)
        self._decode = decode

    def decode(self, content: bytes) -> Any:
        return self._decode(content, "ListCustomersResponse")

    def retrieve(self) -> Any:
        return self.api.retrieve_customer(CUSTOMER_ID)

    def create(self) -> Any:
        return self.api.create_customer(self.body)

    def list(self) -> Any:
        return self.api.list_customers()


class Original(Ours):
    """The retired package."""

    def __init__(self, host: str) -> None:
        import squareconnect

        self.api = squareconnect.CustomersApi()
        self.api.api_client.configuration.host = host
        self.api.api_client.configuration.access_token = TOKEN
        new = data.new_customer()
        new["address"] = squareconnect.Address(**new["address"])
        self.body = squareconnect.CreateCustomerRequest(**new)

    def decode(self, content: bytes) -> Any:
        class Answer:
            data = content.decode()

        return self.api.api_client.deserialize(Answer, "ListCustomersResponse")


class Squareup:
    """Square's current SDK. It no longer has models for cards and groups: it keeps them as plain dicts."""

    statement = "import square"
    first_client = "square.Square(token='x').customers"

    def __init__(self, host: str) -> None:
        self.api = import_module("square").Square(token=TOKEN, base_url=host).customers
        self.body = data.new_customer()
        self._page = import_module("square.types.list_customers_response").ListCustomersResponse
        self._construct = import_module("square.core.unchecked_base_model").construct_type

    def decode(self, content: bytes) -> Any:
        return self._construct(type_=self._page, object_=json.loads(content))

    def retrieve(self) -> Any:
        return self.api.get(customer_id=CUSTOMER_ID)

    def create(self) -> Any:
        return self.api.create(**self.body)

    def list(self) -> Any:
        return self.api.list()


class Pydantic:
    """The best that a model library in Rust can do: our models in pydantic, which are strict and keep unknown keys."""

    def __init__(self, host: str) -> None:
        pydantic = import_module("pydantic")

        strict = pydantic.ConfigDict(strict=True, extra="allow")  # Like ours: no conversions, and no key is lost.

        def make(name: str, fields: dict[str, Any]) -> Any:
            options = {key: (kind | None, None) for key, kind in fields.items()}
            return pydantic.create_model(name, __config__=strict, **options)

        self._page = _models(make)["ListCustomersResponse"]

    def decode(self, content: bytes) -> Any:
        return self._page.model_validate_json(content)


class Msgspec:
    """The best that a model library in C can do: our models in msgspec, which drop unknown keys."""

    def __init__(self, host: str) -> None:
        msgspec = import_module("msgspec")

        def make(name: str, fields: dict[str, Any]) -> Any:
            return msgspec.defstruct(name, [(key, kind | None, None) for key, kind in fields.items()])

        self._decoder = msgspec.json.Decoder(_models(make)["ListCustomersResponse"])

    def decode(self, content: bytes) -> Any:
        return self._decoder.decode(content)


def _models(make: Any) -> dict[str, Any]:
    """Return the models of a page of customers; ``make`` makes each from its name and its fields' types."""
    from squareconnect import models

    kinds: dict[str, Any] = {"str": str, "int": int, "bool": bool}
    for name in ("Address", "Card", "CustomerPreferences", "CustomerGroupInfo", "Customer", "Error"):
        kinds[name] = make(name, _types(getattr(models, name), kinds))
    return {"ListCustomersResponse": make("ListCustomersResponse", _types(models.ListCustomersResponse, kinds))}


def _types(model: Any, kinds: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list[kinds[kind[5:-1]]] if kind.startswith("list[") else kinds[kind]  # type: ignore[misc]
        for name, kind in model.swagger_types.items()
    }


CLIENTS: dict[str, Any] = {
    "ours": Ours,
    "fast": Ours,
    "original": Original,
    "squareup": Squareup,
    "pydantic": Pydantic,
    "msgspec": Msgspec,
}
