"""The Customers API: one method for each endpoint."""

from __future__ import annotations

from typing import Any

from squareconnect import models
from squareconnect._text import conceal, did_you_mean
from squareconnect.api_client import ApiClient
from squareconnect.configuration import Configuration
from squareconnect.exceptions import InvalidArgument


class CustomersApi:
    """The seven calls for a business's customers.

    Every call also takes these options, by keyword:

    - ``_request_timeout``: seconds to wait, or a pair for connecting and reading, instead of
      ``Configuration.timeout``.
    - ``_headers``: headers of this call, which replace all others of the same name.
    - ``_return_http_data_only``: False returns an ``ApiResponse``: data, status and headers.
    - ``_preload_content``: False returns the ``RESTResponse``, not decoded.
    - ``async_req``: True returns a ``CallHandle`` at once, and the call is made in the background.
    - ``callback``: a function that is called with the result, in the background. The call returns its ``CallHandle``
      at once.

    A call that does not succeed raises ``ApiException``, or a subclass that tells how to react. Arguments that cannot
    be sent raise ``ValueError`` or ``TypeError``, and nothing is sent.

    :param api_client: the client that makes the calls; a new ``ApiClient()`` if None.
    """

    def __init__(self, api_client: ApiClient | None = None) -> None:
        if isinstance(api_client, Configuration):
            raise TypeError("api_client must be a client, not a Configuration: write ApiClient(configuration)")
        self.api_client = ApiClient() if api_client is None else api_client

    def create_customer(
        self, body: models.CreateCustomerRequest | dict[str, Any], **options: Any
    ) -> models.CreateCustomerResponse:
        """Create a customer.

        Without an ``idempotency_key`` in the body, the request is not retried once it may have reached Square.

        :param body: the customer: at least one of ``given_name``, ``family_name``, ``company_name``,
            ``email_address`` and ``phone_number``.
        :return: the new customer. Source: POST /v2/customers, permission CUSTOMERS_WRITE.
        """
        _check("create_customer", options, body=body)
        return self.api_client.call_api(
            "/v2/customers",
            "POST",
            body=body,
            response_type="CreateCustomerResponse",
            auth_settings=["oauth2"],
            **options,
        )

    def create_customer_card(
        self, customer_id: str, body: models.CreateCustomerCardRequest | dict[str, Any], **options: Any
    ) -> models.CreateCustomerCardResponse:
        """Store a card on file for a customer.

        The call is safe to repeat: the same nonce returns the card that was first made with it.

        :param customer_id: the customer's id.
        :param body: the card's nonce and its details.
        :return: the card on file. Source: POST /v2/customers/{customer_id}/cards, permission CUSTOMERS_WRITE.
        """
        _check("create_customer_card", options, customer_id=customer_id, body=body)
        return self.api_client.call_api(
            "/v2/customers/{customer_id}/cards",
            "POST",
            {"customer_id": customer_id},
            body=body,
            response_type="CreateCustomerCardResponse",
            auth_settings=["oauth2"],
            _repeatable=True,
            **options,
        )

    def delete_customer(self, customer_id: str, **options: Any) -> models.DeleteCustomerResponse:
        """Delete a customer, together with the cards on file.

        :param customer_id: the customer's id, or the merged profile's id if the customer was merged.
        :return: an empty answer. Source: DELETE /v2/customers/{customer_id}, permission CUSTOMERS_WRITE.
        """
        _check("delete_customer", options, customer_id=customer_id)
        return self.api_client.call_api(
            "/v2/customers/{customer_id}",
            "DELETE",
            {"customer_id": customer_id},
            response_type="DeleteCustomerResponse",
            auth_settings=["oauth2"],
            **options,
        )

    def delete_customer_card(self, customer_id: str, card_id: str, **options: Any) -> models.DeleteCustomerCardResponse:
        """Remove a card on file from a customer.

        :param customer_id: the customer's id.
        :param card_id: the id of the card on file.
        :return: an empty answer. Source: DELETE /v2/customers/{customer_id}/cards/{card_id}, permission
            CUSTOMERS_WRITE.
        """
        _check("delete_customer_card", options, customer_id=customer_id, card_id=card_id)
        return self.api_client.call_api(
            "/v2/customers/{customer_id}/cards/{card_id}",
            "DELETE",
            {"customer_id": customer_id, "card_id": card_id},
            response_type="DeleteCustomerCardResponse",
            auth_settings=["oauth2"],
            **options,
        )

    def list_customers(
        self,
        *,
        cursor: str | None = None,
        sort_field: str | None = None,
        sort_order: str | None = None,
        **options: Any,
    ) -> models.ListCustomersResponse:
        """List one page of a business's customers; :func:`squareconnect.paginate` lists them all.

        :param cursor: the ``cursor`` of the previous page, or None for the first page. It is valid for one sort order.
        :param sort_field: the field to sort by: a value of ``CustomerSortField``; by default the names.
        :param sort_order: the direction: a value of ``SortOrder``; by default ascending.
        :return: a page. The last page has no ``cursor``. A short page need not be the last. Source: GET /v2/customers,
            permission CUSTOMERS_READ.
        """
        _check("list_customers", options)
        return self.api_client.call_api(
            "/v2/customers",
            "GET",
            query_params={"cursor": cursor, "sort_field": sort_field, "sort_order": sort_order},
            response_type="ListCustomersResponse",
            auth_settings=["oauth2"],
            **options,
        )

    def retrieve_customer(self, customer_id: str, **options: Any) -> models.RetrieveCustomerResponse:
        """Get one customer.

        :param customer_id: the customer's id.
        :return: the customer. After a merge, its ``id`` differs from the requested id. Source:
            GET /v2/customers/{customer_id}, permission CUSTOMERS_READ.
        """
        _check("retrieve_customer", options, customer_id=customer_id)
        return self.api_client.call_api(
            "/v2/customers/{customer_id}",
            "GET",
            {"customer_id": customer_id},
            response_type="RetrieveCustomerResponse",
            auth_settings=["oauth2"],
            **options,
        )

    def update_customer(
        self, customer_id: str, body: models.UpdateCustomerRequest | dict[str, Any], **options: Any
    ) -> models.UpdateCustomerResponse:
        """Change fields of a customer. Cards cannot be changed: delete the card and create another.

        :param customer_id: the customer's id.
        :param body: the fields to change, at least one. None leaves a field unchanged; an empty string clears it.
        :return: the updated customer. Source: PUT /v2/customers/{customer_id}, permission CUSTOMERS_WRITE.
        """
        _check("update_customer", options, customer_id=customer_id, body=body)
        return self.api_client.call_api(
            "/v2/customers/{customer_id}",
            "PUT",
            {"customer_id": customer_id},
            body=body,
            response_type="UpdateCustomerResponse",
            auth_settings=["oauth2"],
            **options,
        )


_OPTIONS = ("_request_timeout", "_headers", "_return_http_data_only", "_preload_content", "async_req", "callback")


def _check(method: str, options: dict[str, Any], **required: Any) -> None:
    """Refuse unknown options, and required parameters that are None, with the messages of 2.x."""
    for name in options:
        if name not in _OPTIONS:
            parameters = getattr(CustomersApi, method).__kwdefaults__ or {}
            hint = did_you_mean(name, [*parameters, *_OPTIONS])
            raise TypeError(f"Got an unexpected keyword argument '{name}' to method {method}{hint}")
    if "_headers" in options:  # A traceback shows the locals of each frame.
        options["_headers"] = conceal(options["_headers"])
    for name, value in required.items():
        if value is None:
            raise InvalidArgument(f"Missing the required parameter `{name}` when calling `{method}`")
