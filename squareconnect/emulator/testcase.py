"""The emulator for `unittest` tests."""

from __future__ import annotations

import unittest
from typing import ClassVar

from squareconnect.api_client import ApiClient
from squareconnect.apis.customers_api import CustomersApi
from squareconnect.configuration import Configuration
from squareconnect.emulator.server import Emulator

TEST_CLOCK = "2026-01-01T00:00:00Z"
"""The time at which a test's clock stands still."""

NO_PAUSE = 1e-6
"""The longest pause between retries, in seconds."""


class EmulatorTestCase(unittest.TestCase):
    """A test case with its own local Square, which is reset before each test.

    ::

        class CheckoutTest(EmulatorTestCase):
            def test_a_customer_is_made_once(self):
                self.square.fail("create_customer", reset=True, when="after")
                ...

    The identifiers are the same in every run (`seed=1`), and the clock stands at 2026-01-01T00:00:00Z.
    """

    square: ClassVar[Emulator]
    """The emulator. It serves as long as the tests of the class run."""
    customers_api: CustomersApi
    """A client of `square` that does not pause between retries."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start the emulator."""
        super().setUpClass()
        cls.square = Emulator(seed=1, clock=TEST_CLOCK)
        cls.square.start()
        cls.addClassCleanup(cls.square.stop)

    def setUp(self) -> None:
        """Reset the emulator, and create a client."""
        super().setUp()
        self.square.reset(seed=1, clock=TEST_CLOCK)
        configuration = Configuration(
            host=self.square.url, access_token=self.square.access_token, max_retry_wait=NO_PAUSE
        )
        client = ApiClient(configuration)
        self.addCleanup(client.close)
        self.customers_api = CustomersApi(client)
