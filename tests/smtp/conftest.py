"""Certificates for the server of the tests and its clients."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fakes.certificates import make_pair
from smtp_fakes import ISSUED

from gateway.smtp.tls import Contexts, Files


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Certificate and key, valid for a day from `ISSUED`."""
    return make_pair(tmp_path_factory.mktemp("tls"), "mx.example", ISSUED, 1)


@pytest.fixture(scope="session")
def client_pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same of a client, valid whenever the tests are run."""
    return make_pair(tmp_path_factory.mktemp("client"), "client.example", datetime(2000, 1, 1, tzinfo=UTC), 36_500)


@pytest.fixture(scope="session")
def contexts(certificate: tuple[Path, Path], client_pair: tuple[Path, Path]) -> Contexts:
    return Files(*certificate, client_pair[0]).load(ISSUED)


@pytest.fixture(scope="session")
def tls(contexts: Contexts) -> ssl.SSLContext:
    return contexts.plain
