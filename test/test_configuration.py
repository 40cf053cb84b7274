from __future__ import annotations

import base64
import copy
import inspect
import pickle
import traceback
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

import squareconnect
from squareconnect import Configuration, configuration
from squareconnect import _checks as checks
from squareconnect._settings import Settings, setting
from squareconnect.configuration import conceal, is_loopback
from test import servers

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_defaults_are_production_without_a_token() -> None:
    settings = Configuration()

    assert settings.host == "https://connect.squareup.com"
    assert settings.access_token == ""
    assert settings.square_version == "2019-06-12"
    assert settings.verify_ssl is True
    assert (settings.max_retries, settings.max_retry_wait) == (3, 30.0)
    assert settings.max_response_size == 64 * 1024 * 1024
    assert settings.connection_pool_maxsize == 16
    assert settings.allow_insecure_http is settings.debug is False
    assert settings.temp_folder_path is None
    assert (settings.api_key, settings.api_key_prefix, settings.username, settings.password) == ({}, {}, "", "")


def test_the_environment_sets_the_host() -> None:
    assert Configuration(environment="sandbox").host == "https://connect.squareupsandbox.com"
    assert Configuration(environment="production").host == Configuration().host == "https://connect.squareup.com"
    with pytest.raises(ValueError, match="pass only one of them"):
        Configuration(environment="sandbox", host="http://127.0.0.1")
    with pytest.raises(ValueError, match="environment must be one of production, sandbox, not 'staging'"):
        Configuration(environment="staging")  # type: ignore[arg-type]


def test_the_token_is_read_from_the_environment_when_the_configuration_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "FIRST")
    settings = Configuration()
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "SECOND")

    assert settings.access_token == "FIRST"
    assert Configuration(access_token="GIVEN").access_token == "GIVEN"
    assert Configuration(access_token="").access_token == ""
    assert Configuration(access_token=b"BYTES").access_token == "BYTES"
    settings.access_token = None
    assert settings.access_token == ""


@given(st.text() | st.binary())
def test_a_token_that_is_not_visible_ascii_is_refused_and_not_shown(token: str | bytes) -> None:
    characters = token if isinstance(token, str) else token.decode("latin-1")
    try:
        settings = Configuration(access_token=token)
    except ValueError as error:
        assert "it is not shown here" in str(error)  # noqa: PT017
        assert not all("!" <= each <= "~" for each in characters)
    else:
        assert settings.access_token == characters
        assert all("!" <= each <= "~" for each in characters)


