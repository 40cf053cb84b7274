from __future__ import annotations

from squareconnect.models._model import Model, prop
from squareconnect.models.address import Address


class CreateCustomerRequest(Model):
    """A customer to create.

    At least one of `given_name`, `family_name`, `company_name`, `email_address` and `phone_number` is required.
    """

    given_name: str | None = prop("The given (first) name; at most 300 characters.")
    family_name: str | None = prop("The family (last) name; at most 300 characters.")
    company_name: str | None = prop("The company's name; at most 500 characters.")
    nickname: str | None = prop("A nickname; at most 100 characters.")
    email_address: str | None = prop("The e-mail address; at most 254 characters.")
    address: Address | None = prop("The postal address.")
    phone_number: str | None = prop("The phone number: 9 to 16 digits, with an optional `+` and country code.")
    reference_id: str | None = prop("Your own identifier for the customer; at most 100 characters.")
    note: str | None = prop("A note on the customer.")
    birthday: str | None = prop(
        "The birthday, such as `1815-12-10T00:00:00-00:00`. Year `0000` means that the year is unknown. Later versions "
        "of the API write `1815-12-10`."
    )
    idempotency_key: str | None = prop(
        "A text of your choice that makes the request safe to repeat: the same key with the same values never creates "
        "a second customer. With other values, Square refuses the request."
    )
