"""The development issuer: a key of this stack's own, its JWKS, and the tokens it signs."""

import base64
import hashlib
import json
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path

ISSUER = "https://issuer.lotura.invalid"
AUDIENCE = "lotura"
DEVELOPMENT_TENANT = "00000000-0000-4000-8000-000000000001"
DEVELOPMENT_USER = "users/developer"
DEFAULT_TTL_S = 12 * 3600


class Issuer:
    """Mints tokens with the ES256 key in `directory`, which it makes on first use."""

    def __init__(self, directory: Path):
        self._key_path = directory / "key.pem"
        self.jwks_path = directory / "jwks.json"
        self.trust_path = directory / "issuers.json"  # What services trust.
        if not (self._key_path.exists() and self.jwks_path.exists()):
            self._create()
        trust = json.dumps({"issuers": [self.trust()]}, indent=2).encode()
        # Two processes that write the same file at once would take it away from each other.
        if not self.trust_path.exists() or self.trust_path.read_bytes() != trust:
            write_private(self.trust_path, trust)
        self._load()

    def _load(self) -> None:
        self._key = self._key_path.read_bytes()
        self._kid = self._published()[0]["kid"]

    def _published(self) -> list[dict]:
        return json.loads(self.jwks_path.read_text(encoding="utf-8"))["keys"]

    def rotate(self) -> None:
        """Signs with a new key from now on; those before stay published."""
        self._create(self._published())
        self._load()

    def retire(self) -> None:
        """Publishes the key with which it signs, and no other any more."""
        self._publish(self._published()[:1])

    def _publish(self, keys: list[dict]) -> None:
        """Whole or not at all: services read it at any time."""
        fresh = self.jwks_path.with_suffix(".new")
        fresh.write_text(json.dumps({"keys": keys}, indent=2) + "\n", encoding="utf-8")
        fresh.replace(self.jwks_path)

    def _create(self, before: Sequence[dict] = ()) -> None:
        # Not at the top: before setup has run, these packages are not there.
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_numbers()
        jwk = {"crv": "P-256", "kty": "EC", "x": _base64url(point.x.to_bytes(32, "big")),
               "y": _base64url(point.y.to_bytes(32, "big"))}
        # The thumbprint of RFC 7638 is over exactly these members in this order.
        canonical = json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()
        jwk |= {"kid": _base64url(hashlib.sha256(canonical).digest()), "use": "sig", "alg": "ES256"}
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
        write_private(self._key_path, pem)
        self._publish([jwk, *before])

    def trust(self) -> dict:
        """Itself, as one of the issuers that services trust."""
        return {"id": "development", "issuer": ISSUER, "audience": AUDIENCE,
                "keys": str(self.jwks_path), "subjects": "names",
                "permissions": "from_token", "tenants": "any"}

    def mint(self, *, user: str = DEVELOPMENT_USER, tenant: str = DEVELOPMENT_TENANT,
             permissions: tuple[str, ...] | None = ("*",), ttl_s: int = DEFAULT_TTL_S,
             claims: dict | None = None) -> str:
        """A signed token; `claims` adds to or overrides what it says. Without permissions the user has his roles."""
        import jwt

        now = int(time.time())
        content = {"iss": ISSUER, "aud": AUDIENCE, "sub": user, "tenant": tenant,
                   "iat": now, "nbf": now, "exp": now + ttl_s, "jti": str(uuid.uuid4())}
        if permissions is not None:
            content["permissions"] = list(permissions)
        content |= claims or {}
        return jwt.encode(content, self._key, algorithm="ES256",
                          headers={"kid": self._kid, "typ": "at+jwt"})


def write_private(path: Path, content: bytes) -> None:
    """Writes a file that only its owner may read, whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    fresh.replace(path)


def ensure_page_token_keys(path: Path) -> Path:
    """The file of keys that seal page tokens, as LOTURA_PAGE_TOKEN_KEYS wants it."""
    if not path.exists():
        write_private(path, b"dev1:" + base64.b64encode(os.urandom(32)) + b"\n")
    return path


def ensure_audit_key(path: Path) -> Path:
    """The private key that seals the journals; its public one lies beside it, for who verifies."""
    if not path.exists():
        # Not at the top: before setup has run, this package is not there.
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        key = ed25519.Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes(serialization.Encoding.PEM,
                                               serialization.PublicFormat.SubjectPublicKeyInfo)
        path.with_suffix(".public").write_bytes(public)
        write_private(path, key.private_bytes(serialization.Encoding.PEM,
                                              serialization.PrivateFormat.PKCS8,
                                              serialization.NoEncryption()))
    return path


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
