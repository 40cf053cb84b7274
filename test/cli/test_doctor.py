from __future__ import annotations

import json
import ssl
import time
from email.utils import formatdate
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from squareconnect.cli.checks import (
    Check,
    access_checks,
    clock_check,
    fits,
    package_checks,
    python_check,
    token_check,
    version_check,
)
from squareconnect.cli.connection import connection_checks, proxy_of, tls_check
from squareconnect.cli.target_options import Target
from test.cli.answering import Answer, answering
from test.cli.program import run
from test.servers import Server, answer, tunnel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import trustme

    from test.cli.conftest import Square
    from test.cli.program import Done

HEALTHY = ["python", "squareconnect", "certifi", "python-dateutil", "six", "urllib3", "target", "token", "proxy", "dns"]
HEALTHY += ["tls", "clock", "accepted", "read", "api version"]


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def checks_in(done: Done) -> dict[str, dict[str, str]]:
    return {check["name"]: check for check in map(json.loads, done.out.splitlines())}


class TestTheCommand:
    def test_finds_a_healthy_square_and_changes_nothing(self, square: Square, ran: Callable[..., Done]) -> None:
        ada = square.create()
        done = ran("doctor", *square.target)
        assert (done.code, done.err) == (0, "")
        assert [line.split("  ")[0] for line in done.out.splitlines() if line.startswith("WRONG")] == []
        assert square.customers() == [ada]

    def test_prints_json_lines(self, square: Square, ran: Callable[..., Done]) -> None:
        done = ran("doctor", "--json", *square.target)
        checks = checks_in(done)
        assert list(checks) == HEALTHY
        assert checks["tls"]["status"] == "skipped"
        assert {check["status"] for check in checks.values()} == {"ok", "skipped"}
        assert "remedy" not in checks["python"]

    def test_checks_its_own_emulator(self, ran: Callable[..., Done]) -> None:
        done = ran("doctor", "--emulator", "--json")
        assert done.code == 0
        assert checks_in(done)["target"]["detail"].startswith("emulator, http://127.0.0.1:")
        assert checks_in(done)["clock"]["status"] == "ok"

    def test_reports_a_missing_token_and_continues(
        self, square: Square, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SQUARE_ACCESS_TOKEN")
        with answering(Answer(401, "UNAUTHORIZED")) as url:
            done = ran("doctor", "--json", "--host", url)
        checks = checks_in(done)
        assert done.code == 1
        assert checks["token"]["status"] == "wrong"
        assert checks["token"]["remedy"].startswith("set the environment variable SQUARE_ACCESS_TOKEN")
        assert checks["clock"]["status"] == "ok"
        assert checks["accepted"]["status"] == "skipped"

    def test_reports_a_token_that_cannot_be_sent(
        self, square: Square, ran: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SQUARE_ACCESS_TOKEN", "two words")
        done = ran("doctor", *square.target)
        assert done.code == 1
        assert "WRONG    token            SQUARE_ACCESS_TOKEN contains a character that no token has: take" in done.out
        assert "skipped  answer" in done.out
        assert "two words" not in done.out

    @pytest.mark.parametrize(
        ("response", "name", "detail"),
        [
            (Answer(401, "UNAUTHORIZED"), "accepted", "did not accept the access token"),
            (Answer(403, "INSUFFICIENT_SCOPES"), "read", "does not let this access token do that"),
            (Answer(429, "RATE_LIMITED"), "answer", "asks for fewer requests"),
            (Answer(200, json=[]), "answer", "something that is not Square's"),
        ],
    )
    def test_explains_an_answer(
        self, response: Answer, name: str, detail: str, square: Square, ran: Callable[..., Done]
    ) -> None:
        with answering(response) as url:
            done = ran("doctor", "--json", "--host", url)
        checks = checks_in(done)
        assert done.code == 1
        assert checks[name]["status"] == "wrong"
        assert detail in checks[name]["detail"]
        assert checks[name]["remedy"]

    def test_reports_a_host_that_does_not_listen(self, square: Square, ran: Callable[..., Done]) -> None:
        with answering(Answer(200)) as url:
            pass
        done = ran("doctor", "--host", url)
        assert done.code == 1
        assert "cannot be reached (Connection refused): check the host, the firewall" in done.out
        assert done.out.splitlines()[-1] == "skipped  answer           there is no connection to the host"

    def test_reports_a_server_that_closes_the_connection(self, square: Square, ran: Callable[..., Done]) -> None:
        with Server(lambda wire, _: wire.close()) as server:
            done = ran("doctor", "--json", "--host", server.host)
        assert done.code == 1
        assert checks_in(done)["answer"]["status"] == "wrong"

    def test_stops_if_packages_are_missing(self, tmp_path: Path) -> None:
        (tmp_path / "urllib3.py").write_text("__version__ = '1.26.20'")
        done = run("doctor", env={"PYTHONPATH": str(tmp_path)})
        assert (done.code, done.err) == (1, "")
        assert "WRONG    urllib3          1.26.20 does not fit " in done.out
        assert done.out.splitlines()[-1] == "skipped  target           without those packages no call can be made"

    def test_refuses_a_host_that_is_not_a_url(self, ran: Callable[..., Done]) -> None:
        assert ran("doctor", "--host", "foo").code == 2


def test_an_old_python_is_reported() -> None:
    assert python_check((3, 9, 20)) == Check("python", "wrong", "3.9.20", "use Python 3.10 or later")
    assert python_check((3, 13, 0)).status == "ok"


class TestPackages:
    @staticmethod
    def check(requirement: str, imported: str, **installed: str) -> Check:
        def version_of(name: str) -> str:
            try:
                return installed[name.replace("-", "_")]
            except KeyError:
                raise PackageNotFoundError(name) from None

        def load(_: str) -> Any:
            if not imported:
                raise ImportError("broken")
            return SimpleNamespace(__version__=imported)

        _, check = package_checks([requirement, 'rich>=13; extra == "cli"'], version_of, load)
        return check

    @pytest.mark.parametrize(
        ("installed", "status"), [("2.8.0", "ok"), ("2.9", "ok"), ("2.7.9", "wrong"), ("3.0.0", "wrong")]
    )
    def test_of_another_version_are_reported(self, installed: str, status: str) -> None:
        check = self.check("urllib3<3,>=2.8", installed)
        assert (check.name, check.status) == ("urllib3", status)
        assert status == "ok" or check.remedy == "run pip install 'urllib3<3,>=2.8'"

    @pytest.mark.parametrize(("imported", "installed"), [("2.12.905", {}), ("2.8.0", {"urllib3_future": "2.12.905"})])
    def test_of_urllib3_future_are_reported(self, imported: str, installed: dict[str, str]) -> None:
        check = self.check("urllib3<3,>=2.8", imported, **installed)
        assert check.status == "wrong"
        assert "urllib3-future, a different library in its place" in check.detail
        assert check.remedy.startswith("run pip uninstall urllib3-future")

    def test_that_are_broken_or_missing_are_reported(self) -> None:
        assert self.check("urllib3>=2.8", "").detail == "not usable (broken)"
        missing = self.check("six>=1.17.0", "")
        assert (missing.status, missing.remedy) == ("wrong", "run pip install 'six>=1.17.0'")

    @pytest.mark.parametrize(
        ("version", "wanted", "fitting"),
        [
            ("2.8", ">=2.8.0", True),
            ("2.8.0", "==2.8", True),
            ("2.10.0", ">=2.9", True),
            ("2.8.0rc1", ">=2.8", True),
            ("1.26.20", ">=2.8,<3", False),
            ("2.8.1", "!=2.8.1", False),
            ("2.8.1", ">2.8,<=2.8.1", True),
        ],
    )
    def test_are_compared_by_version_and_not_as_text(self, version: str, wanted: str, fitting: bool) -> None:
        assert fits(version, wanted) is fitting


class TestTheFormOfTheToken:
    @staticmethod
    def check(token: str, name: str = "production") -> Check:
        return token_check(Target(name, "https://x", token, "SQUARE_ACCESS_TOKEN"))

    @pytest.mark.parametrize(
        ("token", "what"),
        [
            ("sq0idp-abc", "an application ID"),
            ("sandbox-sq0idb-abc", "an application ID"),
            ("sq0csp-abc", "an application secret"),
            ("sandbox-sq0atb-abc", "an access token of the sandbox that Square closed in 2019"),
            ("cnon:card-nonce-ok", "a card"),
            ("Bearer EAAAx", "more than the token"),
            ('"EAAAx"', "more than the token"),
            ("EAAA x", "a character that no token has"),
            ("hunter2", "no Square access token"),
        ],
    )
    def test_is_reported_if_it_is_wrong(self, token: str, what: str) -> None:
        check = self.check(token)
        assert check.status == "wrong"
        assert check.detail.startswith(f"SQUARE_ACCESS_TOKEN contains {what}")
        assert token not in check.detail + check.remedy

    @pytest.mark.parametrize("token", ["EAAAEO" + "x" * 58, "sq0atp-" + "x" * 22])
    def test_is_right(self, token: str) -> None:
        assert self.check(token) == Check("token", "ok", f"{len(token)} characters from SQUARE_ACCESS_TOKEN")

    def test_is_not_checked_for_a_host_that_is_not_squares(self) -> None:
        assert self.check("hunter2", "http://127.0.0.1:8080").status == "ok"


class TestTheClock:
    @pytest.mark.parametrize(
        ("seconds", "status"), [(0, "ok"), (59, "ok"), (-59, "ok"), (61, "wrong"), (-3600, "wrong")]
    )
    def test_may_differ_by_a_minute(self, seconds: float, status: str) -> None:
        now = float(int(time.time()))
        check = clock_check(formatdate(now - seconds, usegmt=True), now)
        assert check.status == status
        if status == "wrong":
            direction = "ahead of" if seconds > 0 else "behind"
            assert check.detail == f"this machine is {abs(seconds)} seconds {direction} the server"

    @pytest.mark.parametrize("date", [None, "", "yesterday"])
    def test_is_not_checked_without_a_date(self, date: str | None) -> None:
        assert clock_check(date, 0).status == "skipped"


def test_the_version_of_the_api_must_be_the_one_asked_for() -> None:
    assert version_check("2019-06-12", {"Square-Version": "2019-06-12"}).status == "ok"
    assert version_check("2019-06-12", {"Square-Version": "2024-01-18"}).status == "wrong"
    assert version_check("2019-06-12", {}).status == "skipped"


def test_a_token_is_not_judged_by_the_answer_to_a_request_without_it() -> None:
    assert [check.status for check in access_checks(401, "refused: remedy", with_token=False)] == ["skipped"]


class TestTheRoute:
    def test_over_tls_names_the_authority(self, server_tls: ssl.SSLContext, trusted: str) -> None:
        with Server(tls=server_tls) as server:
            proxy, dns, tls = connection_checks(server.host, trusted)
        assert [proxy.status, dns.status, tls.status] == ["ok", "ok", "ok"]
        assert tls.detail.startswith("TLSv1.3, certified by trustme v")

    def test_reports_an_authority_that_is_not_trusted(self, server_tls: ssl.SSLContext) -> None:
        with Server(tls=server_tls) as server:
            *_, tls = connection_checks(server.host, None)
        assert tls.status == "wrong"
        assert "the certificate is not trusted (" in tls.detail
        assert "give its authority's certificate with --ca-file" in tls.remedy

    def test_reports_a_certificate_for_another_name(self, authority: trustme.CA, trusted: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("connect.squareup.com").configure_cert(context)
        with Server(tls=context) as server:
            *_, tls = connection_checks(server.host, trusted)
        assert (tls.status, tls.remedy) == ("wrong", "check the host's name")

    def test_reports_an_expired_certificate(self, authority: trustme.CA, trusted: str) -> None:
        from datetime import datetime, timezone

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        authority.issue_cert("127.0.0.1", not_before=past, not_after=past).configure_cert(context)
        with Server(tls=context) as server:
            *_, tls = connection_checks(server.host, trusted)
        assert (tls.status, tls.remedy) == ("wrong", "check this machine's date")

    def test_reports_a_server_without_tls(self, trusted: str) -> None:
        with answering(Answer(200)) as url:
            *_, tls = connection_checks(url.replace("http:", "https:"), trusted)
        assert tls.status == "wrong"
        assert tls.detail.startswith("TLS could not be negotiated (")

    def test_reports_a_file_without_authorities(self, tmp_path: Path) -> None:
        (tmp_path / "ca.pem").write_text("none")
        *_, tls = connection_checks("https://127.0.0.1:9", str(tmp_path / "ca.pem"))
        assert tls.status == "wrong"
        assert "ca.pem cannot be used" in tls.detail

    @pytest.mark.parametrize("host", ["https://nowhere.invalid", f"https://{'a' * 64}.example"])
    def test_reports_a_name_that_is_not_found(self, host: str) -> None:
        *_, dns = connection_checks(host, None)
        assert (dns.name, dns.status) == ("dns", "wrong")
        assert "was not found (" in dns.detail

    @pytest.mark.parametrize("credentials", ["", "ada:secret%21@"])
    def test_goes_through_a_proxy(self, credentials: str, server_tls: ssl.SSLContext, trusted: str) -> None:
        with Server(tls=server_tls) as server, Server(tunnel) as proxy:
            url = urlsplit(proxy.host.replace("//", f"//{credentials}"))
            assert tls_check(urlsplit(server.host), url, trusted).status == "ok"
            assert ("proxy-authorization" in proxy.requests[0].headers) is bool(credentials)

    def test_reports_a_proxy_that_refuses(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with Server(answer(403, b"")) as server:
            monkeypatch.setenv("HTTPS_PROXY", server.host.replace("//", "//ada:secret@"))
            proxy, _, last = connection_checks("https://square.example", None)
        assert proxy.detail == f"{server.host.removeprefix('http://')} leads to https://square.example"
        assert (last.name, last.status, last.remedy) == ("connection", "wrong", "check HTTPS_PROXY and NO_PROXY")
        assert last.detail.startswith("the proxy cannot be reached (Tunnel connection failed: 403")

    def test_reports_a_proxy_that_is_not_a_url(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
        (proxy,) = connection_checks("https://square.example", None)
        assert proxy.status == "wrong"
        assert "HTTPS_PROXY must be the URL of an HTTP proxy" in proxy.detail

    def test_leaves_a_proxy_that_uses_tls_to_the_call(self) -> None:
        check = tls_check(urlsplit("https://square.example"), urlsplit("https://proxy.example"), None)
        assert check.status == "skipped"

    def test_of_plain_http_has_no_tls(self) -> None:
        with Server() as server:
            *_, tls = connection_checks(server.host, None)
        assert (tls.name, tls.status) == ("tls", "skipped")

    def test_follows_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ALL_PROXY", "proxy.example:3128")
        assert proxy_of("https://connect.squareup.com") == "http://proxy.example:3128"
        assert proxy_of("http://127.0.0.1:8080") == ""
        monkeypatch.setenv("NO_PROXY", "squareup.com")
        assert proxy_of("https://connect.squareup.com") == ""
