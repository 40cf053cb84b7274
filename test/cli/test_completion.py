from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli.parser import COMMANDS
from test.cli.program import shell

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.cli.program import Done

TRY = """
eval "$(square completion bash)"
complete() { :; }
try() {
    COMP_WORDS=(squareconnect "$@"); COMP_CWORD=$#; COMP_LINE="squareconnect $*"; COMP_POINT=${#COMP_LINE}; COMPREPLY=()
    _shtab_squareconnect
    echo "${COMPREPLY[*]}"
}
"""


COMPLETED = {
    "li": "list",
    "create --address.loc": "--address.locality",
    "list --sort-field ''": "DEFAULT CREATED_AT",
    "import --on-match ''": "skip update fail",
    "completion ''": "bash zsh fish",
    "list --token-file /etc/hostn": "/etc/hostname",
    "import /etc/hostn": "/etc/hostname",
}


def test_bash_completes() -> None:
    done = shell(TRY + "\n".join(f"try {words}" for words in COMPLETED))
    assert done.err == ""
    assert [line.strip() for line in done.out.splitlines()] == list(COMPLETED.values())


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_every_shell_learns_every_command(name: str, ran: Callable[..., Done]) -> None:
    done = ran("completion", name)
    assert (done.code, done.err) == (0, "")
    assert [command for command in COMMANDS if command not in done.out] == []
    assert "--address.postal-code" in done.out or "-l address.postal-code" in done.out


def test_the_missing_extra_is_told(ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    done = ran("completion", "bash")
    assert (done.code, done.out) == (1, "")
    assert "pip install '.[cli]'" in done.err
