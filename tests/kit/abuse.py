"""Calls of which something is wrong on purpose: tokens that were tampered with, requests that ask too
much or set what they must not."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass

import grpc

from devkit.issuer import Issuer
from kit.api import OPTIONS, Refused

CALL_S = 20
TOKEN_BYTES = 16 * 1024


@dataclass(frozen=True)
class Told:
    """What came of a call: the code, the reason, and the first answer's bytes."""

    code: str
    reason: str = ""
    answer: bytes = b""
    text: str = ""


class Wire:
    """Calls methods with bytes, whatever they are."""

    def __init__(self, addresses: dict[str, str]):
        self._channels = {service: grpc.insecure_channel(address, options=OPTIONS)
                          for service, address in addresses.items()}

    def call(self, service: str, path: str, request: bytes, token: str | None) -> Told:
        """With the header `authorization` only if there is a token."""
        metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        stub = self._channels[service].stream_stream(f"/{path}")
        call = stub(iter([request]), timeout=CALL_S, metadata=metadata)
        try:
            return Told("OK", answer=next(iter(call), b""))
        except grpc.RpcError as error:
            refused = Refused(error)
            return Told(refused.code.name, refused.reason, text=error.details() or "")
        finally:
            call.cancel()

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()


def _encoded(content: dict | bytes) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _header(token: str) -> dict:
    return json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))


def with_key_id(token: str, key_id: str) -> str:
    """The signature is the token's, over another header."""
    _, payload, signature = token.split(".")
    return f"{_encoded(_header(token) | {'kid': key_id})}.{payload}.{signature}"


class Forger:
    """Tokens that nobody may accept."""

    def __init__(self, issuer: Issuer, **claims):
        self._issuer = issuer
        self._claims = claims
        self.sound = issuer.mint(**claims)

    def _parts(self) -> tuple[dict, dict]:
        payload = self.sound.split(".")[1]
        return _header(self.sound), json.loads(base64.urlsafe_b64decode(payload + "=="))

    def with_claims(self, **claims) -> str:
        return self._issuer.mint(**self._claims, claims=claims)

    def expired(self) -> str:
        return self._issuer.mint(**self._claims, ttl_s=-3600)

    def unsigned(self) -> str:
        header, payload = self._parts()
        return f"{_encoded(header | {'alg': 'none'})}.{_encoded(payload)}."

    def signed_with_the_public_key(self) -> str:
        """As if the key by which signatures are verified were a secret that makes them."""
        header, payload = self._parts()
        body = f"{_encoded(header | {'alg': 'HS256'})}.{_encoded(payload)}"
        public = json.loads(self._issuer.jwks_path.read_text(encoding="utf-8"))["keys"][0]
        from cryptography.hazmat.primitives import serialization
        from jwt.algorithms import ECAlgorithm

        pem = ECAlgorithm.from_jwk(json.dumps(public)).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return f"{body}.{_encoded(hmac.new(pem, body.encode(), hashlib.sha256).digest())}"

    def with_key_id(self, key_id: str) -> str:
        return with_key_id(self.sound, key_id)

    def truncated(self) -> str:
        return self.sound[:-16]

    def oversized(self) -> str:
        return self.with_claims(filler="x" * TOKEN_BYTES)
