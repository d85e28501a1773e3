"""A private authority and the certificates that it signs, for installations that encrypt."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from devkit.issuer import write_private

VALID = datetime.timedelta(days=2)
ADDRESSES = ("127.0.0.1",)
NAMES = ("localhost",)


@dataclass(frozen=True)
class Certificate:
    """Files in PEM; the key is readable for whoever wrote it alone."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates for servers on loopback. Its key is kept nowhere."""

    def __init__(self, directory: Path):
        # Not at the top: before setup has run, this package is not there.
        from cryptography.hazmat.primitives.asymmetric import ec

        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Lotura's trials")
        self.file = directory / "authority.pem"
        self.file.write_bytes(_pem(self._signed(self._name, self._key.public_key(), is_authority=True)))

    def issue(self, name: str) -> Certificate:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        issued = Certificate(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        issued.certificate.write_bytes(
            _pem(self._signed(_name(name), key.public_key(), is_authority=False)))
        write_private(issued.key, key.private_bytes(serialization.Encoding.PEM,
                                                    serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()))
        return issued

    def _signed(self, subject, public_key, *, is_authority: bool):
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes

        now = datetime.datetime.now(datetime.timezone.utc)
        names = [*(x509.IPAddress(ipaddress.ip_address(one)) for one in ADDRESSES),
                 *(x509.DNSName(one) for one in NAMES)]
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
                .public_key(public_key).serial_number(x509.random_serial_number())
                .not_valid_before(now - VALID).not_valid_after(now + VALID)
                .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None),
                               critical=True)
                .add_extension(x509.SubjectAlternativeName(names), critical=False)
                .sign(self._key, hashes.SHA256()))


def _name(text: str):
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)
