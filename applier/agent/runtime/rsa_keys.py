"""Private RSA keys: read from PEM, and used for RS256 (PKCS #1 v1.5 with SHA-256).

A signature is one power of a number; a random factor hides from whoever measures time which one. Source: RFC 8017 (8.2.1, A.1.2)
and RFC 5958.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MIN_BITS, MAX_BITS = 1_024, 8_192
# DER of the DigestInfo of SHA-256, which stands before the digest.
_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_PEM = re.compile(rb"-----BEGIN (RSA )?PRIVATE KEY-----\s*([A-Za-z0-9+/=\s]+?)-----END (?:RSA )?PRIVATE KEY-----")
_INTEGER, _OCTETS, _SEQUENCE = 0x02, 0x04, 0x30


class KeyTextError(Exception):
    """A text that is no private RSA key."""


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """A private key."""

    modulus: int
    public: int
    private: int = field(repr=False)

    def sign(self, text: bytes) -> bytes:
        """The RS256 signature of a text."""
        size = (self.modulus.bit_length() + 7) // 8
        end = _PREFIX + hashlib.sha256(text).digest()
        number = int.from_bytes(b"\x00\x01" + b"\xff" * (size - len(end) - 3) + b"\x00" + end, "big")
        factor = _coprime(self.modulus)
        hidden = number * pow(factor, self.public, self.modulus) % self.modulus
        found = pow(hidden, self.private, self.modulus) * pow(factor, -1, self.modulus) % self.modulus
        return found.to_bytes(size, "big")


def _coprime(modulus: int) -> int:
    while True:
        found = secrets.randbelow(modulus - 2) + 2
        if math.gcd(found, modulus) == 1:
            return found


def read(pem: bytes) -> PrivateKey:
    """The key of a PEM text, as PKCS #1 or PKCS #8. Raises: KeyTextError, which shows nothing of it."""
    found = _PEM.search(pem)
    if found is None:
        raise KeyTextError("could not parse the private key: it is no PEM of an RSA key")
    try:
        der = base64.b64decode(b"".join(found[2].split()), validate=True)
        outer = _values(_only(der, _SEQUENCE))
        if found[1] is None:
            der = next(value for kind, value in outer if kind == _OCTETS)
            outer = _values(_only(der, _SEQUENCE))
        numbers = [int.from_bytes(value, "big") for kind, value in outer if kind == _INTEGER]
        _, modulus, public, private = numbers[:4]
    except (ValueError, StopIteration, IndexError, binascii.Error):
        raise KeyTextError("could not parse the private key: it is no RSA key") from None
    if not MIN_BITS <= modulus.bit_length() <= MAX_BITS or pow(pow(2, public, modulus), private, modulus) != 2:
        raise KeyTextError("could not parse the private key: its numbers do not fit together")
    return PrivateKey(modulus, public, private)


def _only(der: bytes, kind: int) -> bytes:
    """Raises: ValueError, IndexError."""
    found, value = next(_values(der))
    if found != kind:
        raise ValueError(kind)
    return value


def _values(der: bytes) -> Iterator[tuple[int, bytes]]:
    """The values of a DER text one after the other, each with its kind. Raises: ValueError, IndexError."""
    at = 0
    while at < len(der):
        kind, length, at = der[at], der[at + 1], at + 2
        if length >= 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(der[at : at + count], "big"), at + count
        if at + length > len(der):
            raise ValueError(length)
        yield kind, der[at : at + length]
        at += length
