"""The demo's bank and mail server: one HTTPS application that writes down what it was really asked to do."""

import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

LEDGER: list[dict[str, object]] = []
SENT: list[dict[str, object]] = []


async def account(request: Request) -> JSONResponse:
    """The company's account."""
    return JSONResponse({"account": "ACME operations", "balance": "25000.00", "currency": "USD"})


async def transfer(request: Request) -> JSONResponse:
    """Move money, if the token is still good."""
    if request.headers.get("authorization") != "Bearer fresh-token":
        return JSONResponse({"error": "token expired"}, status_code=401)
    LEDGER.append({**await request.json(), "key": request.headers.get("idempotency-key")})
    return JSONResponse({"transfer": f"tr_{len(LEDGER)}", "status": "booked"}, status_code=201)


async def message(request: Request) -> JSONResponse:
    """Send a mail."""
    SENT.append(await request.json())
    return JSONResponse({"message": f"msg_{len(SENT)}"}, status_code=202)


async def books(request: Request) -> JSONResponse:
    """What really happened; the demo reads this without the gate in between."""
    return JSONResponse({"transfers": LEDGER, "messages": SENT})


def certificate(folder: Path) -> None:
    """A certificate for `localhost` that the demo's own authority vouches for (itself)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sidegate demo upstream")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))


def main() -> None:
    """Serve on the port given first, with the certificate in the folder given second."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    app = Starlette(
        routes=[
            Route("/v1/account", account),
            Route("/v1/transfers", transfer, methods=["POST"]),
            Route("/v1/messages", message, methods=["POST"]),
            Route("/books", books),
        ]
    )
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        ssl_keyfile=str(folder / "key.pem"),
        ssl_certfile=str(folder / "cert.pem"),
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


if __name__ == "__main__":
    main()
