from __future__ import annotations

import base64
import importlib
import pickle
import subprocess
import sys
import zlib
from copy import copy, deepcopy
from pathlib import Path

import pytest

import squareconnect
from squareconnect import models
from squareconnect.legacy import APIS, MODELS, explain_missing, module_of

ROOT = Path(squareconnect.__file__).parents[1]

PICKLED_BY_2_X = zlib.decompress(
    base64.b64decode(
        "eNp9kL1OwzAUhUNpC00LhfL/t5clooIFttIJsSAhIQupshzbbSMldo+dIJZIMPIsPAYvhpMW1IGy2Ef3Ht/P97xVhvC63CJjRnKtlORpkGgh"
        "YxvwzKY6kcYf/AisnL+jkmO1Syqe50UC1VIMeqgR34lx9CIVVSyRqJOqKzzrr0+skZqTnBlhsT5EYwnO9f1BccB3mGaOVndSJfXiKdejmx42"
        "Skbho6FhSmCzZDzdPfbRJg0n5euUJlqlE2zdt0jbVcIojiM1pkwII63F9t/wedvvz2903Bd2cuySphsy1TZlMeXOi71ymeur3sUl9m2YhWxm"
        "MXIkjVRcWhz8nydd8P5m+7BQw6GDH+U4Jp1ip4RFMc2UzULLTRRKgZOPArw8xlk8ZZi3pcKpm3gmg2+7YaBJ"
    )
)
"""A customer, and a CardBrand, as squareconnect 2.20190724.1 pickles them."""

ADVICE = (
    "because this package has only the Customers API: install squareconnect 2.20190724.1 next to it, as "
    "docs/Migration.md describes under 'Other APIs'"
)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("import squareconnect.apis.locations_api", "squareconnect.apis has no locations_api"),
        ("import squareconnect.models.money as money", "squareconnect.models has no money"),
        ("from squareconnect.models.money import Money", "squareconnect.models has no money"),
        ("from squareconnect.apis.o_auth_api import OAuthApi", "squareconnect.apis has no o_auth_api"),
        ("from squareconnect.apis import CatalogApi", "squareconnect.apis has no CatalogApi"),
        ("from squareconnect.apis import CustomersApi, v1_items_api", "squareconnect.apis has no v1_items_api"),
        ("from squareconnect.models import Customer, Money", "squareconnect.models has no Money"),
        ("from squareconnect import ApiClient, Money", "squareconnect has no Money"),
    ],
)
def test_an_import_of_what_only_2_x_has_says_where_to_get_it(statement: str, what: str) -> None:
    with pytest.raises(ImportError) as caught:
        exec(statement, {})

    assert str(caught.value) == f"{what}, {ADVICE}"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("squareconnect", "OAuthApi"),
        ("squareconnect", "Money"),
        ("squareconnect.apis", "LocationsApi"),
        ("squareconnect.apis", "locations_api"),
        ("squareconnect.models", "Money"),
        ("squareconnect.models", "money"),
    ],
)
def test_an_attribute_that_only_2_x_has_says_where_to_get_it(module: str, name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(importlib.import_module(module), name)

    assert str(caught.value) == f"{module} has no {name}, {ADVICE}"
    assert not hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module", ["squareconnect", "squareconnect.apis", "squareconnect.models"])
@pytest.mark.parametrize("name", ["import_modul", "_private", "Locations", "locations"])
def test_a_name_that_2_x_lacks_too_gets_the_message_of_python(module: str, name: str) -> None:
    with pytest.raises(AttributeError, match=f"^module '{module}' has no attribute '{name}'$"):
        getattr(importlib.import_module(module), name)
    with pytest.raises(ModuleNotFoundError, match=f"^No module named '{module}.{name}'$"):
        importlib.import_module(f"{module}.{name}")


def test_the_advice_is_only_for_modules_that_2_x_has() -> None:
    assert explain_missing("squareconnect", "money") is None
    assert explain_missing("squareconnect.apis", "Money") is None
    assert explain_missing("squareconnect.models", "locations_api") is None
    assert explain_missing("squareconnect.models.customer", "Money") is None


def test_the_names_of_modules_are_those_of_2_x() -> None:
    assert [module_of(name) for name in ("OAuthApi", "V1ItemsApi", "Money", "CatalogV1Id")] == [
        "o_auth_api",
        "v1_items_api",
        "money",
        "catalog_v1_id",
    ]


def test_the_list_has_no_name_of_this_package_and_no_name_twice() -> None:
    lacking = [*APIS.split(), *MODELS.split()]

    assert len(set(lacking)) == len(lacking) == 16 + 422
    assert not {"CustomersApi", *models.__all__} & set(lacking)


def test_the_list_of_names_is_loaded_only_when_a_name_is_missing() -> None:
    program = (
        "import sys, squareconnect.models; squareconnect.Customer(); "
        "print('squareconnect.legacy' in sys.modules); hasattr(squareconnect, 'Money'); "
        "print('squareconnect.legacy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "True"]


def test_an_import_that_fails_elsewhere_is_left_alone() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'money'$"):
        importlib.import_module("money")


def test_importing_the_package_again_leaves_one_finder() -> None:
    program = (
        "import sys, importlib\n"
        "before = len(sys.meta_path)\n"
        "for _ in range(3):\n"
        "    import squareconnect\n"
        "    importlib.reload(squareconnect)\n"
        "    del sys.modules['squareconnect']\n"
        "print(len(sys.meta_path) - before)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "1"


def test_models_that_2_x_pickled_load_with_their_values() -> None:
    customer, brand = pickle.loads(PICKLED_BY_2_X)

    address = models.Address(postal_code="94103")
    assert customer == models.Customer(
        id="C1",
        given_name="Zoë",
        cards=[models.Card(id="ccof:1", card_brand="VISA", exp_month=12, billing_address=address)],
        preferences=models.CustomerPreferences(email_unsubscribed=False),
    )
    assert brand == models.CardBrand()
    assert set(vars(customer)) == {"id", "given_name", "cards", "preferences"}
    customer.nickname = "Zo"
    assert pickle.loads(pickle.dumps(customer)) == customer


@pytest.mark.parametrize("copied", [copy, deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_model_is_copied_and_pickled_with_its_values(copied: object) -> None:
    customer = models.Customer(id="C1", note=None)
    customer.additional_properties["version"] = 3

    assert vars(copied(customer)) == {"id": "C1", "note": None, "additional_properties": {"version": 3}}  # type: ignore[operator]
