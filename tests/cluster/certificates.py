"""Keys and certificates of one control plane: an authority, a server certificate for the loopback, a client certificate.

They are made anew for every control plane, live in its folder and are good for nothing else.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Paths of PEM files. `accounts_key` signs the tokens of service accounts; clients are in group system:masters."""

    authority: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    accounts_key: Path


class Authority:
    """A certificate authority that lives in memory; what it signs is written into `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = subject("authority of a test cluster", "")
        usage = x509.BasicConstraints(ca=True, path_length=0)
        certificate = started(self.name, self.name, self.key).add_extension(usage, critical=True)
        self.path = folder / "ca.crt"
        self.path.write_bytes(certificate.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, file: str, name: x509.Name, *, server: bool) -> tuple[Path, Path]:
        """A certificate for the loopback's names, or for a client; returns the paths of certificate and key."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        made = started(name, self.name, key).add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if server:
            names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = self.folder / f"{file}.crt"
        certificate.write_bytes(made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return certificate, write_key(self.folder / f"{file}.key", key)


def subject(common_name: str, organization: str) -> x509.Name:
    """A name; the API server reads user and group from it."""
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def started(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """A certificate that is valid from yesterday for a month."""
    now = dt.datetime.now(tz=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - DAY).not_valid_after(now + 30 * DAY)


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    """Write a private key that only the user can read."""
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    return path


def make(folder: Path) -> Certificates:
    """Make all of them in a folder that exists."""
    authority = Authority(folder)
    server, server_key = authority.issue("server", subject("kube-apiserver", ""), server=True)
    client, client_key = authority.issue("client", subject("cert-admin", "system:masters"), server=False)
    accounts_key = write_key(folder / "accounts.key", ec.generate_private_key(ec.SECP256R1()))
    return Certificates(
        authority=authority.path,
        server=server,
        server_key=server_key,
        client=client,
        client_key=client_key,
        accounts_key=accounts_key,
    )
