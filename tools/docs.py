"""Write the pages under ``docs/`` that are generated from the classes.

``python -m tools.docs`` writes them. ``python -m tools.docs --check`` names the pages that are out of date, and fails
if there are any. The pages of the API and of the models are written as a whole. In other pages, only the text between
``<!-- NAME -->`` and ``<!-- end of NAME -->`` is replaced.
"""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from compatibility.differences import DIFFERENCES
from squareconnect import Configuration, CustomersApi, exceptions, models
from squareconnect.exceptions import ApiException
from squareconnect.models._enumeration import Enumeration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from squareconnect.models._model import Model

DOCS = Path(__file__).parent.parent / "docs"
MODELS: list[type[Model]] = [getattr(models, name) for name in models.__all__]
MODEL_PAGES = "models/"
"""The path from the other pages to the models' pages."""


def back(root: str = "") -> str:
    """Return the links at the end of a section; ``root`` is the path to the folder ``docs/``."""
    return (
        f"[[Back to top]](#) [[Back to API list]]({root}README.md#apis) "
        f"[[Back to Model list]]({root}README.md#models) [[Back to README]]({root}../README.md)"
    )


# -- Reading the classes --------------------------------------------------------------------------------------------


class Docstring(NamedTuple):
    """A docstring in Markdown, split into its text and its fields."""

    text: str
    params: dict[str, str]
    returned: str

    @classmethod
    def of(cls, described: Any, models_at: str = MODEL_PAGES) -> Docstring:
        """Read the docstring of a class or function."""
        text, *fields = re.split(r"^:", markdown(inspect.getdoc(described) or "", models_at), flags=re.MULTILINE)
        named = {name: " ".join(value.split()) for name, value in (field.split(":", 1) for field in fields)}
        params = {name.removeprefix("param "): value for name, value in named.items() if name.startswith("param ")}
        return cls(text.strip(), params, named.get("return", ""))

    @property
    def summary(self) -> str:
        """The first paragraph, on one line."""
        return self.text.split("\n\n")[0].replace("\n", " ")


def markdown(text: str, models_at: str = MODEL_PAGES) -> str:
    """Convert a docstring's markup to Markdown, and the names of models to links to their pages."""
    text = re.sub(r":\w+:`~?([^`]+)`", r"`\1`", text).replace("``", "`")
    return re.sub(
        r"`(\w+)`",
        lambda name: f"[`{name[1]}`]({models_at}{name[1]}.md)" if name[1] in models.__all__ else name[0],
        text,
    )


def linked(type_name: str, models_at: str = MODEL_PAGES) -> str:
    """Return a type, as a link to the page of its model if it has one."""
    name = re.search(r"\w+(?=]?$)", type_name.split(" | ")[0])
    known = name and name[0] in models.__all__
    return f"[**{type_name}**]({models_at}{name[0]}.md)" if name and known else f"**{type_name}**"


class Endpoint(NamedTuple):
    """A method of the API."""

    name: str
    request: str
    signature: str
    params: list[inspect.Parameter]
    doc: Docstring
    result: str
    permission: str

    @classmethod
    def of(cls, name: str, method: Callable[..., Any]) -> Endpoint:
        """Read a method."""
        signature = inspect.signature(method)
        result = signature.return_annotation.removeprefix("models.")
        params = [param for param in signature.parameters.values() if param.name not in ("self", "options")]
        shown = [param.name if param.default is param.empty else f"{param.name}={param.name}" for param in params]
        doc = Docstring.of(method)
        returned, source = doc.returned.split(" Source: ")
        request, permission = source.removesuffix(".").split(", permission ")
        return cls(
            name,
            "**{}** {}".format(*request.split()),
            f"{result} {name}({', '.join(shown)})",
            params,
            doc._replace(returned=returned),
            result,
            permission,
        )


def endpoints(api: type[CustomersApi] = CustomersApi) -> list[Endpoint]:
    """Read the methods of an API."""
    methods = inspect.getmembers(api, inspect.isfunction)
    return [Endpoint.of(name, method) for name, method in methods if not name.startswith("_")]


# -- Writing the pages ----------------------------------------------------------------------------------------------


