from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import squareconnect
from tools.lowest import lowest

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "squareconnect").rglob("*.py")
    if path.parent.name != "dask"  # It needs the extra.
)


def test_the_version_of_the_distribution_is_the_packages_and_the_newest_in_the_changelog() -> None:
    releases = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## [")]
    assert metadata.version("squareconnect") == squareconnect.__version__
    assert releases[1].startswith(f"## [{squareconnect.__version__}]")


def test_the_package_requires_what_requirements_txt_lists_and_only_extras_require_more() -> None:
    requirements = metadata.requires("squareconnect") or []
    stated = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert [each for each in requirements if "extra" not in each] == stated
    assert {each.split("; ")[1] for each in requirements if "extra" in each} == {
        f'extra == "{name}"' for name in ("async", "cli", "dask", "emulator", "fast")
    }


def test_every_requirement_has_a_minimum_version_that_the_environment_lowest_installs() -> None:
    for requirement in metadata.requires("squareconnect") or []:
        name, floor = lowest(requirement).split("==")
        assert requirement.startswith(f"{name}>={floor}")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_imported_without_a_warning(module: str) -> None:
    subprocess.run([sys.executable, "-W", "error", "-c", f"import {module}"], cwd=ROOT, check=True)


def test_the_package_is_marked_as_typed() -> None:
    assert (ROOT / "squareconnect" / "py.typed").is_file()
