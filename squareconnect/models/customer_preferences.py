from __future__ import annotations

from squareconnect.models._model import Model, prop


class CustomerPreferences(Model):
    """A customer's preferences."""

    email_unsubscribed: bool | None = prop("Whether the customer has unsubscribed from marketing e-mail. Read-only.")