REFUSED: list[tuple[str, Any]] = [
    ("access_token", 1),
    ("access_token", ["T"]),
    ("host", None),
    ("host", 1),
    ("host", b"https://square.example"),
    ("host", "square.example"),
    ("host", "ftp://square.example"),
    ("host", "https://"),
    ("host", "https://square.example:0"),
    ("host", "https://square.example:port"),
    ("host", "https://[::1"),
    ("host", "https://square.example?x=1"),
    ("host", "https://square.example#x"),
    ("host", "https://square example"),
    ("host", "https://square.example\r\n"),
    ("host", "https://münchen.example"),
    ("host", "https://ada:secret@square.example"),
    ("square_version", "2019-6-12"),
    ("square_version", "2019-06-12\n"),
    ("square_version", 20190612),
    ("verify_ssl", "no"),
    ("verify_ssl", None),
    ("ssl_ca_cert", "/nowhere.pem"),
    ("cert_file", "/nowhere.pem"),
    ("key_file", "/"),
    ("proxy", "socks5://127.0.0.1"),
    ("proxy", 3128),
    ("timeout", 0),
    ("timeout", -1.0),
    ("timeout", float("nan")),
    ("timeout", float("inf")),
    ("timeout", 1e10),
    ("timeout", True),
    ("timeout", "10"),
    ("timeout", None),
    ("timeout", (1, 2, 3)),
    ("timeout", (1, 0)),
    ("deadline", 0),
    ("deadline", None),
    ("max_retries", -1),
    ("max_retries", 1.0),
    ("max_retries", True),
    ("max_retry_wait", 0),
    ("max_response_size", 0),
    ("connection_pool_maxsize", 0),
    ("allow_insecure_http", 1),
    ("debug", "yes"),
    ("host", "https://square.example?"),
    ("host", "https://square\\example"),
    ("ssl_ca_cert", 5),
    ("logger_file", 5),
    ("logger_format", "just text"),
    ("logger_format", "%(message"),
    ("logger_format", 5),
    ("on_try", "print"),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_an_impossible_setting_is_refused_with_its_name(name: str, value: Any) -> None:
    settings = Configuration()
    before = getattr(settings, name)
    with pytest.raises(ValueError, match=name):
        setattr(settings, name, value)

    assert getattr(settings, name) == before


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("host", "http://localhost:8080/base/", "http://localhost:8080/base"),
        ("square_version", None, None),
        ("ssl_ca_cert", __file__, __file__),
        ("proxy", "", ""),
        ("proxy", "proxy.example:3128", "http://proxy.example:3128"),
        ("proxy", "https://ada:x@proxy.example", "https://ada:x@proxy.example"),
        ("timeout", [1, 2], (1, 2)),
        ("timeout", 0.5, 0.5),
        ("max_retries", 0, 0),
        ("temp_folder_path", "/tmp", "/tmp"),
    ],
)
def test_a_possible_setting_is_kept(name: str, value: Any, kept: Any) -> None:
    settings = Configuration()
    setattr(settings, name, value)

    assert getattr(settings, name) == kept


def test_an_unknown_name_is_refused_with_a_suggestion() -> None:
    with pytest.raises(AttributeError, match=r"no setting 'acess_token'. Did you mean 'access_token'\?"):
        Configuration().acess_token = "T"  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        Configuration(acess_token="T")  # type: ignore[call-arg]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_a_copy_has_the_same_settings_and_can_be_changed_separately(copied: Any) -> None:
    settings = Configuration(host="http://127.0.0.1:1", access_token="T", timeout=(1, 2), proxy="http://ada:x@p")
    again = copied(settings)
    again.access_token = "ANOTHER"

    assert vars(settings) == {**vars(again), "access_token": "T"}
    assert repr(again) == repr(settings)


def test_the_repr_shows_the_settings_but_no_secrets() -> None:
    shown = repr(Configuration(access_token="CANARY", proxy="http://ada:CANARY@proxy.example"))

    assert "CANARY" not in shown
    assert "access_token='***'" in shown
    assert "proxy='***'" in shown
    assert "host='https://connect.squareup.com'" in shown
    assert repr(Configuration.__new__(Configuration)) == "Configuration()"


def test_the_repr_shows_no_key_that_was_added_later() -> None:
    settings = Configuration()
    settings.api_key["Authorization"] = settings.password = "CANARY"

    assert "CANARY" not in repr(settings)
    assert "api_key='***'" in repr(settings)
    assert Configuration().api_key == {}


def test_a_client_keeps_the_settings_that_it_reads_when_it_is_made() -> None:
    with servers.Server(servers.answer()) as server:
        api = servers.api_for(server)
        api.api_client.configuration.proxy = "http://127.0.0.1:1"
        api.list_customers()

    assert len(server.requests) == 1


def test_a_subclass_has_the_settings_of_its_base_and_its_own() -> None:
    class ShopConfiguration(Configuration):
        shop: str = setting("", checks.anything, "at each call", "The shop.")

    settings = ShopConfiguration(shop="Lovelace", max_retries=1, environment="sandbox")

    assert (settings.shop, settings.max_retries, settings.host) == (
        "Lovelace",
        1,
        "https://connect.squareupsandbox.com",
    )
    assert pickle.loads(pickle.dumps(Configuration(max_retries=1))).max_retries == 1
    assert copy.deepcopy(settings).shop == "Lovelace"
    assert "shop" not in Configuration.settings


