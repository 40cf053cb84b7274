from __future__ import annotations

from squareconnect.models._model import Model, prop


class CustomerGroupInfo(Model):
    """A group that a customer is in."""

    id: str | None = prop("Square's identifier for the group.", required=True)
    name: str | None = prop("The group's name.", required=True)
