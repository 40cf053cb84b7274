"""The commands for cards on file: add-card, delete-card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squareconnect.cli.customers import Deleted
from squareconnect.cli.failures import DONE
from squareconnect.cli.fields import add_field_options, body_of
from squareconnect.cli.output import Output, add_output_options
from squareconnect.cli.parser import identifier
from squareconnect.cli.target_options import add_target_options, connected
from squareconnect.models.card import Card
from squareconnect.models.create_customer_card_request import CreateCustomerCardRequest
from squareconnect.serialization import sanitize

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_add_card(parser: ArgumentParser) -> None:
    """Add the options of `add-card`."""
    parser.description = "Store a card on file for a customer. A repeated nonce returns the same card."
    parser.add_argument("id", metavar="ID", type=identifier, help="the customer's id")
    parser.add_argument("nonce", metavar="NONCE", help="the nonce of the card, such as cnon:card-nonce-ok")
    add_field_options(parser, CreateCustomerCardRequest, without=["card_nonce"])
    add_target_options(parser)
    add_output_options(parser)
    parser.set_defaults(run=_add_card)


def _add_card(options: Namespace) -> int:
    output = Output(options, Card)
    body = {**body_of(options), "card_nonce": options.nonce}
    with connected(options) as (api, _):
        card = api.create_customer_card(options.id, body).card
    output.show(sanitize(card))
    return DONE


def add_delete_card(parser: ArgumentParser) -> None:
    """Add the options of `delete-card`."""
    parser.description = "Remove a card on file from a customer."
    parser.add_argument("id", metavar="ID", type=identifier, help="the customer's id")
    parser.add_argument("card_id", metavar="CARD_ID", type=identifier, help="the id of the card on file")
    add_target_options(parser)
    add_output_options(parser)
    parser.set_defaults(run=_delete_card)


def _delete_card(options: Namespace) -> int:
    output = Output(options, Deleted, ["id"])
    with connected(options) as (api, _):
        api.delete_customer_card(options.id, options.card_id)
    output.list_one({"id": options.card_id, "deleted": True})
    return DONE