def test_a_concealed_value_is_not_shown_by_repr_and_keeps_its_value() -> None:
    assert repr(conceal("x")) == "'***'"
    assert repr(conceal("")) == "''"
    assert conceal(b"x\xff") == "x\xff"
    assert conceal({"a": "x"}) == {"a": "x"}
    assert repr(conceal({"a": "x"})) == "{'a': '***'}"
    assert conceal(None) is None


def test_authorization_is_as_in_2_x() -> None:
    settings = Configuration(access_token="T")
    settings.username, settings.password = "ada", "lovelace"

    assert settings.get_basic_auth_token() == "Basic " + base64.b64encode(b"ada:lovelace").decode()
    assert settings.get_api_key_with_prefix("Authorization") is None
    assert settings.auth_settings() == {
        "oauth2": {"type": "oauth2", "in": "header", "key": "Authorization", "value": "Bearer T"},
        "oauth2ClientSecret": {"type": "api_key", "in": "header", "key": "Authorization", "value": None},
    }


def test_the_debug_report_names_versions() -> None:
    assert f"SDK Package Version: {squareconnect.__version__}" in Configuration(access_token="T").to_debug_report()


def test_there_are_two_loggers() -> None:
    assert {key: logger.name for key, logger in Configuration().logger.items()} == {
        "package_logger": "squareconnect",
        "urllib3_logger": "urllib3",
    }


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.1.2.3", "[::1]", "ada:x@localhost"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback(f"http://{host}")
    assert is_loopback(f"https://{host}:8080/path")


@pytest.mark.parametrize(
    "host",
    ["square.example", "localhost.example", "127.0.0.1.example", "127.0.0", "127.0.0.1@x", "[::2]", "1.127.0.0.1"],
)
def test_other_machines_are_not(host: str) -> None:
    assert not is_loopback(f"http://{host}")
    assert not is_loopback(f"http://{host}:8080/localhost")


