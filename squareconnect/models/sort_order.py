from squareconnect.models._enumeration import Enumeration


class SortOrder(Enumeration):
    """The direction of a sort."""

    DESC = "DESC"
    ASC = "ASC"
