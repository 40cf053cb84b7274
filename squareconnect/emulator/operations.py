"""The operations of Square's API that the emulator lacks."""

from __future__ import annotations

import re

_OPERATIONS = """
GET /v2/customers/groups ListCustomerGroups
POST /v2/customers/groups CreateCustomerGroup
POST /v2/customers/search SearchCustomers
POST /v2/customers/bulk-create BulkCreateCustomers
GET /v2/cards ListCards
POST /v2/cards CreateCard
"""


def operation_of(method: str, path: str) -> str | None:
    """Return the name that Square gives to an operation, such as SearchCustomers; None if there is none."""
    for line in _OPERATIONS.split("\n"):
        known_method, _, rest = line.partition(" ")
        template, _, name = rest.partition(" ")
        if known_method == method and re.fullmatch(re.sub(r"{\w+}", "[^/]+", template), path):
            return name
    return None
