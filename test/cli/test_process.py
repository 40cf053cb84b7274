"""The program as a process: broken pipes, full disks, closed streams and signals."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli.failures import INTERRUPTED
from test.cli.answering import answering
from test.cli.program import LONGEST, command, environment, run, shell

if TYPE_CHECKING:
    from test.cli.conftest import Square


def env_of(square: Square) -> dict[str, str]:
    return {**square.env, "URL": square.url}


class TestABrokenPipe:
    def test_ends_a_list_quietly(self, square: Square) -> None:
        for number in range(150):
            square.create(given_name=f"Ada {number}", note="x" * 1000)
        done = shell('square list --json --host "$URL" | head -n 1; echo "${PIPESTATUS[*]}"', env=env_of(square))
        assert done.out.endswith("\n0 0\n")
        assert done.err == ""

    @pytest.mark.parametrize(
        "words", ["doctor --emulator", "demo", "demo --json", "completion bash", "import people.csv --dry-run"]
    )
    def test_ends_long_output_quietly(self, words: str, tmp_path: Path) -> None:
        (tmp_path / "people.csv").write_text("given_name\n" + "Ada\n" * 10)
        script = f'cd {tmp_path}; square {words} | head -n 1 > /dev/null; echo "${{PIPESTATUS[*]}}"'
        done = shell(script)
        assert (done.out, done.err) == ("0 0\n", "")

    def test_ends_help_quietly(self) -> None:
        done = shell('square create --help | true; echo "${PIPESTATUS[*]}"')
        assert (done.out, done.err) == ("0 0\n", "")

    def test_does_not_end_a_deletion(self, square: Square) -> None:
        ids = [str(square.create(given_name=name).id) for name in "ABCD"]
        script = f'square delete --yes --host "$URL" {" ".join(ids)} | true; echo "${{PIPESTATUS[*]}}"'
        done = shell(script, env=env_of(square))
        assert (done.out, done.err) == ("0 0\n", "")
        assert square.ids() == []

    def test_does_not_undo_what_a_command_did(self, square: Square) -> None:
        done = shell('square create --given-name Ada --host "$URL" | true; echo "${PIPESTATUS[*]}"', env=env_of(square))
        assert (done.out, done.err) == ("0 0\n", "")
        assert len(square.ids()) == 1

    def test_of_stderr_is_not_an_error(self) -> None:
        done = shell('square get --nonsense 2>&1 >/dev/null | true; echo "${PIPESTATUS[*]}"')
        assert (done.out, done.err) == ("2 0\n", "")


def test_an_empty_list_succeeds_on_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        done = run("list", "--emulator", "--json", stdout=full)
    assert (done.code, done.err) == (0, "")


def test_a_create_whose_output_meets_a_full_disk_says_that_the_customer_was_created(square: Square) -> None:
    with Path("/dev/full").open("w") as full:
        done = run("create", "--given-name", "Ada", "--json", *square.target, env=square.env, stdout=full)
        listed = run("list", *square.target, env=square.env, stdout=full)
    (made,) = square.ids()
    assert (done.code, done.err) == (
        1,
        f"squareconnect: customer {made} was created, but cannot be shown: No space left on device. "
        "Do not run the command again.\n",
    )
    assert (listed.code, listed.err) == (1, "squareconnect: cannot use the output: No space left on device\n")


def test_help_on_a_full_disk_is_an_error() -> None:
    done = shell("square --help > /dev/full; echo $?")
    assert (done.out, done.err) == ("1\n", "squareconnect: cannot use the output: No space left on device\n")


class TestAClosedStream:
    def test_stdout_is_not_a_bug(self, square: Square) -> None:
        for words in ("list", "create --given-name Ada --json", "list"):
            done = shell(f'square {words} --host "$URL" >&-; echo $?', env=env_of(square))
            assert (done.out, done.err) == ("0\n", "")

    def test_stdout_is_not_needed_for_help(self) -> None:
        assert shell("square --help >&-; echo $?") == (0, "0\n", "")

    def test_stderr_does_not_send_errors_to_stdout(self) -> None:
        assert shell("square get --nonsense 2>&-; echo $?") == (0, "2\n", "")
        assert shell("square delete A --emulator 2>&-; echo $?") == (0, "2\n", "")

    def test_stdin_is_not_a_bug(self, square: Square) -> None:
        done = shell('square list --host "$URL" <&-; square delete A --host "$URL" <&-; echo $?', env=env_of(square))
        assert done.out == "2\n"
        assert done.err.endswith("there is no terminal to ask on: give --yes.\n")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_the_output_may_have_any_encoding(encoding: str, square: Square) -> None:
    square.create(given_name="Łódź")
    env = {**square.env, "PYTHONIOENCODING": encoding}
    plain = run("list", "--fields", "given_name", *square.target, env=env)
    lines = run("list", "--fields", "given_name", "--json", *square.target, env=env)
    assert (plain.code, lines.code) == (0, 0)
    if encoding == "utf-8":
        assert (plain.out, lines.out) == ("Łódź\n", '{"given_name": "Łódź"}\n')
    else:
        assert plain.out.encode("utf-8", "surrogateescape").startswith(b"\\u0141")
        assert lines.out == '{"given_name": "\\u0141\\u00f3d\\u017a"}\n'


class TestCtrlC:
    @pytest.mark.parametrize("words", [("list",), ("delete", "A", "--yes")])
    def test_while_waiting_for_an_answer_ends_with_130(self, words: tuple[str, ...]) -> None:
        requests: list[str] = []
        with (
            answering(None, requests=requests) as url,
            subprocess.Popen(
                command(*words, "--host", url),
                env=environment(SQUARE_ACCESS_TOKEN="T"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as process,
        ):
            deadline = time.monotonic() + LONGEST
            while not requests and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=LONGEST)
        assert (process.returncode, out, err) == (INTERRUPTED, "", "")
