from squareconnect.models._enumeration import Enumeration


class SortOrder(Enumeration):
    """Which way to sort."""

    DESC = "DESC"
    ASC = "ASC"
