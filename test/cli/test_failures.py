"""What users see when something goes wrong: one sentence, a remedy, the right exit code, and never a traceback."""

from __future__ import annotations

import errno
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from squareconnect import cli
from squareconnect.cli import failures, main, parser
from squareconnect.cli.failures import Failure, failure_of, tell
from squareconnect.cli.target_options import Target
from squareconnect.exceptions import Timeout
from test.cli.answering import OK, Answer, answering

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.cli.conftest import Square
    from test.cli.program import Done


@pytest.mark.parametrize(
    ("answer", "code", "problem", "remedy"),
    [
        (Answer(401, "UNAUTHORIZED"), 4, "did not accept the access token", "check SQUARE_ACCESS_TOKEN and the target"),
        (Answer(403, "INSUFFICIENT_SCOPES"), 4, "does not let this access token do that", "use a token with that"),
        (Answer(404, "NOT_FOUND"), 1, "does not have that customer or card", "check the id and the target"),
        (Answer(402, "CARD_DECLINED"), 1, "refused the card (CARD_DECLINED: As told)", "ask the buyer"),
        (Answer(429, "RATE_LIMITED"), 1, "asks for fewer requests", "wait a minute and run the command again"),
        (Answer(503, "SERVICE_UNAVAILABLE"), 1, "failed with 503 Service Unavailable", "run the command again later"),
        (Answer(501, "NOT_IMPLEMENTED"), 1, "failed with 501 Not Implemented", "run the command again later"),
        (Answer(400, "BAD_REQUEST"), 1, "refused the request (BAD_REQUEST: As told)", "change it as this says"),
        (Answer(302), 1, "refused the request (302 Found)", "change it as this says"),
        (Answer(200, json=[]), 1, "answered with something that is not Square's", "check the target and the proxy"),
    ],
)
def test_an_answer_is_explained_in_one_sentence(
    answer: Answer, code: int, problem: str, remedy: str, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "canary-token")
    with answering(answer) as url:
        done = ran("get", "A", "--host", url)
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"squareconnect: {url} {problem}")
    assert remedy in done.err
    assert done.err.count("\n") == 1
    assert "canary-token" not in done.err


def test_a_host_that_cannot_be_reached_is_explained(square: Square, ran: Callable[..., Done]) -> None:
    with answering(OK) as url:
        pass
    done = ran("get", "A", "--host", url)
    assert done.code == 1
    assert done.err.startswith(f"squareconnect: {url} cannot be reached (")
    assert "'squareconnect doctor' shows more" in done.err


def test_a_late_answer_is_explained() -> None:
    late = failure_of(Timeout(None, "no answer within 30 s"), Target("sandbox", "https://x", "", "T"))
    assert str(late) == "Square's sandbox did not answer in time (no answer within 30 s): run the command again later."


def test_a_create_of_unknown_outcome_says_how_to_repeat_it(square: Square, ran: Callable[..., Done]) -> None:
    with answering(Answer(503, "SERVICE_UNAVAILABLE")) as url:
        done = ran("create", "--given-name", "Ada", "--idempotency-key", "K1", "--host", url)
    assert done.code == 1
    assert "It is not known whether the change was made. Run the command again with --idempotency-key K1" in done.err


def test_an_update_of_unknown_outcome_says_that_it_can_be_repeated(square: Square, ran: Callable[..., Done]) -> None:
    with answering(Answer(503, "SERVICE_UNAVAILABLE")) as url:
        done = ran("update", "A", "--note", "N", "--host", url)
    assert "It is not known whether the change was made. Run the same command again." in done.err


@pytest.mark.parametrize(
    ("answers", "code", "left"),
    [
        ([OK, Answer(503, "SERVICE_UNAVAILABLE")], 75, "B, C"),
        ([OK, OK, Answer(429, "RATE_LIMITED")], 1, "C"),
        ([Answer(401, "UNAUTHORIZED")], 4, "A, B, C"),
    ],
)
def test_a_deletion_that_stops_names_the_remaining_ids(
    answers: list[Answer], code: int, left: str, square: Square, ran: Callable[..., Done]
) -> None:
    with answering(*answers) as url:
        done = ran("delete", "A", "B", "C", "--yes", "--host", url)
    assert done.code == code
    assert done.out.split() == [each for each in "ABC" if each not in left]
    assert done.err.endswith(f" Not deleted: {left}.\n")


def test_many_remaining_ids_are_not_all_named(square: Square, ran: Callable[..., Done]) -> None:
    with answering(Answer(401, "UNAUTHORIZED")) as url:
        done = ran("delete", *map(str, range(100)), "--yes", "--host", url)
    assert "Not deleted: 0, 1, 2, 3, 4 and 95 more." in done.err


class TestAnUnexpectedException:
    def run(self, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
        def failing(_: Namespace) -> int:
            raise error

        monkeypatch.setattr(parser, "parse", lambda _: Namespace(run=failing))
        return main([])

    def test_of_the_program_is_reported_without_a_traceback(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(KeyError("a\nb"), monkeypatch) == 1
        error = capsys.readouterr().err
        assert error.startswith("squareconnect: this is a bug in the program, please report it: KeyError: 'a\\nb' (fai")
        assert error.count("\n") == 1

    def test_of_a_file_names_it(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.run(OSError(errno.ENOSPC, "", "customers.csv"), monkeypatch) == 1
        assert capsys.readouterr().err == "squareconnect: cannot use customers.csv: No space left on device\n"

    def test_of_the_system_without_an_errno_is_reported_with_its_message(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(OSError("odd"), monkeypatch) == 1
        assert capsys.readouterr().err == "squareconnect: cannot use the output: odd\n"

    def test_that_is_ctrl_c_ends_with_130(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.run(KeyboardInterrupt(), monkeypatch) == 130
        assert capsys.readouterr() == ("", "")


def test_nothing_is_printed_if_stderr_is_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    tell(Failure("unheard"))
    assert capsys.readouterr().out == ""


def test_every_exit_code_is_different() -> None:
    codes = [value for name, value in vars(failures).items() if name.isupper() and type(value) is int]
    assert sorted(codes) == [0, 1, 2, 3, 4, 75, 130]
    assert all(str(code) in parser.EPILOG for code in codes)
    assert cli.main(["--help"]) == 0
