from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli.failures import Failure
from squareconnect.cli.target_options import add_target_options, configuration_of, opened, target_of
from test.cli.conftest import TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from test.cli.conftest import Square
    from test.cli.program import Done

CHANGING = [
    ("create", "--given-name", "Ada"),
    ("update", "A", "--note", "N"),
    ("delete", "A", "--yes"),
    ("add-card", "A", "cnon:card-nonce-ok"),
    ("delete-card", "A", "B"),
]


def options(*words: str, default: str | None = "sandbox") -> Namespace:
    parser = ArgumentParser()
    add_target_options(parser, default)
    parser.set_defaults(command="get")
    return parser.parse_args(words)


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", TOKEN)


@pytest.mark.parametrize(
    ("words", "name", "host"),
    [
        ([], "sandbox", "https://connect.squareupsandbox.com"),
        (["--sandbox"], "sandbox", "https://connect.squareupsandbox.com"),
        (["--production"], "production", "https://connect.squareup.com"),
        (["--host", "https://connect.squareup.com"], "production", "https://connect.squareup.com"),
        (["--host", "HTTPS://Connect.SquareUp.com:443/"], "production", "https://connect.squareup.com"),
        (["--host", "http://connect.squareup.com."], "production", "https://connect.squareup.com"),
        (["--host", "https://connect.squareupsandbox.com/"], "sandbox", "https://connect.squareupsandbox.com"),
        (["--host", "http://127.0.0.1:8080/"], "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_target_has_a_name_and_a_host(words: list[str], name: str, host: str) -> None:
    target = target_of(options(*words))
    assert (target.name, target.host) == (name, host)
    assert target.title == {"sandbox": "Square's sandbox", "production": "Square's production"}.get(name, host)


@pytest.mark.parametrize("arguments", CHANGING, ids=lambda arguments: arguments[0])
def test_a_command_that_changes_data_requires_a_target(arguments: tuple[str, ...], ran: Callable[..., Done]) -> None:
    done = ran(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"squareconnect: '{arguments[0]}' changes data: name the target with --sandbox, --production, --host URL or "
        "--emulator.\n"
    )


@pytest.mark.parametrize("command", [("list",), *CHANGING])
def test_two_targets_are_refused(command: tuple[str, ...], ran: Callable[..., Done]) -> None:
    done = ran(*command, "--sandbox", "--production")
    assert done.code == 2
    assert "argument --production: not allowed with argument --sandbox" in done.err


@pytest.mark.parametrize("host", ["foo", "ftp://x", "https://user:pass@connect.squareup.com", "https://", "http://x:y"])
def test_a_host_that_is_not_a_url_is_refused(host: str, ran: Callable[..., Done]) -> None:
    done = ran("list", "--host", host)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("squareconnect: --host must ")


def test_plain_http_to_another_machine_is_refused_unless_it_is_allowed() -> None:
    remote = options("--host", "http://square.example")
    with pytest.raises(Failure, match="would get the token over plain HTTP"):
        configuration_of(target_of(remote), remote)
    remote.allow_insecure_http = True
    assert configuration_of(target_of(remote), remote).allow_insecure_http


def test_a_file_of_authorities_is_used_or_reported_as_missing(tmp_path: Path) -> None:
    missing = options("--ca-file", str(tmp_path / "none.pem"))
    with pytest.raises(Failure, match=r"--ca-file must be a PEM file; there is no file .*none\.pem"):
        configuration_of(target_of(missing), missing)
    (tmp_path / "ca.pem").touch()
    there = options("--ca-file", str(tmp_path / "ca.pem"))
    assert configuration_of(target_of(there), there).ssl_ca_cert == str(tmp_path / "ca.pem")


class TestTheToken:
    def test_comes_from_the_environment(self, square: Square, ran: Callable[..., Done]) -> None:
        assert ran("list", *square.target) == (0, "", "")

    @pytest.mark.parametrize("text", [TOKEN, f"{TOKEN}\n", f"  {TOKEN}\r\n"])
    def test_comes_from_a_file_first(
        self, text: str, square: Square, ran: Callable[..., Done], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "wrong")
        (tmp_path / "token").write_text(text)
        assert ran("list", "--token-file", str(tmp_path / "token"), *square.target).code == 0

    def test_that_is_wrong_is_reported_with_its_source(
        self, square: Square, ran: Callable[..., Done], tmp_path: Path
    ) -> None:
        (tmp_path / "token").write_text("secret-but-wrong")
        done = ran("list", "--token-file", str(tmp_path / "token"), *square.target)
        assert done.code == 4
        assert f"check the file {tmp_path}/token and the target" in done.err
        assert "secret-but-wrong" not in done.err

    @pytest.mark.parametrize("value", [None, "", " "])
    def test_that_is_missing_is_reported(
        self, value: str | None, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
        if value is not None:
            monkeypatch.setenv("SQUARE_ACCESS_TOKEN", value)
        done = ran("list")
        assert (done.code, done.out) == (4, "")
        assert "set the environment variable SQUARE_ACCESS_TOKEN, or give --token-file FILE" in done.err

    def test_file_that_cannot_be_read_is_reported(self, ran: Callable[..., Done], tmp_path: Path) -> None:
        done = ran("list", "--token-file", str(tmp_path))
        assert done == (2, "", f"squareconnect: --token-file {tmp_path} cannot be read: Is a directory.\n")

    def test_file_that_is_empty_is_reported(self, ran: Callable[..., Done], tmp_path: Path) -> None:
        (tmp_path / "token").touch()
        done = ran("list", "--token-file", str(tmp_path / "token"))
        assert done.code == 4
        assert "contains no access token" in done.err

    def test_file_that_never_ends_is_read_to_a_limit(self, ran: Callable[..., Done]) -> None:
        done = ran("list", "--token-file", "/dev/urandom")
        assert done.code == 4
        assert "the file /dev/urandom cannot be used: access_token has a character that a token cannot have" in done.err

    @pytest.mark.parametrize(
        "words", [("--access-token", "EAAAsecret"), ("--access-token=EAAAsecret",), ("--token", "EAAAsecret")]
    )
    def test_is_never_an_option_and_not_repeated(self, words: tuple[str, ...], ran: Callable[..., Done]) -> None:
        for command in (("list",), ("get",), ("demo",), ("create", "--sandbox")):
            done = ran(*command, *words)
            assert (done.code, done.out) == (2, "")
            assert "EAAAsecret" not in done.err

        assert "an access token cannot be given as an option" in ran("list", *words).err


class TestTheEmulator:
    def test_is_started_for_one_command(self, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
        assert ran("create", "--given-name", "Ada", "--emulator", "--fields", "given_name").out == "Ada\n"
        assert ran("list", "--emulator") == (0, "", "")

    def test_ends_with_the_command(self) -> None:
        with opened(options("--emulator")) as (target, configuration):
            assert target.name == "emulator"
            assert configuration.host == target.host
