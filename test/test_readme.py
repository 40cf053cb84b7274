from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

README = (Path(__file__).parent.parent / "README.md").read_text()


def test_the_code_prints_what_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (promised,) = re.findall(r"It prints `(.+?)`\.", README)
    exec(code, {})
    assert capsys.readouterr().out == f"{promised}\n"


def test_two_commands_do_the_whole_set_up() -> None:
    (block,) = re.findall(r"^```sh\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    demo, tests = block.splitlines()  # .ci/run runs both exactly as written here.
    assert demo.endswith(" -m squareconnect demo")
    assert tests.endswith(" -m pytest -n auto")


def test_the_figures_about_faults_match_the_reliability_page() -> None:
    page = (Path(__file__).parent.parent / "docs" / "reliability.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in page.partition("| case |")[2].splitlines()[2:]]
    mishandled = [sum("**" in row[column] for row in rows) for column in (1, 2, 3, 4)]

    assert mishandled[:2] == [0, 0]
    assert f"Of {len(rows)} faults" in README
    assert f"mishandles {mishandled[2]} and Square's current SDK {mishandled[3]}:" in README
