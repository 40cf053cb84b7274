"""Write the stubs of the API classes, which state the return type of each method for each of its options.

``python -m tools.stub`` generates them from the methods' signatures, and writes each next to its module. ``python -m
tools.stub --check`` only names the stubs that are out of date, and fails if there are any.
"""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from squareconnect import models
from squareconnect.apis.async_customers_api import AsyncCustomersApi
from squareconnect.apis.customers_api import CustomersApi

APIS: tuple[type, ...] = (CustomersApi, AsyncCustomersApi)

_FORMS = {
    "ForModel": "{model}",
    "ForApiResponse": "ApiResponse[{model}]",
    "ForRESTResponse": "RESTResponse",
}
"""The return type of a call, by the class of its options."""

_NOW = "async_req: Literal[False] = False", "callback: None = None"
_LATER = "async_req: Literal[True]", "callback: Callable[[{result}], object] | None = None"
_BY_CALLBACK = "async_req: bool = False", "callback: Callable[[{result}], object]"

_MODULE = """\
# Written by `python -m tools.stub`.
{imports}

class {name}:
    api_client: {client}
    def __init__(self, api_client: {client} | None = None) -> None: ...
{methods}
"""

_IMPORTS = {
    "collections.abc": ["Callable"],
    "typing": ["Any", "Literal", "overload"],
    "typing_extensions": ["Unpack"],
    "squareconnect.api_client": ["ApiClient", "ApiResponse"],
    "squareconnect.apis._options": list(_FORMS),
    "squareconnect.async_api_client": ["AsyncApiClient"],
    "squareconnect.asynchronous": ["CallHandle"],
    "squareconnect.models": models.__all__,
    "squareconnect.rest": ["RESTResponse"],
}


def path(api: type) -> Path:
    """Return the path of the stub of an API class's module."""
    return Path(inspect.getfile(api)).with_suffix(".pyi")


def stub(api: type) -> str:
    """Return the text of the stub of an API class's module."""
    methods = "\n".join(
        overload
        for name, method in vars(api).items()
        if not name.startswith("_")
        for overload in _overloads(name, method)
    )
    client = "ApiClient | AsyncApiClient" if api is AsyncCustomersApi else "ApiClient"
    words = set(re.findall(r"\w+", methods + client))
    imports = "\n".join(
        f"from {module} import {', '.join(used)}"
        for module, names in _IMPORTS.items()
        if (used := [name for name in names if name in words])
    )
    return _formatted(_MODULE.format(imports=imports, name=api.__name__, client=client, methods=methods))


def _overloads(name: str, method: Any) -> list[str]:
    model = _without_module(inspect.signature(method).return_annotation)
    forms = {options: form.format(model=model) for options, form in _FORMS.items()}
    if inspect.iscoroutinefunction(method):
        return [_overload(f"async def {name}", method, (), options, result) for options, result in forms.items()]
    return [
        *(_overload(f"def {name}", method, _NOW, options, result) for options, result in forms.items()),
        *(_overload(f"def {name}", method, _LATER, options, result) for options, result in forms.items()),
        _overload(f"def {name}", method, _BY_CALLBACK, "ForModel", model),
    ]


def _overload(head: str, method: Any, added: tuple[str, ...], options: str, result: str) -> str:
    *parameters, _ = inspect.signature(method).parameters.values()
    positional = [_written(each) for each in parameters if each.kind is each.POSITIONAL_OR_KEYWORD]
    by_keyword = [_written(each) for each in parameters if each.kind is each.KEYWORD_ONLY]
    by_keyword += [each.format(result=result) for each in added]
    star = ["*"] if by_keyword else []
    written = ", ".join([*positional, *star, *by_keyword, f"**options: Unpack[{options}]"])
    return f"    @overload\n    {head}({written}) -> {result if added in ((), _NOW) else f'CallHandle[{result}]'}: ..."


def _written(parameter: inspect.Parameter) -> str:
    """Return a parameter as source text. Its annotation is a string because the module postpones annotations."""
    if parameter.annotation is parameter.empty:
        return parameter.name
    default = "" if parameter.default is parameter.empty else f" = {parameter.default!r}"
    return f"{parameter.name}: {_without_module(parameter.annotation)}{default}"


def _without_module(annotation: str) -> str:
    return annotation.replace("models.", "")


def _formatted(text: str) -> str:
    ruff = [sys.executable, "-m", "ruff"]
    for step in (["check", "--select=I", "--fix", "--quiet"], ["format"]):
        text = subprocess.run(
            [*ruff, *step, "--stdin-filename=stub.pyi", "-"], input=text, capture_output=True, text=True, check=True
        ).stdout
    return text


def main(arguments: list[str]) -> int:
    """Write the stale stubs, or with ``--check`` only name them. Return the exit status."""
    stale = {path(api): stub(api) for api in APIS if not path(api).exists() or path(api).read_text() != stub(api)}
    for file, text in stale.items():
        if "--check" in arguments:
            print(f"{file.name} is stale: run python -m tools.stub", file=sys.stderr)
        else:
            file.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
