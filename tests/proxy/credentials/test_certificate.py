"""Client certificates, shown to an nginx that asks for them."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from proxy.credentials.certificate import ClientCertificate
from proxy.credentials.credentials import Credentials
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromFile
from rules.hold import State
from tests.acceptance.authority import Authority
from tests.acceptance.processes import until
from tests.ports import free_ports
from tests.proxy.credentials.requests import OUTGOING
from tests.proxy.replays import action_to, replaying

NGINX = shutil.which("nginx", path="/usr/sbin:/sbin:/usr/bin:/usr/local/sbin")
SETTINGS = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {chain}; ssl_certificate_key {key};
    ssl_client_certificate {ca}; ssl_verify_client on;
    location / {{ return 200 "$ssl_client_s_dn"; }}
  }}
}}
"""


def certify(authority: Authority, name: str, folder: Path, *, password: bytes | None = None) -> None:
    """Write `client.pem` and `client.key` for a client of that name."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "client.pem").write_bytes(made.public_bytes(pem))
    (folder / "client.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, locked))


def shown(authority: Authority, folder: Path, password: FromFile | None = None) -> ClientCertificate:
    """The certificate that was written there."""
    return ClientCertificate(
        name="ledger",
        chain=folder / "client.pem",
        key=folder / "client.key",
        password=password,
        context=lambda: ssl.create_default_context(cafile=authority.ca),
    )


@contextmanager
def nginx(authority: Authority, folder: Path) -> Iterator[int]:
    """One that answers with the name of whoever has a certificate of `authority`; its port."""
    if NGINX is None:
        pytest.skip("nginx is not installed: run `make` as root once, or install nginx-light")
    [port], leaf = free_ports(1), authority.issue()
    (folder / "nginx.conf").write_text(
        SETTINGS.format(folder=folder, port=port, chain=leaf.chain, key=leaf.key, ca=authority.ca)
    )
    command = (NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            until(lambda: (folder / "nginx.pid").exists(), deadline=30, what="nginx")
            yield port
        finally:
            server.terminate()
            server.wait(10)


async def test_nginx_knows_who_it_is(redis_url: str, authority: Authority, tmp_path: Path) -> None:
    """Approved actions show it, with the agent's own credentials too; a new one at once."""
    certify(authority, "sidegate", tmp_path)
    own = Credentials({"localhost": (shown(authority, tmp_path),)})
    with nginx(authority, tmp_path) as port:
        async with replaying(redis_url, authority, credentials=own) as replays:
            first = await replays.ran(action_to(port))
            assert (await replays.answer(first)).body == b"CN=sidegate"
            assert first.credential_used.startswith("ledger@")
            certify(authority, "sidegate-2", tmp_path)
            hold = await replays.approved(action_to(port, credentials=("authorization",)))
            assert replays.replayer.waits_for_agent(action_to(port, credentials=("authorization",)))
            second = await replays.replayer.run(hold, live=((b"Authorization", b"Bearer live"),))
            assert (await replays.answer(second)).body == b"CN=sidegate-2"
        async with replaying(redis_url, authority) as replays:
            without = await replays.ran(action_to(port))
            assert (without.state, (await replays.answer(without)).status) == (State.EXECUTION_ERROR, 400)


async def test_a_key_with_a_password(authority: Authority, tmp_path: Path) -> None:
    """Read from its place; without it, nobody is asked on a terminal."""
    certify(authority, "sidegate", tmp_path, password=b"hunter2")
    (tmp_path / "password").write_text("hunter2\n")
    supplied = await shown(authority, tmp_path, FromFile(tmp_path / "password")).supply(OUTGOING, past=None)
    assert supplied.tls is not None
    for password in (None, FromFile(tmp_path / "client.pem")):
        async with asyncio.timeout(20):
            with pytest.raises(CredentialError, match="are damaged, or need another `password`") as caught:
                await shown(authority, tmp_path, password).supply(OUTGOING, past=None)
        assert "hunter2" not in str(caught.value)


async def test_files_that_do_not_fit(authority: Authority, tmp_path: Path) -> None:
    """Another key, no certificate, no file."""
    certify(authority, "sidegate", tmp_path)
    made = shown(authority, tmp_path)
    pem = (tmp_path / "client.pem").read_bytes()
    certify(authority, "sidegate", tmp_path)
    for content in (pem, b"hunter2"):
        (tmp_path / "client.pem").write_bytes(content)
        with pytest.raises(CredentialError, match="do not fit one another"):
            await made.supply(OUTGOING, past=None)
    (tmp_path / "client.pem").unlink()
    with pytest.raises(CredentialError, match="of `ledger` cannot be read: No such file"):
        await made.generation()
