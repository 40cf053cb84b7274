"""Run the program as its users do: in a separate process, with or without a terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 120
"""The seconds that a run may take."""

_LEFT_OUT = ("SQUARE_ACCESS_TOKEN", "NO_COLOR", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
_BYTECODE = tempfile.TemporaryDirectory(prefix="squareconnect-bytecode-")


class Done(NamedTuple):
    code: int
    out: str
    err: str


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment with the given variables. As for users, Python buffers and saves bytecode."""
    kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    return {**kept, "PYTHONWARNINGS": "error", "PYTHONPYCACHEPREFIX": _BYTECODE.name, **variables}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "squareconnect", *arguments]


def run(*arguments: str, given: str | None = None, env: Mapping[str, str] | None = None, **options: Any) -> Done:
    """Run the program without a terminal."""
    return _run(command(*arguments), given, env, **options)


def shell(script: str, given: str | None = None, env: Mapping[str, str] | None = None) -> Done:
    """Run a script of bash, in which `square` is the program."""
    function = f'square() {{ "{sys.executable}" -m squareconnect "$@"; }}\n'
    return _run(["bash", "-c", function + script], given, env)


def _run(words: list[str], given: str | None, env: Mapping[str, str] | None, **options: Any) -> Done:
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        env=environment(**(env or {})),
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        **streams,
    ) as process:
        out, err = process.communicate(given, timeout=LONGEST)
    return Done(process.returncode, out or "", err or "")


class Screen:
    """A terminal that this process prints to instead of stdout: see `screen`."""

    def __init__(self) -> None:
        self._leader, follower = pty.openpty()
        self.stream = os.fdopen(follower, "w", encoding="utf-8")
        self._parts: list[bytes] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        with suppress(OSError):  # On Linux, this means that no program has the terminal open any more.
            while data := os.read(self._leader, 65536):
                self._parts.append(data)

    def text(self) -> str:
        """Close the terminal and return what it has shown."""
        self.stream.close()
        self._reader.join(LONGEST)
        os.close(self._leader)
        return b"".join(self._parts).decode().replace("\r\n", "\n")


class Terminal:
    """A terminal in which the program runs.

    :param arguments: the arguments of the program.
    :param width: how many characters a line has.
    :param env: environment variables.
    :param words: the command to run instead of the program.
    :param options: further options for `subprocess.Popen`, such as an `stdout` that is not a terminal.
    """

    def __init__(
        self,
        *arguments: str,
        width: int = 100,
        env: Mapping[str, str] | None = None,
        words: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        self._leader, follower = pty.openpty()
        variables = {"COLUMNS": str(width), "TERM": "xterm", **(env or {})}
        streams = {"stdin": follower, "stdout": follower, "stderr": follower, **options}
        self.process = subprocess.Popen(
            words or command(*arguments), env=environment(**variables), start_new_session=True, **streams
        )
        os.close(follower)
        self.text = ""

    def read_until(self, wanted: str | None) -> str:
        """Read what the terminal shows until a text appears, or to the end if the text is None."""
        deadline = time.monotonic() + LONGEST
        while wanted is None or wanted not in self.text:
            left = deadline - time.monotonic()
            assert select.select([self._leader], [], [], max(left, 0))[0], f"{wanted!r} did not come: {self.text!r}"
            try:
                data = os.read(self._leader, 65536)
            except OSError:  # The program has closed the terminal.
                data = b""
            if not data:
                assert wanted is None, f"{wanted!r} did not come: {self.text!r}"
                break
            self.text += data.decode().replace("\r\n", "\n")
        return self.text

    def type(self, text: str) -> None:
        os.write(self._leader, text.encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> Done:
        """Read the rest. The terminal mixes stdout and stderr."""
        with closing(os.fdopen(self._leader, "rb", closefd=True)):
            self.read_until(None)
            code = self.process.wait(LONGEST)
        return Done(code, self.text, "")