def table(heads: str, rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table; ``heads`` holds the column names, separated by ``|``."""
    lines = [heads.split("|"), ["---"] * len(heads.split("|")), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def api_page(api: type[CustomersApi] = CustomersApi) -> str:
    """Return the page of an API."""
    methods = endpoints(api)
    doc = Docstring.of(api)
    parts = [
        f"# {api.__name__}",
        f"> {api.__module__}",
        doc.text,
        f"`{api.__name__}(api_client=None)`: `api_client` is {doc.params['api_client']}",
        f"All paths are relative to `Configuration.host`, `{Configuration().host}` by default.",
        table("Method|HTTP request", ([f"[**{each.name}**](#{each.name})", each.request] for each in methods)),
    ]
    for each in methods:
        parts += [
            f"## {each.name}",
            f"> {each.signature}",
            each.doc.text,
            "### Parameters",
            table("Name|Type|Notes|Default Value", (param_row(param, each.doc) for param in each.params)),
            "### Return type",
            f"{linked(each.result)}: {each.doc.returned}",
            "### Authorization",
            f"The access token, `Configuration.access_token`, needs the permission `{each.permission}`.",
            back(),
        ]
    return "\n\n".join(parts) + "\n"


def param_row(param: inspect.Parameter, doc: Docstring) -> list[str]:
    """Return the table row of a method's parameter."""
    optional = "" if param.default is param.empty else "[optional] "
    return [
        f"**{param.name}**",
        linked(param.annotation.removeprefix("models.").removesuffix(" | None")),
        optional + sentence(doc.params[param.name]),
        default(param),
    ]


def default(param: inspect.Parameter) -> str:
    """Return a parameter's default, empty if it has none."""
    return "" if param.default is param.empty else f"`{param.default!r}`"


def sentence(text: str) -> str:
    """Return a text with a capital letter first."""
    return text[:1].upper() + text[1:]


def model_page(model: type[Model]) -> str:
    """Return the page of a model."""
    if issubclass(model, Enumeration):
        values = ", ".join(f"`{value}`" for value in model.values)
        content = "## Values\n\n" + textwrap.fill(values, 120, break_long_words=False, break_on_hyphens=False)
    elif model._fields:
        rows = (
            [
                f"**{field.name}**",
                linked(field.swagger_type, ""),
                markdown(field.description, ""),
                "" if field.required else "[optional]",
            ]
            for field in model._fields.values()
        )
        content = "## Properties\n\n" + table("Name|Type|Description|Notes", rows)
    else:
        content = "It has no properties."
    parts = [f"# {model.__name__}", f"> {model.__module__}", Docstring.of(model, "").text, content, back("../")]
    return "\n\n".join(parts) + "\n"


def api_list() -> str:
    """Return the list of the API's methods."""
    rows = ([f"[**{each.name}**](CustomersApi.md#{each.name})", each.request, each.doc.summary] for each in endpoints())
    return table("Method|HTTP request|What it does", rows)


def model_list() -> str:
    """Return the list of the models."""
    rows = ([f"[{each.__name__}]({MODEL_PAGES}{each.__name__}.md)", Docstring.of(each).summary] for each in MODELS)
    return table("Model|What it holds", rows)


def exception_list() -> str:
    """Return the list of the exceptions, each with when it is raised and what to do."""
    kinds = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, ApiException)]
    rows = ([f"`{kind.__name__}`", Docstring.of(kind).summary, kind.advice] for kind in kinds)
    return table("Exception|When it comes|What to do", rows)


def setting_list() -> str:
    """Return the list of the settings."""
    rows = (
        [f"`{each.name}`", f"`{each.type}`", f"`{each.declared.default!r}`", each.declared.description]
        for each in Configuration.settings.values()
    )
    return table("Setting|Type|Default|What it is", rows)


def setting_times() -> str:
    """Return the table that says when each setting is read."""
    times: dict[str, list[str]] = {}
    for each in Configuration.settings.values():
        times.setdefault(each.declared.read, []).append(f"`{each.name}`")
    return table("Settings|Read", ([", ".join(names), read] for read, names in times.items()))


def secret_settings() -> str:
    """Return the names of the settings that are never shown."""
    return ", ".join(f"`{each.name}`" for each in Configuration.settings.values() if each.declared.shown == "never")


def difference_list() -> str:
    """Return the list of the differences from 2.x."""
    return table("What|2.x|Now|Why", ([each.what, each.before, each.now, each.why] for each in DIFFERENCES))


REGIONS: dict[Path, dict[str, Callable[[], str]]] = {
    DOCS / "README.md": {"methods": api_list, "models": model_list},
    DOCS / "Migration.md": {"differences": difference_list},
    DOCS / "Errors.md": {"exceptions": exception_list},
    DOCS / "Configuration.md": {"settings": setting_list, "times": setting_times, "secrets": secret_settings},
}
"""The generated parts of pages that are otherwise written by hand."""


def pages() -> dict[Path, str]:
    """Return each page with the text it should have."""
    written = {
        DOCS / "CustomersApi.md": api_page(),
        **{DOCS / MODEL_PAGES / f"{each.__name__}.md": model_page(each) for each in MODELS},
    }
    for path, regions in REGIONS.items():
        page = path.read_text(encoding="utf-8")
        for name, content in regions.items():
            before, rest = page.split(f"<!-- {name} -->")
            _, after = rest.split(f"<!-- end of {name} -->")
            page = f"{before}<!-- {name} -->\n\n{content()}\n\n<!-- end of {name} -->{after}"
        written[path] = page
    return written


def stale() -> dict[Path, str]:
    """Return the pages that are out of date, with the text they should have."""
    return {
        path: page for path, page in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != page
    }


def main(arguments: list[str]) -> int:
    """Write the stale pages, or with ``--check`` only name them. Return the exit status."""
    outdated = stale()
    if "--check" in arguments:
        for path in outdated:
            print(f"{path.name} is stale: run python -m tools.docs", file=sys.stderr)
        return 1 if outdated else 0
    for path, page in outdated.items():
        path.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
