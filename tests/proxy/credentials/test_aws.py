"""Signatures that AWS' own checks accept, over what was approved, at the time at which it leaves."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proxy.credentials.aws import ChainedKeys, Keys, Signature, StatedKeys
from proxy.credentials.credentials import with_fields
from proxy.credentials.sources.secret import CredentialError
from proxy.credentials.sources.stated import FromEnvironment
from proxy.credentials.supply import Outgoing
from rules.headers import Fields, first
from tests.proxy.credentials.moto import aws, robot, send

EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Held:
    """Keys as a test has them."""

    def __init__(
        self, access: str = "AKIAIOSFODNN7EXAMPLE", secret: str = "s3cret", session: str | None = None
    ):
        self._keys = Keys(access=access, secret=secret, session=session)

    async def keys(self) -> Keys:
        """They."""
        return self._keys


def signing(source: Held | StatedKeys | ChainedKeys, **scope: str) -> Signature:
    """A signature whose generation is its keys."""
    return Signature(name="aws", source=source, keyed=str, **scope)


def outgoing(target: str = "/", host: str = "s3.us-east-1.amazonaws.com", **changes: object) -> Outgoing:
    """A request to S3."""
    made = Outgoing(
        method="PUT",
        scheme="https",
        host=host,
        port=443,
        target=target,
        fields=((b"Host", host.encode()), (b"Content-Length", b"2"), (b"Idempotency-Key", b"k1")),
        body=b"hi",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # names and types are the caller's


SCOPES = {
    "s3.us-east-1.amazonaws.com": "us-east-1/s3",
    "bucket.s3.eu-west-1.amazonaws.com": "eu-west-1/s3",
    "a.b.s3.dualstack.eu-west-1.amazonaws.com": "eu-west-1/s3",
    "s3.amazonaws.com": "us-east-1/s3",
    "bucket.s3.amazonaws.com": "us-east-1/s3",
    "sts.amazonaws.com": "us-east-1/sts",
    "iam.amazonaws.com": "us-east-1/iam",
    "dynamodb.ap-southeast-2.amazonaws.com": "ap-southeast-2/dynamodb",
    "ec2.us-gov-west-1.amazonaws.com": "us-gov-west-1/ec2",
    "kms-fips.us-east-2.amazonaws.com": "us-east-2/kms",
    "email.us-west-2.amazonaws.com": "us-west-2/ses",
    "x7.execute-api.eu-central-1.amazonaws.com": "eu-central-1/execute-api",
    "sqs.cn-north-1.amazonaws.com.cn": "cn-north-1/sqs",
}


@pytest.mark.parametrize("host", SCOPES)
async def test_scopes(host: str) -> None:
    """The host says for which service and region."""
    supplied = await signing(Held()).supply(outgoing(host=host), past=None)
    signed = first(supplied.fields, b"authorization")
    assert signed is not None
    assert f"/{SCOPES[host]}/aws4_request".encode() in signed


async def test_a_host_that_says_nothing() -> None:
    """A service of one's own needs its scope in the configuration."""
    strange = outgoing(host="minio.internal")
    with pytest.raises(CredentialError, match=r"names no aws service .* give `service` and `region`"):
        await signing(Held()).supply(strange, past=None)
    supplied = await signing(Held(), service="s3", region="here-1").supply(strange, past=None)
    assert b"/here-1/s3/aws4_request" in (first(supplied.fields, b"authorization") or b"")


async def test_what_is_signed() -> None:
    """Everything that leaves, our own key among it; what a signature cannot cover is left out."""
    fields: Fields = (
        *outgoing().fields,
        (b"X-Amz-Meta-Name", b"n"),
        (b"X-Odd", b"caf\xe9"),
        (b"User-Agent", b"agent"),
    )
    supplied = await signing(Held(session="t0ken")).supply(outgoing(fields=fields), past=None)
    signed = re.search(rb"SignedHeaders=([^,]+)", first(supplied.fields, b"authorization") or b"")
    assert signed is not None
    assert signed[1].decode().split(";") == [
        *("content-length", "host", "idempotency-key", "x-amz-content-sha256", "x-amz-date"),
        *("x-amz-meta-name", "x-amz-security-token"),
    ]
    assert first(supplied.fields, b"x-amz-security-token") == b"t0ken"
    stamp = datetime.fromisoformat((first(supplied.fields, b"x-amz-date") or b"").decode())
    assert abs(datetime.now(UTC) - stamp) < timedelta(minutes=2)


