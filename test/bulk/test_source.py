from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from squareconnect import Address, CreateCustomerRequest
from squareconnect.bulk.errors import InputError, Stopped
from squareconnect.bulk.mapping import FIELDS
from squareconnect.bulk.reports import Refusal
from squareconnect.bulk.source import LONGEST_ROW, FileSource, Record, RowsSource, open_source
from test.bulk.helpers import write


def bodies(source: FileSource | RowsSource) -> list[Any]:
    return [record.body for record in source.records()]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_is_read_with_every_delimiter_and_encoding(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = 'First Name;Surname;Memo;Shoe size\r\nZoë;"O""Neil";"two\r\nlines, here";5\r\n\r\nAda;;;\r\n'
    path = write(tmp_path / "people.csv", text.replace(";", delimiter).encode(encoding))
    source = open_source(path, encoding="utf-8" if "8" in encoding else encoding)
    assert source.delimiter == delimiter
    assert source.unused == ("Shoe size",)
    assert source.mapping == {"First Name": "given_name", "Surname": "family_name", "Memo": "note"}
    ada = Record(4, {"given_name": "Ada"}, None)
    zoe = {"given_name": "Zoë", "family_name": 'O"Neil', "note": "two\r\nlines, here"}
    assert list(source.records()) == [Record(2, zoe, None), ada]


def test_a_delimiter_can_be_named(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name^note\nAda^x\n"), delimiter="^")
    assert bodies(source) == [{"given_name": "Ada", "note": "x"}]


def test_columns_can_be_named_and_constants_set(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "Who,Memo\nAda,x\n")
    source = open_source(path, columns={"Who": "given_name"}, constants={"note": "Imported"})
    assert bodies(source) == [{"given_name": "Ada", "note": "Imported"}]
    assert source.unused == ("Memo",)


def test_a_row_with_more_cells_than_the_header_is_refused_but_one_with_fewer_is_not(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name,note\nAda,x,y\nBob\n"))
    long, short = source.records()
    detail = "The row has 3 cells, but the header has 2."
    assert long == Record(2, None, Refusal("ARRAY_LENGTH_TOO_LONG", None, detail))
    assert short == Record(3, {"given_name": "Bob"}, None)


def test_300_columns_are_read(tmp_path: Path) -> None:
    header = ",".join(["given_name", *(f"c{number}" for number in range(299))])
    source = open_source(write(tmp_path / "p.csv", f"{header}\nAda{',x' * 299}\n"))
    assert bodies(source) == [{"given_name": "Ada"}]
    assert len(source.unused) == 299


def test_json_lines_are_read_with_nested_and_dotted_addresses(tmp_path: Path) -> None:
    text = (
        '{"given_name": "Ada", "address": {"locality": "London"}, "address.country": "GB", "shoe": 5, "_row": 1}\n\n'
        '{"E-mail": "ada@example.com", "id": "X"}\n{"given_name": "Bob", "address": "London"}\n{"phone_number": 5}\n'
    )
    source = open_source(write(tmp_path / "p.jsonl", text), columns={"E-mail": "email_address"})
    ada, mail, bob, number = source.records()
    assert ada == Record(1, {"given_name": "Ada", "address": {"locality": "London", "country": "GB"}}, None)
    assert mail == Record(3, {"email_address": "ada@example.com"}, None)
    assert (bob.refusal and bob.refusal.code) == "EXPECTED_OBJECT"
    assert (number.refusal and number.refusal.code) == "EXPECTED_STRING"
    assert source.unused == ("shoe", "id")
    assert source.mapping["E-mail"] == "email_address"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b"\n\n", "names no field of a customer in its first row ()"),
        (b"Ada,Lovelace\nBob,Miller\n", "in its first row ('Ada', 'Lovelace'), which must be a header"),
        (b"given_name,note\n", "has a header, but no rows"),
        (b"given_name,note,note\nAda,x,y\n", "has 2 columns named 'note'"),
        (b"given_name\nZo\xeb\n", "is not UTF-8 text: byte 3 of line 2 is 0xEB; name its encoding with --encoding"),
        (b"PK\x03\x04\xff", "or save a spreadsheet as CSV"),
        (b"given_name\nA\x00da\n", "line 2, contains a NUL"),
        ("given_name\nAda\n".encode("utf-16"), "is in UTF-16: say so with --encoding utf-16"),
        (b'given_name,note\nAda,"x\nBob,y\n', "the row that starts in line 2, is not CSV: unexpected end of data"),
        (b'given_name,note\nAda,"x"y\n', "the row that starts in line 2, is not CSV"),
        (b"given_name\n" + b"x" * (LONGEST_ROW + 1), f"line 2, is longer than {LONGEST_ROW} characters"),
        (b'given_name\n"' + b"x\n" * LONGEST_ROW, "line 2, is not CSV: field larger than field limit"),
        (b"given_name,note\n" + (b'"' + b"x" * 100_000 + b'",') * 20, f"line 2, is longer than {LONGEST_ROW}"),
        (b"x" * 200_000 + b"\n", "the row that starts in line 1, is not CSV: field larger than field limit"),
        (b'"given_name\nAda\n', "the row that starts in line 1, is not CSV"),
    ],
)
def test_csv_that_cannot_be_imported_is_refused_with_an_explanation(tmp_path: Path, text: bytes, said: str) -> None:
    path = write(tmp_path / "people.csv", text)
    with pytest.raises(InputError) as raised:
        bodies(open_source(path))
    assert said in str(raised.value)
    assert "people.csv" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"given_name": "Ada"}\n{"given_name"\n', "line 2, is not JSON"),
        (b"[1]\n", "line 1, must be a JSON object"),
        (b'{"given_name": "\xff"}\n', "byte 17 of line 1 is 0xFF"),
    ],
)
def test_json_lines_that_cannot_be_imported_are_refused_with_an_explanation(
    tmp_path: Path, text: bytes, said: str
) -> None:
    for name in ("people.ndjson", "people.json"):
        path = write(tmp_path / name, text)
        with pytest.raises(InputError) as raised:
            bodies(open_source(path))
        assert said in str(raised.value)


