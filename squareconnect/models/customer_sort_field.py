from squareconnect.models._enumeration import Enumeration


class CustomerSortField(Enumeration):
    """The fields that `list_customers` can sort by."""

    DEFAULT = "DEFAULT"
    CREATED_AT = "CREATED_AT"
