"""A device that keeps a passkey, and answers as browsers pass it on; each part can be spoilt."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def b64(content: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """The bytes of it."""
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(kw_only=True)
class Device:
    """One key. `flags`: what it says of its owner's presence."""

    name: str = "localhost"
    origin: str = "http://localhost:8081"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"device-1-credential"
    count: int = 1
    flags: int = _PRESENT | _VERIFIED

    def create(self, options: dict[str, Any], **spoilt: Any) -> str:
        """What it says when it has made the key."""
        data = self._data(_ATTESTED, b"\0" * 16 + len(self.id).to_bytes(2) + self.id + self._cose())
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options, spoilt)
        return self._said({"clientDataJSON": b64(client), "attestationObject": b64(attestation)})

    def get(self, options: dict[str, Any], **spoilt: Any) -> str:
        """What it says when it has signed."""
        self.count += 1
        data, client = self._data(0, b""), self._client("webauthn.get", options, spoilt)
        signature = self.key.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        said = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self._said(said)

    def _said(self, response: dict[str, str]) -> str:
        return json.dumps(
            {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        )

    def _data(self, flags: int, more: bytes) -> bytes:
        return (
            sha256(self.name.encode()).digest() + bytes([self.flags | flags]) + self.count.to_bytes(4) + more
        )

    def _client(self, kind: str, options: dict[str, Any], spoilt: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | spoilt).encode()

    def _cose(self) -> bytes:
        point = self.key.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)})
