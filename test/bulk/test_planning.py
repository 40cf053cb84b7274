from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.bulk_server import Square, running
from squareconnect.bulk import (
    InputError,
    Progress,
    RefusedRows,
    Stopped,
    check_errors_file,
    import_customers,
    open_source,
    plan,
    write_errors,
)
from test.bulk.helpers import api_of, write

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = """\
First Name,E-mail,Reference ID,Shoe size
Ada,ada@example.com,r1,5
Bob,ada@example.com,r2,
Ada,ada@example.com,r1,7
,,r4,
Eve,no address,r5,
Mallory,no address,r6,
"""


def test_a_plan_says_what_an_import_would_do(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", PEOPLE), columns={"E-mail": "email_address"})
    seen: list[Progress] = []
    made = plan(source, progress=seen.append)
    assert seen == [Progress("reading", 6)]
    assert (made.rows, made.requests, made.unused) == (6, 3, ("Shoe size",))
    assert made.mapping == {"First Name": "given_name", "E-mail": "email_address", "Reference ID": "reference_id"}
    assert made.bodies[0] == {"given_name": "Ada", "email_address": "ada@example.com", "reference_id": "r1"}
    assert len(made.bodies) == 3
    assert [(refused.refusal.code, refused.rows, refused.first_row) for refused in made.refusals] == [
        ("INVALID_EMAIL_ADDRESS", 2, 6),
        ("BAD_REQUEST", 1, 5),
    ]
    assert isinstance(made.refusals[0], RefusedRows)
    assert made.duplicates == {"row": 1, "reference_id": 1, "email_address": 2, "phone_number": 0}
    assert made.seconds == {5: 0.6, 10: 0.3, 25: 0.12}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.csv"]


def test_a_plan_with_a_match_refuses_no_row_that_could_update(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", PEOPLE), columns={"E-mail": "email_address"})
    assert plan(source, match="reference_id").requests == 4
    assert plan(source, match="none").requests == 3


def test_refused_rows_are_written_unchanged_and_can_be_imported_after_correction(tmp_path: Path) -> None:
    text = (
        "First Name;Memo;E-mail\r\n"
        'Ada;"two\r\nlines";ada@example.com\r\n'
        'Zoë;"a ""quoted"" one";zoe\r\n'
        "Bob;short\r\n"
        "Eve;x;eve\r\n"
        "Moe;x;moe@example.com;more\r\n"
    )
    columns = {"E-mail": "email_address"}
    source = open_source(write(tmp_path / "p.csv", text), columns=columns)
    with running(Square()) as square:
        api = api_of(square.host)
        assert import_customers(source, api, journal=tmp_path / "j").created == 2
        assert write_errors(source, tmp_path / "j", tmp_path / "e.csv") == 3
        errors = (tmp_path / "e.csv").read_bytes().decode()
        detail = "Expected"
        assert errors.startswith("First Name;Memo;E-mail;_row;_code;_field;_detail\r\n")
        assert f'Zoë;"a ""quoted"" one";zoe;3;INVALID_EMAIL_ADDRESS;email_address;{detail}' in errors
        assert "Eve;x;eve;5;INVALID_EMAIL_ADDRESS;email_address" in errors
        assert "Moe;x;moe@example.com;more;6;ARRAY_LENGTH_TOO_LONG;;" in errors
        again = open_source(write(tmp_path / "e.csv", errors.replace(";zoe;", ";zoe@example.com;")), columns=columns)
        assert again.unused == ()
        report = import_customers(again, api, journal=tmp_path / "j2")
        assert (report.created, report.refused) == (1, 2)
        assert write_errors(again, tmp_path / "j2", tmp_path / "e2.csv") == 2
        assert (tmp_path / "e2.csv").read_text().count("_row") == 1
        assert len(square.customers) == 3


def test_refused_objects_are_written_unchanged(tmp_path: Path) -> None:
    text = '{"given_name": "Ada"}\n\n{"given_name": "Zoë", "email_address": "no", "_row": 9, "x": [1]}\n'
    source = open_source(write(tmp_path / "p.jsonl", text))
    with running(Square()) as square:
        import_customers(source, api_of(square.host), journal=tmp_path / "j")
    assert write_errors(source, tmp_path / "j", tmp_path / "e.jsonl") == 1
    written = (tmp_path / "e.jsonl").read_text()
    assert written.startswith('{"given_name": "Zoë", "email_address": "no", "x": [1], "_row": 3, "_code": "INVALID_E')
    assert open_source(tmp_path / "e.jsonl").unused == ()


@pytest.mark.parametrize(("encoding", "name"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252")])
def test_refused_rows_are_written_in_the_inputs_encoding(tmp_path: Path, encoding: str, name: str) -> None:
    source = open_source(
        write(tmp_path / "p.csv", "given_name,email_address\nZoë,no\n".encode(encoding)), encoding=name
    )
    with running(Square()) as square:
        import_customers(source, api_of(square.host), journal=tmp_path / "j")
    write_errors(source, tmp_path / "j", tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_bytes().startswith("given_name,".encode(encoding))
    assert "Zoë,no,2" in (tmp_path / "e.csv").read_text(encoding)


def test_no_file_is_written_if_no_row_was_refused(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name\nAda\n"))
    with running(Square()) as square:
        import_customers(source, api_of(square.host), journal=tmp_path / "j")
    assert write_errors(source, tmp_path / "j", tmp_path / "e.csv") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["j", "p.csv"]


def test_a_failure_to_write_errors_is_reported_and_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name,email_address\nAda,no\n"))
    with running(Square()) as square:
        import_customers(source, api_of(square.host), journal=tmp_path / "j")
    for name in ("p.csv", "j"):
        with pytest.raises(InputError, match=r"--errors must not be .* itself: name another file"):
            write_errors(source, tmp_path / "j", tmp_path / name)
        with pytest.raises(InputError, match=r"--errors must not be .* itself: name another file"):
            check_errors_file(source, tmp_path / "j", tmp_path / name)
    with pytest.raises(Stopped, match=r"The refused rows cannot be written to .*: No such file or directory"):
        write_errors(source, tmp_path / "j", tmp_path / "nowhere" / "e.csv")


@pytest.mark.parametrize("name", ["nowhere/e.csv", "folder", "e" * 252, "p.csv", "j", "linked.csv"])
def test_an_unusable_file_for_errors_is_refused_before_the_import(tmp_path: Path, name: str) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name\nAda\n"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "linked.csv").hardlink_to(tmp_path / "p.csv")
    with pytest.raises(InputError, match="--errors must "):
        check_errors_file(source, tmp_path / "j", tmp_path / name)


def test_checking_a_file_for_errors_does_not_change_it(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name\nAda\n"))
    write(tmp_path / "e.csv", "corrected by hand")
    check_errors_file(source, tmp_path / "j", tmp_path / "e.csv")
    check_errors_file(source, tmp_path / "j", tmp_path / "new.csv")
    assert (tmp_path / "e.csv").read_text() == "corrected by hand"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["e.csv", "p.csv"]
