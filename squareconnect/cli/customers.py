"""The commands for customers: list, get, create, update, delete."""

from __future__ import annotations

import sys
import uuid
from typing import TYPE_CHECKING

from squareconnect.cli.failures import (
    DONE,
    FAILED,
    NOT_AUTHORISED,
    ROWS_REFUSED,
    TEMPORARY,
    UNFINISHED,
    Failure,
    failure_of,
    misused,
    say,
    tell,
)
from squareconnect.cli.fields import add_field_options, body_of, checked_paths
from squareconnect.cli.output import Output, add_output_options, on_terminal
from squareconnect.cli.parser import count, identifier
from squareconnect.cli.target_options import add_target_options, connected
from squareconnect.exceptions import ApiException
from squareconnect.models._model import Model, prop
from squareconnect.models._paths import get, put, selectable_paths
from squareconnect.models.create_customer_request import CreateCustomerRequest
from squareconnect.models.customer import Customer
from squareconnect.models.customer_sort_field import CustomerSortField
from squareconnect.models.sort_order import SortOrder
from squareconnect.models.update_customer_request import UpdateCustomerRequest
from squareconnect.pagination import paginate
from squareconnect.serialization import sanitize

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from squareconnect.cli.target_options import Target

COLUMNS = ("id", "given_name", "family_name", "company_name", "email_address", "phone_number")
"""The columns that a list shows by default."""
_NAMED_AT_MOST = 5
"""The maximum number of ids in a question or an error."""


class Deleted(Model):
    """What the delete commands print."""

    id: str | None = prop("The id of what was deleted.")
    deleted: bool | None = prop("True.")


def add_list(parser: ArgumentParser) -> None:
    """Add the options of `list`."""
    parser.description = "List all customers, page by page."
    parser.add_argument("--limit", metavar="N", type=count, help="how many customers to list (default: all)")
    parser.add_argument(
        "--sort-field",
        type=str.upper,
        choices=CustomerSortField.values,
        help="what to sort by (default: DEFAULT, the name)",
    )
    parser.add_argument("--sort-order", type=str.upper, choices=SortOrder.values, help="the sort order (default: ASC)")
    add_target_options(parser, "sandbox")
    add_output_options(parser)
    parser.set_defaults(run=_list)


def _list(options: Namespace) -> int:
    output = Output(options, Customer, COLUMNS)
    with connected(options) as (api, target):
        listing = paginate(
            api.list_customers,
            limit=options.limit,
            sort_field=options.sort_field,
            sort_order=options.sort_order,
            on_expired_cursor="restart",  # A reader such as `less` can let it expire.
        )
        if not output.list(sanitize(page.customers or []) for page in listing.pages()) and on_terminal():
            say(f"{target.title} has no customers.")
    return DONE


def add_get(parser: ArgumentParser) -> None:
    """Add the options of `get`."""
    parser.add_argument("id", metavar="ID", type=identifier, help="the customer's id")
    add_target_options(parser, "sandbox")
    add_output_options(parser)
    parser.set_defaults(run=_get)


def _get(options: Namespace) -> int:
    output = Output(options, Customer)
    with connected(options) as (api, _):
        output.show(sanitize(api.retrieve_customer(options.id).customer))
    return DONE


def add_create(parser: ArgumentParser) -> None:
    """Add the options of `create`."""
    parser.description = (
        "Create a customer. It needs a given name, family name, company name, e-mail address or phone number."
    )
    add_field_options(parser, CreateCustomerRequest)
    add_target_options(parser)
    add_output_options(parser)
    parser.set_defaults(run=_create)


def _create(options: Namespace) -> int:
    output = Output(options, Customer)
    body = body_of(options)
    if not body:
        raise misused("there is nothing to create: give a field such as --given-name TEXT, or --body FILE.")
    key = body.setdefault("idempotency_key", str(uuid.uuid4()))  # With it, the call can be retried.
    with connected(options) as (api, target):
        try:
            customer = api.create_customer(body).customer
        except ApiException as error:
            repetition = f"Run the command again with --idempotency-key {key}, which does not create a second customer."
            raise failure_of(error, target, repetition) from None
    try:
        output.show(sanitize(customer))
    except OSError as error:
        raise Failure(
            f"customer {getattr(customer, 'id', None)} was created, but cannot be shown: {error.strerror}. "
            "Do not run the command again."
        ) from None
    return DONE


