"""Certificates, host names and versions of TLS, checked by real handshakes."""

from __future__ import annotations

import ssl
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from urllib3.exceptions import InsecureRequestWarning

from squareconnect.exceptions import ConnectionFailed
from test.servers import Server, api_for

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

pytestmark = pytest.mark.usefixtures("driver")


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


def refusal_by(server: Server, **settings: Any) -> str:
    with pytest.raises(ConnectionFailed) as caught:
        api_for(server, max_retries=0, **settings).create_customer({})
    assert not caught.value.outcome_unknown
    assert server.requests == []
    return str(caught.value)


def test_a_server_is_trusted_through_ssl_ca_cert(server_tls: ssl.SSLContext, trusted: str) -> None:
    with Server(tls=server_tls) as server:
        api = api_for(server, ssl_ca_cert=trusted)
        assert api.retrieve_customer("C1").customer
        assert api.retrieve_customer("C1").customer

        assert server.connections == 1


def test_an_unknown_authority_is_refused(server_tls: ssl.SSLContext) -> None:
    with Server(tls=server_tls) as server:
        assert "CERTIFICATE_VERIFY_FAILED" in refusal_by(server)


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, trusted: str) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("connect.squareup.com").configure_cert(context)
    with Server(tls=context) as server:
        assert "IP address mismatch" in refusal_by(server, ssl_ca_cert=trusted)


def test_unverified_certificates_are_accepted_with_a_warning(server_tls: ssl.SSLContext) -> None:
    with Server(tls=server_tls) as server, pytest.warns(InsecureRequestWarning):
        assert api_for(server, verify_ssl=False).retrieve_customer("C1").customer


def test_there_is_no_warning_if_certificates_are_verified(server_tls: ssl.SSLContext, trusted: str) -> None:
    with Server(tls=server_tls) as server, warnings.catch_warnings():
        warnings.simplefilter("error")
        api_for(server, ssl_ca_cert=trusted).retrieve_customer("C1")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("verify", [True, False])
def test_versions_before_tls_1_2_are_refused(server_tls: ssl.SSLContext, trusted: str, verify: bool) -> None:
    server_tls.minimum_version = ssl.TLSVersion.TLSv1
    server_tls.maximum_version = ssl.TLSVersion.TLSv1_1
    server_tls.set_ciphers("ALL:@SECLEVEL=0")
    with Server(tls=server_tls) as server:
        assert "SSLError" in refusal_by(server, ssl_ca_cert=trusted, verify_ssl=verify)


def test_the_client_sends_its_certificate_to_the_server(
    server_tls: ssl.SSLContext, authority: trustme.CA, trusted: str, tmp_path: Path
) -> None:
    authority.configure_trust(server_tls)
    server_tls.verify_mode = ssl.CERT_REQUIRED
    own = authority.issue_cert("shop.example")
    both, cert, key = tmp_path / "both.pem", tmp_path / "cert.pem", tmp_path / "key.pem"
    own.private_key_and_cert_chain_pem.write_to_path(both)
    own.cert_chain_pems[0].write_to_path(cert)
    own.private_key_pem.write_to_path(key)

    with Server(tls=server_tls) as server:
        one_file = api_for(server, ssl_ca_cert=trusted, cert_file=str(both))
        two_files = api_for(server, ssl_ca_cert=trusted, cert_file=str(cert), key_file=str(key))
        assert one_file.retrieve_customer("C1").customer
        assert two_files.retrieve_customer("C1").customer
    with Server(tls=server_tls) as server, pytest.raises(ConnectionFailed):
        api_for(server, ssl_ca_cert=trusted, max_retries=0).retrieve_customer("C1")


@pytest.mark.parametrize("setting", ["ssl_ca_cert", "cert_file"])
def test_a_file_without_a_certificate_is_refused_with_the_name_of_its_setting(setting: str) -> None:
    settings: dict[str, Any] = {setting: __file__}
    with pytest.raises(ValueError, match=setting):
        api_for("https://127.0.0.1:1", **settings).retrieve_customer("C1")
