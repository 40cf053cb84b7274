from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_code_prints_what_the_page_says(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (promised,) = re.findall(r"It prints `(.+?)`\.", README)
    exec(code, {})
    assert capsys.readouterr().out == f"{promised}\n"


def test_two_commands_do_all_the_set_up() -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    demo, tests = block.splitlines()  # .ci/run runs both as they are typed here.
    assert demo.endswith(" -m squareconnect demo")
    assert tests.endswith(" -m pytest")