def test_setting_an_attribute_of_the_module_says_what_to_write() -> None:
    with pytest.raises(AttributeError, match=r"configuration\.verify_ssl has no effect since 2\.20180712\.3"):
        configuration.verify_ssl = False  # type: ignore[attr-defined]
    configuration.something_else = 1  # type: ignore[attr-defined]
    del configuration.something_else  # type: ignore[attr-defined]


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module, whose defaults are restored after the test."""
    monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "OF-ENVIRONMENT")
    yield configuration
    for name in ("access_token", "host"):
        configuration.__dict__.pop(name, None)


class TestDefaultsOfTheModule:
    def test_apply_to_earlier_and_later_configurations_without_their_own(self, module: Any) -> None:
        earlier, own = Configuration(), Configuration(access_token="OWN", host="https://own.example")
        assert earlier.access_token == "OF-ENVIRONMENT"

        with pytest.warns(
            DeprecationWarning, match=r"write CustomersApi\(ApiClient\(Configuration\(access_token=\.\.\.\)"
        ):
            module.access_token = "GLOBAL"
        with pytest.warns(DeprecationWarning, match=r"Configuration\(host=\.\.\.\)"):
            module.host = "https://global.example/"

        for each in (earlier, Configuration(), copy.deepcopy(earlier)):
            assert (each.access_token, each.host) == ("GLOBAL", "https://global.example")
        assert (own.access_token, own.host) == ("OWN", "https://own.example")
        assert Configuration(environment="sandbox").host == "https://connect.squareupsandbox.com"
        assert (module.access_token, module.host) == ("GLOBAL", "https://global.example")
        assert "GLOBAL" not in repr(earlier)

    def test_do_not_change_settings_that_are_set_later(self, module: Any) -> None:
        settings = Configuration()
        with pytest.warns(DeprecationWarning, match="sets the"):
            module.access_token = b"GLOBAL"
        settings.access_token = "OWN"

        assert settings.access_token == "OWN"
        assert Configuration(access_token="").access_token == ""

    def test_can_be_empty_and_can_be_removed(self, module: Any) -> None:
        settings = Configuration()
        with pytest.warns(DeprecationWarning, match="sets the"):
            module.access_token = module.host = ""
        assert (settings.access_token, settings.host) == ("", "https://connect.squareup.com")
        with pytest.warns(DeprecationWarning, match="sets the"):
            module.access_token = None
        assert settings.access_token == "OF-ENVIRONMENT"

    def test_are_pickled_with_a_configuration(self, module: Any) -> None:
        with pytest.warns(DeprecationWarning, match="sets the"):
            module.access_token = "GLOBAL"
        content = pickle.dumps(Configuration())
        del module.access_token

        assert pickle.loads(content).access_token == "GLOBAL"

    def test_are_checked_and_not_shown(self, module: Any) -> None:
        for name, wrong in (("access_token", "TOKEN \n"), ("host", "TOKEN"), ("host", 5), ("access_token", 5)):
            with pytest.raises(ValueError, match=name) as caught:
                setattr(module, name, wrong)
            assert "TOKEN" not in str(caught.value)
        assert Configuration().access_token == "OF-ENVIRONMENT"


def ignore(report: object) -> None:
    """A function that can be pickled."""


def test_a_hook_for_tries_is_copied_and_is_pickled_if_possible() -> None:
    for function in (ignore, lambda report: None):
        settings = Configuration(on_try=function)
        assert copy.copy(settings).on_try is copy.deepcopy(settings).on_try is settings.on_try is function
    assert pickle.loads(pickle.dumps(Configuration(on_try=ignore))).on_try is ignore
    again = pickle.loads(pickle.dumps(settings))
    assert again.on_try is None
    assert again.host == settings.host


def test_everything_about_a_setting_is_derived_from_its_declaration() -> None:
    class Pets(Settings):
        """Settings of a shop."""

        name: str = setting("Rex", checks.anything, "at each call", "What it answers to.")
        secret: str | None = setting(None, checks.anything, "at each call", "A secret.", shown="never")

    pets = Pets(name="Tom", secret="CANARY")

    assert str(inspect.signature(Pets)) == "(*, name: 'str' = 'Rex', secret: 'str | None' = None)"
    assert repr(pets) == "Pets(name='Tom', secret='***')"
    assert pickle.loads(pickle.dumps(Configuration(max_retries=5))).max_retries == 5
    assert Pets.settings["name"].declared.description == "What it answers to."
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'nam'\. Did you mean 'name'"):
        Pets(nam="x")  # type: ignore[call-arg]


@pytest.mark.parametrize("name", ["host", "proxy"])
@pytest.mark.parametrize("url", ["ftp://EAAA-CANARY", "https://x?CANARY\n", "https://u:CANARY@[::::]", "CANARY\n"])
def test_a_refused_host_or_proxy_is_not_shown_in_the_message_or_in_local_variables(name: str, url: str) -> None:
    given: Any = {name: url}
    mistakes: list[Any] = [lambda: Configuration(**given), lambda: setattr(Configuration(), name, url)]
    for mistake in mistakes:
        with pytest.raises(ValueError, match=name) as caught:
            mistake()
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        del shown.stack[:2]
        assert "CANARY" not in "".join(shown.format())


@pytest.mark.parametrize("address", ["[::::]", "[1:2]", "[::1", "[:.]", "[12345::]"])
def test_a_proxy_at_an_impossible_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="proxy must be the URL of an HTTP proxy") as caught:
        Configuration(proxy=f"http://user:PW@{address}:80")
    assert "PW" not in str(caught.value)
    assert Configuration(proxy="http://user:PW@[::1]:80").proxy == "http://user:PW@[::1]:80"


def test_a_text_may_be_bytes() -> None:
    assert configuration.text("customer_id", "é") == configuration.text("customer_id", "é".encode()) == "é"
    assert configuration.text("customer_id", UUID(int=5)) == "00000000-0000-0000-0000-000000000005"
    for wrong in (b"\xff", 1, None):
        with pytest.raises(ValueError, match="customer_id must be a str"):
            configuration.text("customer_id", wrong)
