from __future__ import annotations

import signal
import ssl
from typing import Any

import hypothesis
import pytest
import trustme
from hypothesis import strategies as st

from squareconnect import models
from squareconnect.models._model import Model
from test import drivers, servers

hypothesis.settings.register_profile("quiet", deadline=None)  # A busy machine must not fail a test.
hypothesis.settings.load_profile("quiet")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # As in a background job of a shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = ["browser", "dask", "interop"]  # They need further packages and a process of their own: see tox.ini.


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SQUARE_ACCESS_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # Runs that tests start must not use it.


@pytest.fixture(params=["threads", "asyncio"])
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The driver for the clients of ``api_for``. A module that uses this fixture runs with each driver."""
    name: str = request.param
    monkeypatch.setattr(servers, "make_api", drivers.DRIVERS[name])
    return name


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that is not trusted by default."""
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """The TLS context of a server with a certificate for 127.0.0.1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


# -- st.from_type(Customer) draws customers, st.from_type(Model) any model ------------------------------------------


def values_of(swagger_type: str) -> st.SearchStrategy[Any]:
    """Draw values of a field's type."""
    if swagger_type.startswith("list["):
        return st.lists(values_of(swagger_type[5:-1]), max_size=2)
    scalars: dict[str, st.SearchStrategy[Any]] = {"str": st.text(), "int": st.integers(), "bool": st.booleans()}
    return scalars[swagger_type] if swagger_type in scalars else models_of(getattr(models, swagger_type))


def models_of(kind: type[Model]) -> st.SearchStrategy[Any]:
    """Draw models with some of their fields set."""
    fields = {name: st.none() | values_of(swagger_type) for name, swagger_type in kind.swagger_types.items()}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: kind(**values))


_KINDS: list[type[Model]] = [getattr(models, name) for name in models.__all__]

for _kind in _KINDS:
    st.register_type_strategy(_kind, models_of(_kind))
st.register_type_strategy(Model, st.sampled_from(_KINDS).flatmap(models_of))
