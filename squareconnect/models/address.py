from __future__ import annotations

from squareconnect.models._model import Model, prop


class Address(Model):
    """A postal address."""

    address_line_1: str | None = prop("The first line: the most specific part, such as street and number.")
    address_line_2: str | None = prop("The second line.")
    address_line_3: str | None = prop("The third line.")
    locality: str | None = prop("The city or town.")
    sublocality: str | None = prop("A civil region inside the locality.")
    sublocality_2: str | None = prop("A civil region inside `sublocality`.")
    sublocality_3: str | None = prop("A civil region inside `sublocality_2`.")
    administrative_district_level_1: str | None = prop("The largest civil region of the country; in the US, the state.")
    administrative_district_level_2: str | None = prop("A civil region inside level 1; in the US, the county.")
    administrative_district_level_3: str | None = prop("A civil region inside level 2.")
    postal_code: str | None = prop("The postal code.")
    country: str | None = prop("Two letters, ISO 3166-1 alpha-2; see `Country`.")
    first_name: str | None = prop("The recipient's given name. Later versions of the API ignore it for customers.")
    last_name: str | None = prop("The recipient's family name. Later versions of the API ignore it for customers.")
    organization: str | None = prop("The recipient's organization.")