@pytest.mark.parametrize("encoding", ["utf-16", "ascii", "punycode"])
def test_text_in_another_encoding_than_the_named_one_is_refused(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "p.csv", b"given_name\nZo\xff\xd8\xd8\n")
    with pytest.raises(InputError, match=f"is not {encoding} text"):
        bodies(open_source(path, encoding=encoding))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"format": "xml"}, "--format must be csv or jsonl, not 'xml'"),
        ({"delimiter": "ab"}, "--delimiter must be one character"),
        ({"delimiter": '"'}, "--delimiter must be one character"),
        ({"encoding": "latin"}, ""),
        ({"encoding": "klingon"}, "Python knows no encoding 'klingon'"),
        ({"encoding": "undefined"}, "Python knows no encoding 'undefined'"),
        ({"columns": {"given_name": "x"}}, "--map: 'x' is not a field"),
    ],
)
def test_options_that_cannot_be_used_are_refused(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    path = write(tmp_path / "p.csv", "given_name\nAda\n")
    if said:
        with pytest.raises(InputError) as raised:
            open_source(path, **options)
        assert said in str(raised.value)
    else:
        assert bodies(open_source(path, **options)) == [{"given_name": "Ada"}]


def test_a_directory_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        open_source(tmp_path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_source(tmp_path / "nobody.csv")


def test_a_fifo_is_copied_first_and_keeps_its_name(tmp_path: Path) -> None:
    fifo = tmp_path / "people.jsonl"
    os.mkfifo(fifo)
    threading.Thread(target=fifo.write_text, args=('{"given_name": "Ada"}\n',)).start()
    source = open_source(fifo, spool=tmp_path / "j.spool")
    assert source.format == "jsonl"
    assert source.path == tmp_path / "j.spool"
    assert bodies(source) == bodies(source) == [{"given_name": "Ada"}]
    assert (tmp_path / "j.spool").stat().st_mode & 0o777 == 0o600


def test_the_standard_input_and_streams_are_copied_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"given_name\nAda\n")))
    source = open_source("-")
    assert (source.name, str(source.path)) == ("the standard input", "squareconnect.spool")
    assert bodies(source) == [{"given_name": "Ada"}]
    assert bodies(open_source(io.BytesIO(b"given_name\nBob\n"))) == [{"given_name": "Bob"}]


def test_a_copy_that_cannot_be_written_stops_the_import_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(Stopped, match=r"The input cannot be copied to .*: No such file or directory\. Make room there"):
        open_source(io.BytesIO(b"x"), spool=tmp_path / "nowhere" / "spool")


class FailingFile(io.RawIOBase):
    """What is read until its disk fails."""

    name = "people.csv"

    def read(self, size: int = -1) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_source_that_can_be_opened_but_not_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^people\.csv cannot be read: Input/output error$"):
        open_source(FailingFile(), spool=tmp_path / "spool")  # type: ignore[arg-type]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="it needs a file that can be opened but not read")
