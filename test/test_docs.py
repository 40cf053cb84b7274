from __future__ import annotations

import copy
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from squareconnect import ApiClient, Configuration, CustomersApi, exceptions
from squareconnect import _checks as checks
from squareconnect._settings import setting
from squareconnect.configuration import AT_EACH_CALL
from squareconnect.emulator import Emulator
from squareconnect.exceptions import ApiException
from squareconnect.models._model import Model, prop
from squareconnect.serialization import decode, encode
from tools import docs

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("**/*.md")
)


def blocks_of(page: str) -> list[str]:
    """Return the Python code that a page under docs/ shows."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs" / page).read_text(), re.DOTALL | re.MULTILINE)


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings} | {""}


def first_cells(page: str, head: str) -> list[list[str]]:
    """Return the cells of the page's table whose first column has this heading."""
    table = (ROOT / "docs" / page).read_text().split(f"| {head} |")[1].split("\n\n")[0]
    return [re.split(r" (?<!\\)\| ", line.strip("| ")) for line in table.splitlines()[2:]]


class Recorder:
    """Records the call that a method makes on its client."""

    def call_api(self, path: str, method: str, *_: Any, **__: Any) -> None:
        self.request = f"**{method}** {path}"


class TestGeneratedPages:
    def test_match_the_classes(self) -> None:
        assert docs.stale() == {}

    def test_are_named_when_they_are_out_of_date(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        page = tmp_path / "Customer.md"
        monkeypatch.setattr(docs, "pages", lambda: {page: "what the class says\n"})
        assert docs.main(["--check"]) == 1
        assert "Customer.md" in capsys.readouterr().err
        assert docs.main([]) == 0
        assert page.read_text() == "what the class says\n"
        assert docs.main(["--check"]) == 0

    @pytest.mark.parametrize("endpoint", docs.endpoints(), ids=lambda endpoint: endpoint.name)
    def test_name_the_request_that_is_sent(self, endpoint: docs.Endpoint) -> None:
        client: Any = Recorder()
        getattr(CustomersApi(client), endpoint.name)(
            **{param.name: "x" for param in endpoint.params if param.default is param.empty}
        )
        assert client.request == endpoint.request


class TestOneChangeInOnePlace:
    def test_one_line_makes_a_field(self) -> None:
        class Pet(Model):
            """An animal of a customer."""

            name: str | None = prop("What it answers to.")

        assert str(inspect.signature(Pet)) == "(name=None)"
        assert encode(Pet(name="Rex")) == b'{"name":"Rex"}'
        assert decode(b'{"name":"Rex"}', Pet) == Pet("Rex")
        assert (Pet.swagger_types, Pet.attribute_map) == ({"name": "str"}, {"name": "name"})
        assert "| **name** | **str** | What it answers to. | [optional] |" in docs.model_page(Pet)

    def test_one_statement_makes_a_setting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        maybe: Any = "maybe"

        class ShopConfiguration(Configuration):
            open_on_sundays: bool = setting(False, checks.truth, AT_EACH_CALL, "Whether the shop is open on Sundays.")

        assert inspect.signature(ShopConfiguration).parameters["open_on_sundays"].default is False
        with pytest.raises(ValueError, match="open_on_sundays must be True or False"):
            ShopConfiguration(open_on_sundays=maybe)
        shop = copy.copy(ShopConfiguration(open_on_sundays=True))
        assert shop.open_on_sundays
        assert "open_on_sundays=True" in repr(shop)
        assert shop.__getstate__()["open_on_sundays"]
        monkeypatch.setattr(docs, "Configuration", ShopConfiguration)
        assert "| `open_on_sundays` | `bool` | `False` | Whether the shop is open on Sundays. |" in docs.setting_list()
        assert "`open_on_sundays` | at each call" in docs.setting_times()

    def test_one_method_makes_an_endpoint(self) -> None:
        class LaterApi(CustomersApi):
            def greet_customer(self, customer_id: str, **options: Any) -> str:
                """Greet a customer.

                :param customer_id: the customer's id.
                :return: a greeting. Source: GET /v2/customers/{customer_id}/greeting, permission CUSTOMERS_READ.
                """
                result: str = self.api_client.call_api(
                    "/v2/customers/{customer_id}/greeting", "GET", {"customer_id": customer_id}, **options
                )
                return result

        client: Any = Recorder()
        LaterApi(client).greet_customer("ADA")
        assert client.request == "**GET** /v2/customers/{customer_id}/greeting"
        assert "> str greet_customer(customer_id)\n\nGreet a customer." in docs.api_page(LaterApi)


class TestPages:
    def test_are_all_in_the_index(self) -> None:
        index = (ROOT / "docs" / "README.md").read_text()
        pages = [page.relative_to(ROOT / "docs") for page in (ROOT / "docs").glob("**/*.md")]
        assert [str(page) for page in pages if f"]({page}" not in index] == ["README.md"]

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
    def test_have_no_broken_links(self, page: Path) -> None:
        for target in re.findall(r"]\((?!https?:)([^)\s]+)\)", page.read_text()):
            file, _, anchor = target.partition("#")
            linked = page.parent / file if file else page
            assert linked.exists(), target
            if anchor:
                assert anchor in anchors_of(linked), target

    @pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md"])
    def test_name_only_files_that_exist(self, page: str) -> None:
        for line in (ROOT / page).read_text().splitlines():
            folder = ROOT / "squareconnect"
            for name in re.findall(r"`([\w./-]+\.(?:py|md|txt|toml|json)|[\w.]+/[\w./-]*)`", line):
                path = next((each for each in (ROOT / name, folder / name) if each.exists()), None)
                assert path, f"{page} names {name}, which is not there"
                folder = path.parent

    def test_name_every_test_file(self) -> None:
        said = (ROOT / "CONTRIBUTING.md").read_text()
        tests = [path for path in (ROOT / "test").iterdir() if path.name.startswith("test_") or path.is_dir()]
        assert [path.name for path in tests if path.name[0] != "_" and f"{path.name}`" not in said] == []

    def test_state_the_right_number_of_methods_as_do_the_docstrings(self) -> None:
        words = [
            "none",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ]
        right = words[len(docs.endpoints())]
        counted = re.compile(
            rf"(?i)\b(?:the|these|all|every one of|^)\s*({'|'.join(words)})\s(?:endpoints|methods|calls|handlers)\b"
        )
        files = [*PAGES, *(ROOT / "squareconnect").glob("**/*.py")]
        said = [
            (str(file.relative_to(ROOT)), *found.group(0, 1))
            for file in files
            for found in counted.finditer(file.read_text())
        ]

        assert len(said) > 8
        wrong = [f"{file}: {words!r}" for file, words, number in said if number.lower() != right]
        assert not wrong, f"there are {right} methods; write so in\n" + "\n".join(wrong)

    def test_name_every_exception(self) -> None:
        kinds = {kind.__name__ for kind in vars(exceptions).values() if inspect.isclass(kind)}
        rows = first_cells("Errors.md", "Exception")
        assert {row[0].strip("`") for row in rows} == {
            name for name in kinds if issubclass(getattr(exceptions, name), ApiException)
        }
        assert all(when and advice for _, when, advice in rows)

    def test_name_every_setting_and_its_default(self) -> None:
        parameters = inspect.signature(Configuration).parameters.values()
        assert [(row[0], row[2]) for row in first_cells("Configuration.md", "Setting")] == [
            (f"`{each.name}`", f"`{each.default!r}`") for each in parameters
        ]


class TestCodeOnThePages:
    def test_makes_a_configured_client(self) -> None:
        (code,) = blocks_of("Configuration.md")
        shown: dict[str, Any] = {}
        exec(code, shown)
        assert shown["api"].api_client.configuration.host == "https://connect.squareupsandbox.com"
        assert shown["api"].api_client.configuration.max_retries == 5

    def test_handles_errors(self, capsys: pytest.CaptureFixture[str]) -> None:
        (code,) = blocks_of("Errors.md")
        shown: dict[str, Any] = {}
        exec(code, shown)
        with (
            Emulator() as square,
            ApiClient(Configuration(host=square.url, access_token=square.access_token)) as client,
        ):
            api = CustomersApi(client)
            ada = api.create_customer({"given_name": "Ada"}).customer
            assert ada
            assert shown["name_of"](api, ada.id) == "Ada"
            assert shown["name_of"](api, "NOBODY") is None
            client.configuration.access_token = "wrong"
            with pytest.raises(ApiException):
                shown["name_of"](api, ada.id)
        assert "Check Configuration.access_token" in capsys.readouterr().out