DECLARED = [b"UNSIGNED-PAYLOAD", b"STREAMING-UNSIGNED-PAYLOAD-TRAILER", EMPTY.encode()]


@pytest.mark.parametrize("declared", DECLARED, ids=["unsigned", "trailer", "hash"])
async def test_what_the_agent_declared_of_its_body(declared: bytes) -> None:
    """It was approved with the rest, and goes out and is signed as it was."""
    fields = (*outgoing().fields, (b"x-amz-content-sha256", declared))
    out = outgoing(fields=fields)
    supplied = await signing(Held()).supply(out, past=None)
    assert first(supplied.fields, b"x-amz-content-sha256") is None
    assert first(with_fields(out.fields, supplied.fields), b"x-amz-content-sha256") == declared


async def test_chunks_that_the_agent_signed() -> None:
    """Nobody but the agent can sign them: said before anything is sent."""
    fields = (*outgoing().fields, (b"X-Amz-Content-Sha256", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"))
    with pytest.raises(CredentialError, match="signed each chunk of the body"):
        await signing(Held()).supply(outgoing(fields=fields), past=None)


async def test_a_presigned_url() -> None:
    """It carries its own signature, and two are an error to AWS."""
    presigned = outgoing(target="/b/k?X-Amz-Algorithm=a&X-Amz-Signature=00")
    assert (await signing(Held()).supply(presigned, past=None)).fields == ()


async def test_stated_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read anew at every signature; another key is another generation, and none of it is shown."""
    for name in ("A", "B", "C"):
        monkeypatch.setenv(f"SIDEGATE_TEST_{name}", f"{name}1")
    given = [FromEnvironment(f"SIDEGATE_TEST_{name}") for name in ("A", "B", "C")]
    made = signing(StatedKeys(access=given[0], secret=given[1], session=given[2]))
    assert await made.generation() == "A1\nB1\nC1"
    monkeypatch.setenv("SIDEGATE_TEST_B", "B2")
    assert (await made.supply(outgoing(), past=None)).generations == {"aws": "A1\nB2\nC1"}
    monkeypatch.delenv("SIDEGATE_TEST_C")
    with pytest.raises(CredentialError, match="`SIDEGATE_TEST_C` is not set"):
        await made.generation()


async def test_aws_own_chain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys as AWS' own tools find them, and a cure where they find none."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    with pytest.raises(CredentialError, match="have no key: state one, or give this machine a role"):
        await signing(ChainedKeys()).generation()
    (tmp_path / "keys").write_text("[default]\naws_access_key_id = A\naws_secret_access_key = B\n")
    assert await signing(ChainedKeys()).generation() == "A\nB\n"


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """Run an AWS that checks signatures."""
    with aws() as url:
        yield url


async def test_moto_accepts_what_is_signed_anew(moto: str) -> None:
    """The agent's signature of two hours ago has gone; a new one over the approved bytes is accepted."""
    access, secret = robot(moto)
    host = "s3.us-east-1.amazonaws.com"
    ours = signing(Held(access, secret))
    for target in ("/books", "/books/a%20b/c+d~(1)?x-id=PutObject", "/books/big"):
        out = outgoing(target=target, host=host)
        if target == "/books":
            out = replace(out, body=b"", fields=((b"Host", host.encode()), (b"Content-Length", b"0")))
        if target == "/books/big":
            fields = (*out.fields, (b"X-Amz-Content-SHA256", b"UNSIGNED-PAYLOAD"), (b"X-Amz-Meta-A", b"b"))
            out = replace(out, fields=fields)
        supplied = await ours.supply(out, past=None)
        assert send(moto, out, with_fields(out.fields, supplied.fields)) == 200, target
        forged = await signing(Held(access, "another")).supply(out, past=None)
        assert send(moto, out, with_fields(out.fields, forged.fields)) == 403, target
