from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from squareconnect.models import CreateCustomerCardRequest, CreateCustomerRequest
from test.cli.program import Done, run, shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from test.cli.conftest import Square


class TestList:
    def test_prints_the_customers_of_all_pages(self, square: Square, objects: Callable[..., Any]) -> None:
        made = {square.create(given_name=f"Ada {number}").id for number in range(101)}
        listed = objects("list", *square.target)
        assert len(listed) == 101
        assert {each["id"] for each in listed} == made

    def test_prints_the_requested_number(self, square: Square, objects: Callable[..., Any]) -> None:
        for name in "CAB":
            square.create(given_name=name)
        assert [each["given_name"] for each in objects("list", "--limit", "2", *square.target)] == ["A", "B"]
        assert objects("list", "--limit", "0", *square.target) == []

    def test_sorts_as_requested(self, square: Square, objects: Callable[..., Any]) -> None:
        for name in "CAB":
            square.create(given_name=name)
        listed = objects("list", "--sort-field", "created_at", "--sort-order", "desc", *square.target)
        assert [each["given_name"] for each in listed] == ["B", "A", "C"]

    def test_prints_only_the_chosen_fields(self, square: Square, objects: Callable[..., Any]) -> None:
        square.create(given_name="Ada", note="N", address={"locality": "London", "country": "GB"})
        listed = objects("list", "--fields", "given_name, address.locality,phone_number", *square.target)
        assert listed == [{"given_name": "Ada", "address": {"locality": "London"}}]

    def test_separates_values_by_tabs_without_a_terminal(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create(given_name="Ada", note="tab\there\nand \\ there \x1b[31m")
        assert ran("list", *square.target).out == f"{ada.id}\tAda\t\t\t\t\n"
        assert ran("list", "--fields", "note,given_name", *square.target).out == (
            "tab\\there\\nand \\\\ there \\x1b[31m\tAda\n"
        )

    def test_prints_an_object_on_one_line(self, square: Square, ran: Callable[..., Done]) -> None:
        square.create(given_name="Ada", address={"locality": "Łódź"})
        done = ran("list", "--fields", "address,preferences.email_unsubscribed", *square.target)
        assert done.out == '{"locality": "Łódź"}\tfalse\n'

    def test_of_an_empty_directory_prints_nothing(self, square: Square, ran: Callable[..., Done]) -> None:
        assert ran("list", *square.target) == Done(0, "", "")


class TestGet:
    def test_prints_a_field_a_line(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create(given_name="Ada", address={"locality": "London"})
        square.api.create_customer_card(str(ada.id), {"card_nonce": "cnon:card-nonce-ok"})
        lines = dict(line.split("\t") for line in ran("get", str(ada.id), *square.target).out.splitlines())
        assert lines["id"] == ada.id
        assert lines["address.locality"] == "London"
        assert lines["cards[0].last_4"] == "5858"
        assert lines["preferences.email_unsubscribed"] == "false"

    def test_prints_the_values_of_chosen_fields_in_one_line(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create(given_name="Ada", email_address="ada@example.com")
        assert ran("get", str(ada.id), "--fields", "email_address", *square.target).out == "ada@example.com\n"

    def test_of_an_unknown_id_fails(self, square: Square, ran: Callable[..., Done]) -> None:
        done = ran("get", "NOBODY", *square.target)
        assert (done.code, done.out) == (1, "")
        assert f"{square.url} does not have that customer or card (NOT_FOUND" in done.err
        assert "check the id and the target" in done.err

    @pytest.mark.parametrize("customer_id", ["", "..", "A/../B"])
    def test_of_an_impossible_id_sends_nothing(
        self, customer_id: str, square: Square, ran: Callable[..., Done]
    ) -> None:
        done = ran("get", customer_id, *square.target)
        assert (done.code, done.out) == (2, "")
        assert "argument ID: it must be an id as Square gave it, not" in done.err


class TestCreate:
    def test_creates_a_customer_from_options(self, square: Square, objects: Callable[..., Any]) -> None:
        (made,) = objects(
            *("create", "--given-name", "Ada", "--email-address", "ada@example.com", "--address.locality", "London"),
            *("--address.address-line-1", "12 St James's Square", "--birthday", "1815-12-10", *square.target),
        )
        assert made["given_name"] == "Ada"
        assert made["address"] == {"locality": "London", "address_line_1": "12 St James's Square"}
        assert square.ids() == [made["id"]]

    def test_has_an_option_for_every_field(self, ran: Callable[..., Done]) -> None:
        text = ran("create", "--help").out
        fields = set(CreateCustomerRequest.swagger_types) - {"address"}
        for option in {"--" + name.replace("_", "-") for name in fields} | {
            "--address.postal-code",
            "--address.country",
        }:
            assert f"  {option} TEXT" in text

    def test_takes_a_body_from_a_file_and_options_override_it(
        self, square: Square, objects: Callable[..., Any], tmp_path: Path
    ) -> None:
        body = tmp_path / "ada.json"
        body.write_text('{"given_name": "Ada", "note": "N", "address": {"locality": "London", "country": "GB"}}')
        (made,) = objects(
            *("create", "--body", str(body), "--note", "From the option", "--address.locality", "Paris", *square.target)
        )
        assert (made["given_name"], made["note"]) == ("Ada", "From the option")
        assert made["address"] == {"locality": "Paris", "country": "GB"}

    def test_takes_a_body_from_stdin(self, square: Square) -> None:
        done = run("create", "--body", "-", "--json", *square.target, given='{"given_name": "Zoë"}', env=square.env)
        assert (done.code, done.err) == (0, "")
        assert json.loads(done.out)["given_name"] == "Zoë"

    def test_accepts_the_output_of_get(self, square: Square, ran: Callable[..., Done], tmp_path: Path) -> None:
        ada = square.create(given_name="Ada", note="N")
        printed = tmp_path / "ada.json"
        printed.write_text(ran("get", str(ada.id), "--json", *square.target).out)
        done = ran("create", "--body", str(printed), "--json", *square.target)
        assert done.code == 0
        assert json.loads(done.out)["note"] == "N"
        assert done.err == (
            "Left out of the body, because only Square sets it: id, created_at, updated_at, preferences, "
            "creation_source.\n"
        )

    def test_replaces_an_address_that_is_not_an_object(
        self, square: Square, objects: Callable[..., Any], tmp_path: Path
    ) -> None:
        body = tmp_path / "ada.json"
        body.write_text('{"given_name": "Ada", "address": null}')
        (made,) = objects("create", "--body", str(body), "--address.locality", "Paris", *square.target)
        assert made["address"] == {"locality": "Paris"}

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            ("{", "is not JSON in UTF-8"),
            ("\udcff", "is not JSON in UTF-8"),
            ("[" * 100_000, "is not JSON in UTF-8"),
            ('{"note": NaN}', "is not JSON in UTF-8: NaN is not a JSON number"),
            ('{"note": 1e999}', "JSON"),
            ("[]", "must hold one JSON object"),
            ('{"given_nmae": "Ada"}', "there is no field given_nmae. Did you mean 'given_name'?"),
            ('{"address": {"town": "London"}}', "there is no field address.town."),
        ],
    )
    def test_refuses_a_body_that_makes_no_sense(
        self, content: str, problem: str, square: Square, ran: Callable[..., Done], tmp_path: Path
    ) -> None:
        body = tmp_path / "body.json"
        body.write_bytes(content.encode("utf-8", "surrogateescape"))
        done = ran("create", "--body", str(body), *square.target)
        assert (done.code, done.out) == (2, "")
        assert problem in done.err
        assert square.ids() == []

    def test_names_a_missing_file(self, square: Square, ran: Callable[..., Done], tmp_path: Path) -> None:
        done = ran("create", "--body", str(tmp_path / "none"), *square.target)
        assert done == Done(
            2, "", f"squareconnect: --body: {tmp_path}/none cannot be read: No such file or directory.\n"
        )

    def test_of_nothing_is_refused_before_anything_is_sent(self, square: Square, ran: Callable[..., Done]) -> None:
        done = ran("create", *square.target)
        assert done.code == 2
        assert "there is nothing to create: give a field such as --given-name TEXT" in done.err

    def test_names_the_option_that_square_refuses(self, square: Square, ran: Callable[..., Done]) -> None:
        done = ran("create", "--given-name", "Ada", "--phone-number", "12", *square.target)
        assert done.code == 1
        assert done.err.startswith(
            f"squareconnect: {square.url} refused the request (INVALID_PHONE_NUMBER at --phone-number: Expected"
        )
        assert done.err.count("\n") == 1

    def test_repeated_with_its_key_creates_one_customer(self, square: Square, objects: Callable[..., Any]) -> None:
        arguments = ("create", "--given-name", "Ada", "--idempotency-key", "K", *square.target)
        assert objects(*arguments) == objects(*arguments)
        assert len(square.ids()) == 1

    def test_prints_only_the_id_for_a_script(self, square: Square, ran: Callable[..., Done]) -> None:
        done = ran("create", "--given-name", "Ada", "--fields", "id", *square.target)
        assert done == Done(0, f"{square.ids()[0]}\n", "")

    def test_refuses_text_that_is_not_utf_8(self, square: Square) -> None:
        done = run("create", "--given-name", "\udcff", *square.target, env=square.env)
        assert (done.code, done.out) == (2, "")
        assert "--given-name is not UTF-8 text" in done.err


class TestUpdate:
    def test_changes_and_clears(self, square: Square, objects: Callable[..., Any]) -> None:
        ada = square.create(given_name="Ada", note="N", nickname="A", address={"locality": "London", "country": "GB"})
        (changed,) = objects(
            *("update", str(ada.id), "--family-name", "Lovelace", "--clear", "note,address.locality"),
            *("--clear", "nickname", *square.target),
        )
        assert changed["family_name"] == "Lovelace"
        assert changed["address"] == {"country": "GB"}
        assert not {"note", "nickname"} & changed.keys()

    def test_clears_a_whole_address(self, square: Square, objects: Callable[..., Any]) -> None:
        ada = square.create(given_name="Ada", address={"locality": "London", "country": "GB"})
        (changed,) = objects("update", str(ada.id), "--clear", "address", *square.target)
        assert "address" not in changed

    def test_clears_a_field_with_an_empty_text(self, square: Square, objects: Callable[..., Any]) -> None:
        ada = square.create(given_name="Ada", note="N")
        (changed,) = objects("update", str(ada.id), "--note", "", *square.target)
        assert "note" not in changed

    @pytest.mark.parametrize(
        ("arguments", "problem"),
        [
            ((), "there is nothing to change: give a field such as --note TEXT, --clear NAME, or --body FILE"),
            (("--clear", "notes"), "--clear: there is no field notes. Did you mean 'note'?"),
            (("--clear", ","), "--clear names no field"),
            (("--clear", "id"), "--clear: there is no field id"),
            (("--clear", "note", "--note", "x"), "--clear note contradicts the value given for it"),
            (("--clear", "address", "--address.country", "GB"), "--clear address.country contradicts the value"),
        ],
    )
    def test_refuses_options_that_make_no_sense(
        self, arguments: tuple[str, ...], problem: str, square: Square, ran: Callable[..., Done]
    ) -> None:
        done = ran("update", "A", *arguments, *square.target)
        assert (done.code, done.out) == (2, "")
        assert problem in done.err


class TestDelete:
    def test_deletes_all_given_customers(self, square: Square, ran: Callable[..., Done]) -> None:
        ids = [str(square.create(given_name=name).id) for name in "ABC"]
        done = ran("delete", *ids[:2], ids[0], "--yes", *square.target)
        assert done == Done(0, "".join(f"{each}\n" for each in ids[:2]), "")
        assert square.ids() == ids[2:]

    def test_prints_json_lines(self, square: Square, objects: Callable[..., Any]) -> None:
        ada = square.create()
        assert objects("delete", str(ada.id), "--yes", *square.target) == [{"id": ada.id, "deleted": True}]

    def test_continues_after_a_refused_one(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create()
        done = ran("delete", "NOBODY", str(ada.id), "--yes", *square.target)
        assert (done.code, done.out) == (3, f"{ada.id}\n")
        assert done.err.startswith("squareconnect: NOBODY was not deleted: ")
        assert square.ids() == []

    def test_fails_if_all_are_refused(self, square: Square, ran: Callable[..., Done]) -> None:
        assert ran("delete", "NOBODY", "NOONE", "--yes", *square.target).code == 1

    def test_checks_every_id_before_it_deletes_the_first(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create()
        done = ran("delete", str(ada.id), "../A", "--yes", *square.target)
        assert (done.code, done.out) == (2, "")
        assert square.ids() == [ada.id]

    def test_requires_yes_without_a_terminal_and_does_not_read_stdin(self, square: Square) -> None:
        ada = square.create()
        loop = """
            while read id; do
                square delete "$id" --host "$URL" $YES
                echo "$id: $?"
            done
        """
        for yes, code in (("", 2), ("--yes", 0)):
            done = shell(loop, given=f"{ada.id}\nNOBODY\n", env={**square.env, "YES": yes, "URL": square.url})
            assert [line for line in done.out.splitlines() if ":" in line] == [
                f"{ada.id}: {code}",
                f"NOBODY: {1 if yes else 2}",
            ]
            assert ("give --yes" in done.err) is (not yes)


class TestCards:
    def test_are_added_and_removed(self, square: Square, objects: Callable[..., Any]) -> None:
        ada = str(square.create().id)
        (card,) = objects(
            *("add-card", ada, "cnon:card-nonce-ok", "--cardholder-name", "Ada Lovelace"),
            *("--billing-address.postal-code", "94103", *square.target),
        )
        assert (card["last_4"], card["cardholder_name"]) == ("5858", "Ada Lovelace")
        assert card["billing_address"] == {"postal_code": "94103"}
        assert objects("delete-card", ada, card["id"], *square.target) == [{"id": card["id"], "deleted": True}]
        assert square.customers()[0].cards is None

    def test_that_are_declined_are_reported(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = str(square.create().id)
        done = ran("add-card", ada, "cnon:card-nonce-declined", *square.target)
        assert (done.code, done.out) == (1, "")
        assert "refused the card (CARD_DECLINED" in done.err
        assert "ask the buyer for another card and use its nonce" in done.err

    def test_have_an_option_for_every_field_except_the_nonce(self, ran: Callable[..., Done]) -> None:
        text = ran("add-card", "--help").out
        for name in set(CreateCustomerCardRequest.swagger_types) - {"card_nonce", "billing_address"}:
            assert f"  --{name.replace('_', '-')} TEXT" in text
        assert "--card-nonce" not in text
