from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import squareconnect
from squareconnect import models

ROOT = Path(squareconnect.__file__).parents[1]
PACKAGE: Any = squareconnect
"""The package as Any, because type checkers know each of its names but not the list of them."""


def run(program: str, *options: str) -> Any:
    """Run a program in a fresh interpreter, and return its output, decoded from JSON."""
    done = subprocess.run([sys.executable, *options, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout or "null")


def names_of(part: str) -> list[str]:
    """Return the names that every user of 2.x could import from a module."""
    return {
        "squareconnect": ["ApiClient", "Configuration", "CustomersApi", *models.__all__],
        "squareconnect.apis": ["CustomersApi"],
        "squareconnect.apis.customers_api": ["CustomersApi"],
        "squareconnect.api_client": ["ApiClient"],
        "squareconnect.configuration": ["Configuration"],
        "squareconnect.rest": ["ApiException", "RESTClientObject", "RESTResponse"],
    }[part]


def test_importing_causes_no_warning_in_a_fresh_interpreter() -> None:
    run("import squareconnect; dir(squareconnect); from squareconnect import *", "-W", "error")


def test_importing_does_not_load_the_transport_or_the_models() -> None:
    loaded = run("import sys, json, squareconnect; print(json.dumps(sorted(sys.modules)))")

    assert [name for name in loaded if name.startswith(("squareconnect", "urllib3", "dateutil", "certifi", "six"))] == [
        "squareconnect"
    ]


def test_a_model_does_not_load_the_transport() -> None:
    loaded = run("import sys, json, squareconnect; squareconnect.Customer(); print(json.dumps(sorted(sys.modules)))")

    assert "squareconnect.models.customer" in loaded
    assert "squareconnect.models.error" not in loaded
    assert not [name for name in loaded if name.startswith("urllib3")]


@pytest.mark.parametrize(
    "part",
    [
        "squareconnect",
        "squareconnect.apis",
        "squareconnect.apis.customers_api",
        "squareconnect.api_client",
        "squareconnect.configuration",
        "squareconnect.rest",
    ],
)
def test_a_name_can_be_used_after_importing_only_the_package(part: str) -> None:
    program = f"import squareconnect, json; print(json.dumps([{part}.__name__"
    program += "".join(f", {part}.{name}.__name__" for name in names_of(part)) + "]))"

    assert run(program) == [part, *names_of(part)]


def test_the_modules_of_models_can_be_used_after_importing_only_the_package() -> None:
    run("import squareconnect; squareconnect.models.customer.Customer(); squareconnect.models.error_code.ErrorCode()")


def test_a_module_of_a_model_is_imported_on_first_use() -> None:
    package: Any = models
    assert package.__getattr__("customer").Customer is models.Customer


def test_a_star_import_imports_every_public_name() -> None:
    names = run("from squareconnect import *; import json; print(json.dumps(sorted(globals())))")

    public = PACKAGE.__all__
    assert set(public) <= set(names)
    assert {*names_of("squareconnect"), "ApiException", "ApiResponse", "NULL"} <= set(public)
    assert len(public) == len(set(public))


def test_every_public_name_is_listed_and_found() -> None:
    public = PACKAGE.__all__

    assert set(public) <= set(dir(squareconnect))
    assert set(models.__all__) == set(dir(models))
    for name in public:
        assert getattr(squareconnect, name) is not None


def test_every_public_name_is_declared_for_type_checkers_too() -> None:
    declared = Path(squareconnect.__file__).read_text().partition("if TYPE_CHECKING:")[2].partition("_SUBMODULES")[0]

    public = set(PACKAGE.__all__) - set(models.__all__)
    assert set(re.findall(r" as (\w+)", declared)) - set(PACKAGE._SUBMODULES) == public
    assert set(re.findall(r"from squareconnect import (\w+)", declared)) == set(PACKAGE._SUBMODULES)
    assert "from squareconnect.models import *" in declared


@pytest.mark.parametrize("module", [squareconnect, models])
@pytest.mark.parametrize("name", ["import_modul", "_private", "Locations"])
def test_a_missing_name_is_an_attribute_error_of_the_module(module: Any, name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module '{module.__name__}' has no attribute '{name}'$"):
        getattr(module, name)


def test_a_missing_name_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="cannot import name 'Locations'"):
        from squareconnect import Locations  # type: ignore[attr-defined]  # noqa: F401


@pytest.mark.parametrize("setting", ["verify_ssl", "api_key"])
def test_the_old_global_style_is_refused_with_what_to_write_instead(setting: str) -> None:
    with pytest.raises(AttributeError) as caught:
        setattr(squareconnect.configuration, setting, "x")

    assert str(caught.value) == (
        f"squareconnect.configuration.{setting} has no effect since 2.20180712.3: write configuration = Configuration()"
        f"; configuration.{setting} = ...; api = CustomersApi(ApiClient(configuration)) instead"
    )


def test_the_version_is_written_in_one_place() -> None:
    version = re.compile(rf"\b{re.escape(squareconnect.__version__)}\b")
    tracked = [*ROOT.glob("*.py"), *ROOT.glob("*.toml"), *ROOT.glob("squareconnect/**/*.py")]

    assert [path.name for path in tracked if version.search(path.read_text())] == ["_version.py"]
