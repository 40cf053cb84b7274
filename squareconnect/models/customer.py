from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.address import Address
from squareconnect.models.card import Card
from squareconnect.models.customer_group_info import CustomerGroupInfo
from squareconnect.models.customer_preferences import CustomerPreferences


class Customer(Model):
    """A customer of a business, with the cards on file."""

    id: str | None = prop(
        "Square's identifier for the customer. After a merge it can differ from the requested id.", required=True
    )
    created_at: str | None = prop("When the customer was created, as RFC 3339.", required=True)
    updated_at: str | None = prop("When the customer was last changed, as RFC 3339.", required=True)
    cards: list[Card] | None = prop("The cards on file; None if there are none. Only the card endpoints change them.")
    given_name: str | None = prop("The given (first) name; at most 300 characters.")
    family_name: str | None = prop("The family (last) name; at most 300 characters.")
    nickname: str | None = prop("A nickname; at most 100 characters.")
    company_name: str | None = prop("The company's name; at most 500 characters.")
    email_address: str | None = prop("The e-mail address; at most 254 characters.")
    address: Address | None = prop("The postal address.")
    phone_number: str | None = prop("The phone number, as it was entered.")
    reference_id: str | None = prop("Your own identifier for the customer; at most 100 characters.")
    note: str | None = prop("A note on the customer.")
    preferences: CustomerPreferences | None = prop("The customer's preferences. Read-only.")
    groups: list[CustomerGroupInfo] | None = prop("The groups the customer is in. Read-only.")
    birthday: str | None = prop(
        "The birthday, such as `1815-12-10T00:00:00-00:00`. Year `0000` means that the year is unknown. Later versions "
        "of the API write `1815-12-10`."
    )
    creation_source: str | None = prop("How the customer was created; see `CustomerCreationSource`. Read-only.")
