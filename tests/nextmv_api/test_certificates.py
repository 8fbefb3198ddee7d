"""Whom a client trusts."""

from __future__ import annotations

import ssl
import sys

import pytest
import truststore

from nextmv_autotrack.nextmv_api import Client
from nextmv_autotrack.nextmv_api.pool import certificates_of_the_system


def test_the_system_is_asked_for_our_own_connections_only():
    before = ssl.SSLContext
    context = certificates_of_the_system()
    assert isinstance(context, truststore.SSLContext)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert ssl.SSLContext is before
    assert not isinstance(ssl.create_default_context(), truststore.SSLContext)


def test_without_the_extra_one_line_says_so_and_nobody_is_trusted_blindly(
    caplog, monkeypatch
):
    monkeypatch.setitem(sys.modules, "truststore", None)
    for _ in range(3):
        context = certificates_of_the_system()
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
    (record,) = caplog.records
    assert "pip install 'nextmv-autotrack[system-certs]'" in record.getMessage()


@pytest.mark.parametrize("system_certs", [True, False])
def test_a_client_asks_the_system_if_it_is_to(system_certs):
    client = Client("https://host", "key", system_certs=system_certs)
    client.prepare()
    context = client._pool._certificates
    assert isinstance(context, truststore.SSLContext) is system_certs
    client.close()
