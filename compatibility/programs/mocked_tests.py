"""A test suite that replaces each step of a call with a mock. No call may reach a server."""

from __future__ import annotations

import io
import json
import sys
import unittest
from typing import Any
from unittest import mock

import squareconnect
from compatibility.programs import say
from squareconnect.rest import ApiException

FOUND = json.dumps({"customer": {"id": "C1", "given_name": "Ada"}})
MISSING = json.dumps({"errors": [{"category": "INVALID_REQUEST_ERROR", "code": "NOT_FOUND", "detail": "No."}]})


def answer(text: str = FOUND, status: int = 200) -> Any:
    """Return a mock of an answer, as the client reads it."""
    return mock.Mock(status=status, reason="Reason", data=text, getheaders=lambda: {"X-Shop": "london"})


def pool_answer(text: str = FOUND, status: int = 200) -> Any:
    """Return a mock of a urllib3 response, which holds bytes and can be read in pieces."""
    made = answer(text, status)
    made.data = text.encode()
    made.stream = lambda *_, **__: iter([text.encode()])
    return made


class Seams(unittest.TestCase):
    """Each test replaces one step of a call."""

    def setUp(self) -> None:
        configuration = squareconnect.Configuration()
        configuration.host, configuration.access_token = "http://127.0.0.1:9", "token"
        self.api = squareconnect.CustomersApi(squareconnect.ApiClient(configuration))
        self.client: Any = self.api.api_client

    def check(self) -> None:
        self.assertEqual("Ada", self.api.retrieve_customer("C1").customer.given_name)

    def test_the_method(self) -> None:
        with mock.patch("squareconnect.apis.customers_api.CustomersApi.retrieve_customer") as method:
            method.return_value.customer.given_name = "Ada"
            self.check()
        method.assert_called_once_with("C1")

    def test_the_class(self) -> None:
        with mock.patch("squareconnect.CustomersApi") as api:
            api.return_value.list_customers.return_value = squareconnect.ListCustomersResponse(customers=[])
            self.assertEqual([], squareconnect.CustomersApi().list_customers().customers)

    def test_call_api(self) -> None:
        customer = squareconnect.Customer(given_name="Ada")
        with mock.patch.object(self.client, "call_api") as call_api:
            call_api.return_value = squareconnect.RetrieveCustomerResponse(customer=customer)
            self.check()
        self.assertEqual("GET", call_api.call_args[0][1])
        self.assertEqual("RetrieveCustomerResponse", call_api.call_args[1]["response_type"])

    def test_request(self) -> None:
        with mock.patch.object(self.client, "request", return_value=answer()) as request:
            self.check()
        self.assertEqual(("GET", "http://127.0.0.1:9/v2/customers/C1"), request.call_args[0][:2])

    def test_request_of_a_subclass(self) -> None:
        class Recorder(squareconnect.ApiClient):
            def request(
                self,
                method: str,
                url: str,
                query_params: Any = None,
                headers: Any = None,
                post_params: Any = None,
                body: Any = None,
            ) -> Any:
                sent.append([method, url.rpartition("9")[2], body])
                return answer()

        sent: list[Any] = []
        api = squareconnect.CustomersApi(Recorder(self.client.configuration))
        api.retrieve_customer("C1")
        api.create_customer(squareconnect.CreateCustomerRequest(given_name="Ada"))
        api.update_customer("C1", {"note": "x", "nickname": None})
        api.delete_customer("C1")
        say("sent by the subclass", sent)

    def test_the_verb(self) -> None:
        with mock.patch.object(self.client.rest_client, "GET", return_value=answer()) as get:
            self.check()
        get.assert_called_once()

    def test_the_verb_of_the_class(self) -> None:
        with mock.patch("squareconnect.rest.RESTClientObject.POST", return_value=answer()) as post:
            made = self.api.create_customer({"given_name": "Ada"})
        self.assertEqual(("Ada", {"given_name": "Ada"}), (made.customer.given_name, post.call_args[1]["body"]))

    def test_the_rest_client(self) -> None:
        with mock.patch("squareconnect.rest.RESTClientObject.request", return_value=answer()) as request:
            self.check()
        self.assertEqual("GET", request.call_args[0][0])

    def test_a_refusal_from_the_rest_client(self) -> None:
        refusal = ApiException(http_resp=answer(MISSING, 404))
        with (
            mock.patch("squareconnect.rest.RESTClientObject.request", side_effect=refusal),
            self.assertRaises(ApiException) as caught,
        ):
            self.check()
        self.assertEqual((404, "Reason", MISSING), (caught.exception.status, refusal.reason, refusal.body))
        self.assertEqual({"X-Shop": "london"}, dict(refusal.headers))
        self.assertIn("(404)", str(refusal))

    def test_the_pool(self) -> None:
        with mock.patch.object(self.client.rest_client.pool_manager, "request", return_value=pool_answer()) as request:
            self.check()
        self.assertEqual("GET", request.call_args[0][0])

    def test_another_pool(self) -> None:
        self.client.rest_client.pool_manager = mock.Mock(request=mock.Mock(return_value=pool_answer()))
        self.check()
        made = self.api.create_customer({"given_name": "Ada"})
        self.assertEqual("Ada", made.customer.given_name)
        sent = self.client.rest_client.pool_manager.request.call_args
        self.assertEqual({"given_name": "Ada"}, json.loads(sent[1]["body"]))

    def test_urllib3(self) -> None:
        with mock.patch("urllib3.PoolManager.request", return_value=pool_answer(MISSING, 404)):
            with self.assertRaises(ApiException) as caught:
                self.check()
            self.assertEqual(404, caught.exception.status)

    def test_a_mock_with_the_interface_of_the_api(self) -> None:
        api = mock.create_autospec(squareconnect.CustomersApi, instance=True)
        api.delete_customer.side_effect = ApiException(status=404, reason="Not Found")
        with self.assertRaises(ApiException) as caught:
            api.delete_customer("C1")
        self.assertEqual(
            (404, "Not Found", None), (caught.exception.status, caught.exception.reason, caught.exception.body)
        )


def main() -> None:
    """Run the suite."""
    report = io.StringIO()
    result = unittest.TextTestRunner(report).run(unittest.defaultTestLoader.loadTestsFromTestCase(Seams))
    say("ran", result.testsRun, [str(test) for test, _ in [*result.failures, *result.errors]])
    print(report.getvalue(), file=sys.stderr)


if __name__ == "__main__":
    main()
