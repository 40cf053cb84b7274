from __future__ import annotations

import os
import subprocess
import sys
from shutil import which
from typing import TYPE_CHECKING

import pytest

from squareconnect.cli.parser import COMMANDS
from test.cli.program import LONGEST, Terminal, shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


FISH_SHELL = which("fish")
FISH = {words.replace("''", ""): completed for words, completed in COMPLETED.items()}
ZSH = {
    "comp": "completion",
    "create --address.loc": "create --address.locality",
    "import --on-match up": "import --on-match update",
    "import /etc/hostn": "import /etc/hostname",
}
ZSHRC = """
autoload -U compinit; compinit -u -D; eval "$(cat "$ZDOTDIR/completion")"
show() { print -r -- "<$BUFFER>"; zle kill-whole-line; }; zle -N show; bindkey '^X' show; print READY
"""


def test_bash_completes() -> None:
    done = shell(TRY + "\n".join(f"try {words}" for words in COMPLETED))
    assert done.err == ""
    assert [line.strip() for line in done.out.splitlines()] == list(COMPLETED.values())


@pytest.mark.skipif(FISH_SHELL is None, reason="fish is not installed")
def test_fish_completes(ran: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "completion.fish").write_text(ran("completion", "fish").out)
    tries = "".join(f'echo (complete -C "squareconnect {words}" | string split -f 1 \\t)\n' for words in FISH)
    script = f"source {tmp_path}/completion.fish\n{tries}"
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(
        [str(FISH_SHELL), "--no-config", "-c", script],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == list(FISH.values())


@pytest.mark.skipif(which("zsh") is None, reason="zsh is not installed")
def test_zsh_completes(ran: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "completion").write_text(ran("completion", "zsh").out)
    (tmp_path / ".zshrc").write_text(ZSHRC)
    env = {"ZDOTDIR": str(tmp_path), "TERM": "dumb"}
    terminal = Terminal(words=["zsh", "--no-globalrcs", "-i"], env=env)
    terminal.read_until("READY")
    for words, completed in ZSH.items():
        terminal.type(f"squareconnect {words}\t\x18")
        terminal.read_until(f"<squareconnect {completed} >")
    terminal.type("exit\n")
    terminal.end()


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_every_shell_completes_every_command(name: str, ran: Callable[..., Done]) -> None:
    done = ran("completion", name)
    assert (done.code, done.err) == (0, "")
    assert [command for command in COMMANDS if command not in done.out] == []
    assert "--address.postal-code" in done.out or "-l address.postal-code" in done.out


def test_the_missing_extra_is_named(ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    done = ran("completion", "bash")
    assert (done.code, done.out) == (1, "")
    assert "pip install '.[cli]'" in done.err