def add_update(parser: ArgumentParser) -> None:
    """Add the options of `update`."""
    parser.description = "Change the given fields of a customer. All others stay as they are."
    parser.add_argument("id", metavar="ID", type=identifier, help="the customer's id")
    parser.add_argument(
        "--clear", metavar="NAMES", action="append", default=[], help="fields to clear, such as note,address.locality"
    )
    add_field_options(parser, UpdateCustomerRequest)
    add_target_options(parser)
    add_output_options(parser)
    parser.set_defaults(run=_update)


def _update(options: Namespace) -> int:
    output = Output(options, Customer)
    body = body_of(options)
    for path in _cleared_paths(options.clear):
        if get(body, path):
            raise misused(f"--clear {path} contradicts the value given for it: leave one of them out.")
        put(body, path, "")
    if not body:
        raise misused("there is nothing to change: give a field such as --note TEXT, --clear NAME, or --body FILE.")
    with connected(options) as (api, _):
        customer = api.update_customer(options.id, body).customer
    output.show(sanitize(customer))
    return DONE


def _cleared_paths(lists: Sequence[str]) -> list[str]:
    """Return the paths of the texts to clear. Square can clear an object only text by text."""
    named = [path for text in lists for path in checked_paths(UpdateCustomerRequest, text, "--clear")]
    known = selectable_paths(UpdateCustomerRequest)
    return [inner for path in named for inner in ([each for each in known if each.startswith(f"{path}.")] or [path])]


def add_delete(parser: ArgumentParser) -> None:
    """Add the options of `delete`."""
    parser.description = (
        "Delete customers, with their cards on file. It asks first on a terminal, and requires --yes elsewhere."
    )
    parser.add_argument("ids", metavar="ID", type=identifier, nargs="+", help="the customers' ids")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_target_options(parser)
    add_output_options(parser)
    parser.set_defaults(run=_delete)


def _delete(options: Namespace) -> int:
    output = Output(options, Deleted, ["id"])
    ids = list(dict.fromkeys(options.ids))
    with connected(options) as (api, target):
        _confirm(ids, target, options.yes)
        refused = 0
        for number, customer_id in enumerate(ids):
            try:
                api.delete_customer(customer_id)
            except ApiException as error:
                refused += _after(error, target, ids[number:])
            else:
                output.list_one({"id": customer_id, "deleted": True})
    if refused:
        return FAILED if refused == len(ids) else ROWS_REFUSED
    return DONE


def _after(error: ApiException, target: Target, ids: Sequence[str]) -> int:
    """Report why the first id was not deleted, and return 1, or end the command if the others would fail, too."""
    failure = failure_of(error, target)
    if failure.exit_code == NOT_AUTHORISED or isinstance(error, TEMPORARY):
        code = failure.exit_code if failure.exit_code == NOT_AUTHORISED or len(ids) == 1 else UNFINISHED
        raise Failure(f"{failure} Not deleted: {_named(ids)}.", code)
    tell(Failure(f"{ids[0]} was not deleted: {failure}"))
    return 1


def _confirm(ids: Sequence[str], target: Target, yes: bool) -> None:
    """Ask on the terminal whether to delete. Never read input from elsewhere: it may be someone else's data."""
    if yes:
        return
    if not _is_terminal():
        raise misused("'delete' asks before it deletes, but there is no terminal to ask on: give --yes.")
    customers = "1 customer" if len(ids) == 1 else f"{len(ids)} customers"
    say(f"Delete {customers}, with their cards on file, from {target.name}: {_named(ids)}? [y/N] ", end="")
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Failure("nothing was deleted.")


def _is_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None and sys.stderr.isatty()


def _named(ids: Sequence[str]) -> str:
    more = len(ids) - _NAMED_AT_MOST
    return ", ".join(ids[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
