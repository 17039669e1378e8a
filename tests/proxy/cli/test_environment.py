"""Tests of `sidegate env`: read by a real shell and by real readers of its formats."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from proxy.cli.environment import TRUSTED
from proxy.data_dir.placeholders import write_placeholders
from tests.proxy.cli.desk import PROXY, Desk, sidegate

type Capture = pytest.CaptureFixture[str]

PROXIES = {
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "grpc_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
}
BUNDLES = {
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "HTTPLIB2_CA_CERTS",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "PIP_CERT",
    "npm_config_cafile",
    "PERL_LWP_SSL_CA_FILE",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
}


def expected(folder: Path, proxy: str = PROXY) -> dict[str, str]:
    """Every variable of a folder's sidecar."""
    return {
        **dict.fromkeys(PROXIES, proxy),
        **dict.fromkeys({"NO_PROXY", "no_proxy"}, ""),
        **dict.fromkeys(BUNDLES, str(folder / "ca-bundle.pem")),
        **dict.fromkeys({"NODE_EXTRA_CA_CERTS", "DENO_CERT"}, str(folder / "ca.pem")),
        "NODE_USE_ENV_PROXY": "1",
        "JAVA_TOOL_OPTIONS": java(folder, proxy),
    }


def java(folder: Path, proxy: str) -> str:
    """What Java takes instead of variables."""
    host, port = proxy.removeprefix("http://").split(":")
    return (
        f"-Dhttp.proxyHost={host} -Dhttp.proxyPort={port} -Dhttps.proxyHost={host} -Dhttps.proxyPort={port} "
        f"-Dhttp.nonProxyHosts= -Djavax.net.ssl.trustStore={folder}/ca-bundle.p12 "
        "-Djavax.net.ssl.trustStoreType=PKCS12"
    )


def certified(folder: Path) -> Path:
    """`folder` with the certificates of a sidecar that ran there."""
    folder.mkdir(parents=True)
    for name in TRUSTED:
        (folder / name).write_text("certificates\n")
    return folder


def test_placeholders(desk: Desk, capsys: Capture) -> None:
    """What the agent has in place of secrets; none of it leads past the gate."""
    write_placeholders(desk.folder, {"BANK_TOKEN": "ghp_x", "HTTPS_PROXY": "http://evil.example"})
    assert desk.run("env", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == expected(desk.folder) | {"BANK_TOKEN": "ghp_x"}
    (desk.folder / "placeholders.json").write_text("[]")
    assert desk.run("env", "--format", "json") == 1
    assert "placeholders" in capsys.readouterr().err


def test_json(desk: Desk, capsys: Capture) -> None:
    """A program reads all of them."""
    assert desk.run("env", "--format", "json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == expected(desk.folder)
    assert said.err == ""


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "with space",
        "it's",
        'quote"d',
        "$(touch pwned)`touch pwned`",
        "new\nline",
        "back\\slash",
        "-n",
        "é",
    ],
)
def test_a_shell_reads_them(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whatever the folder is called, a shell sets exactly these and runs nothing."""
    folder = certified(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert sidegate("env", "--data-dir", str(folder)) == 0
    script = capsys.readouterr().out
    result = subprocess.run(
        ["sh", "-c", 'eval "$1"; env -0', "sh", script],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
    )
    pairs = [item.partition("=") for item in result.stdout.decode().split("\0") if item]
    ours = {key: value for key, _, value in pairs if key not in ("PATH", "PWD", "OLDPWD", "_", "SHLVL")}
    assert ours == expected(folder, "http://127.0.0.1:8080")
    assert all(line.startswith("export ") for line in script.replace("new\nline", "").splitlines())
    assert not (tmp_path / "pwned").exists()


def test_relative_folders_become_absolute(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent may run anywhere."""
    certified(tmp_path / ".sidegate")
    monkeypatch.chdir(tmp_path)
    assert sidegate("env", "--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["SSL_CERT_FILE"] == str(
        tmp_path / ".sidegate" / "ca-bundle.pem"
    )


@pytest.mark.parametrize(
    ("name", "quote"), [("plain", ""), ("with space", "'"), ("da$h #x", "'"), ('q"', "'")]
)
def test_dotenv(tmp_path: Path, capsys: Capture, name: str, quote: str) -> None:
    """Plain values stand bare, others in quotes in which nothing is replaced."""
    folder = certified(tmp_path / name)
    assert sidegate("env", "--format", "dotenv", "--data-dir", str(folder)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert f"SSL_CERT_FILE={quote}{folder}/ca-bundle.pem{quote}" in lines
    assert "NO_PROXY=" in lines
    assert "HTTPS_PROXY=http://127.0.0.1:8080" in lines


@pytest.mark.parametrize("name", ["it's", "new\nline"])
def test_paths_that_dotenv_cannot_carry(tmp_path: Path, capsys: Capture, name: str) -> None:
    """What readers would take differently is not written."""
    folder = certified(tmp_path / name)
    assert sidegate("env", "--format", "dotenv", "--data-dir", str(folder)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "use --format sh or json" in said.err


def test_without_a_running_sidecar(tmp_path: Path, capsys: Capture) -> None:
    """The usual address is assumed, and that is said where no shell reads it."""
    folder = certified(tmp_path / "data")
    assert sidegate("env", "--data-dir", str(folder)) == 0
    said = capsys.readouterr()
    assert "export HTTPS_PROXY='http://127.0.0.1:8080'\n" in said.out
    assert "assuming that it will listen on http://127.0.0.1:8080" in said.err


@pytest.mark.parametrize("missing", TRUSTED)
def test_without_certificates(tmp_path: Path, capsys: Capture, missing: str) -> None:
    """Without certificates there is nothing to trust, and the cure is named."""
    folder = certified(tmp_path / "data")
    (folder / missing).unlink()
    assert sidegate("env", "--data-dir", str(folder)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"sidegate: there is no `{folder / missing}`: start the sidecar once with ")


@pytest.mark.parametrize("arguments", [("--format", "cobol"), ("extra",)])
def test_wrong_use(desk: Desk, arguments: tuple[str, ...]) -> None:
    """A format that does not exist is wrong use."""
    assert desk.run("env", *arguments) == 2
