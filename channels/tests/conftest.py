"""Fixtures of the ways out: senders in other processes, a lock of our own, two kinds of server."""

from __future__ import annotations

import ssl
import subprocess

import pytest

from channels.liveness import SenderLock
from channels.tests.courier import PLAIN
from channels.tests.holder import Holder


@pytest.fixture
def hold(tmp_path):
    holders: list[Holder] = []

    def start(*words: str) -> Holder:
        holders.append(Holder(tmp_path, *words))
        return holders[-1]

    yield start
    for holder in holders:
        holder.end()


@pytest.fixture
def lock(tmp_path):
    lock = SenderLock.acquire(tmp_path)
    yield lock
    lock.release(all_ended=True)


@pytest.fixture(params=["pipelined", "one by one"])
def extensions(request):
    return ("PIPELINING", "8BITMIME", "SIZE 1000") if request.param == "pipelined" else PLAIN


@pytest.fixture(scope="session")
def certificate_files(tmp_path_factory):
    """(certificate, key) for localhost, made here and trusted by nobody else."""
    folder = tmp_path_factory.mktemp("tls")
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout k.pem -out c.pem"
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder / "c.pem", folder / "k.pem"


@pytest.fixture(scope="session")
def certificate(certificate_files):
    """(server's, client's) TLS context that fit each other."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate_files)
    return server, ssl.create_default_context(cafile=certificate_files[0])