def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(InputError, match=r"^/proc/self/mem cannot be read: Input/output error$"):
        open_source("/proc/self/mem")


def test_a_file_that_has_disappeared_is_named(tmp_path: Path) -> None:
    source = open_source(write(tmp_path / "p.csv", "given_name\nAda\n"))
    source.path.unlink()
    with pytest.raises(InputError, match=r"p\.csv cannot be read: No such file or directory$"):
        list(source.records())


def test_a_hundred_thousand_columns_are_read_in_seconds(tmp_path: Path) -> None:
    header = ",".join(["given_name", *(f"c{number}" for number in range(100_000))])
    start = time.process_time()
    assert bodies(open_source(write(tmp_path / "p.csv", f"{header}\nAda\n"))) == [{"given_name": "Ada"}]
    assert time.process_time() - start < 20


def test_a_fingerprint_distinguishes_files_and_options(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", "given_name,x\nAda,y\n")
    first = open_source(path).fingerprint
    assert open_source(path).fingerprint == first
    assert open_source(path, columns={"x": "note"}).fingerprint != first
    write(path, "given_name,x\nBob,y\n")
    assert open_source(path).fingerprint != first


def test_an_applications_rows_are_dicts_or_models() -> None:
    model = CreateCustomerRequest(given_name="Ada", address=Address(locality="London"))
    source = RowsSource([model, {"Email Address": "ada@example.com", "shoe": 5, "note": None}])
    assert bodies(source) == [
        {"given_name": "Ada", "address": {"locality": "London"}},
        {"email_address": "ada@example.com"},
    ]
    assert source.unused == ("shoe",)
    with pytest.raises(InputError, match="rows: row 1 must be a dict or a model, not str"):
        bodies(RowsSource(["Ada"]))  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("row", "first", "second", "field"),
    [
        ({"First Name": "Ada", "given_name": "Eve"}, "First Name", "given_name", "given_name"),
        ({"given_name": "Ada", "First Name": "Ada"}, "given_name", "First Name", "given_name"),
        ({"Who": "Ada", "nickname": "Eve"}, "Who", "nickname", "nickname"),
        ({"address": {"locality": "London"}, "City": "Paris"}, "address", "City", "address.locality"),
        ({"address.country": "GB", "address": {"country": "FR"}}, "address.country", "address", "address.country"),
    ],
)
def test_an_object_with_two_keys_for_one_field_is_refused_with_both_names(
    row: dict[str, Any], first: str, second: str, field: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "p.jsonl", json.dumps(row) + '\n{"given_name": "Bob"}\n')
    one, other = open_source(path, columns={"Who": "nickname"}).records()
    detail = f"The keys '{first}' and '{second}' both set {field}."
    assert one == Record(1, None, Refusal("CONFLICTING_PARAMETERS", field, detail))
    assert other.body == {"given_name": "Bob"}


def test_a_key_without_a_value_sets_nothing() -> None:
    row = {"given_name": "Ada", "First Name": None, "City": "", "address": {"locality": "London"}}
    assert bodies(RowsSource([row])) == [{"given_name": "Ada", "address": {"locality": "London"}}]


def test_a_constant_replaces_a_key(tmp_path: Path) -> None:
    row = {
        "given_name": "Ada",
        "note": "x",
        "Memo": "y",
        "City": "Paris",
        "address": {"locality": "Rome", "country": "GB"},
    }
    constants = {"note": "Imported", "address.locality": "London"}
    source = open_source(write(tmp_path / "p.jsonl", json.dumps(row)), constants=constants)
    assert bodies(source) == [
        {"given_name": "Ada", "note": "Imported", "address": {"locality": "London", "country": "GB"}}
    ]
    assert source.unused == ("note", "Memo", "City")


def test_new_keys_in_every_row_do_not_fill_the_memory() -> None:
    source = RowsSource({f"key {number}": "x"} for number in range(3000))
    bodies(source)
    assert len(source.unused) == 1000


@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl"]))
def test_any_bytes_are_read_or_refused_with_an_explanation(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, form: str
) -> None:
    path = write(tmp_path_factory.getbasetemp() / f"any.{form}", b"given_name\n" + content)
    with contextlib.suppress(InputError):
        for record in open_source(path).records():
            assert (record.body is None) != (record.refusal is None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*FIELDS, "address"]) | st.text(), JSON, max_size=6))
@example({"address": "Main Street 1", "address.locality": "London"})
def test_any_object_becomes_a_body_or_a_refusal(row: dict[str, Any]) -> None:
    (record,) = RowsSource([row]).records()
    assert (record.body is None) != (record.refusal is None)
