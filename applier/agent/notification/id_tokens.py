"""Identity tokens (OpenID Connect): who issued one, for whom, until when, and whether the signature is the issuer's.

Only RS256, which every issuer has: RSA with PKCS #1 v1.5 and SHA-256. Checking it is one power and one comparison; nothing here
is secret. Source: RFC 7515, 7517, 7518 (3.3) and 8017 (8.2.2), OpenID Connect Core (3.1.3.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.notification.signatures import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

ALGORITHM = "RS256"
MIN_BITS, MAX_BITS = 2_048, 8_192
EARLY_S = 300.0  # clocks differ
# DER of the DigestInfo of SHA-256, which stands before the digest.
_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")


@dataclass(frozen=True, slots=True)
class Key:
    """A public RSA key."""

    modulus: int
    exponent: int

    def has_signed(self, text: bytes, signature: bytes) -> bool:
        """Whether a signature of a text was made with this key."""
        size = (self.modulus.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        if len(signature) != size or number >= self.modulus:
            return False
        found = pow(number, self.exponent, self.modulus).to_bytes(size, "big")
        end = _PREFIX + hashlib.sha256(text).digest()
        return hmac.compare_digest(found, b"\x00\x01" + b"\xff" * (size - len(end) - 3) + b"\x00" + end)


@dataclass(frozen=True, slots=True)
class Token:
    """A token that is read and not trusted yet. Shape: `key_id` names the key; `signed` is what the signature is of."""

    key_id: str
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes

    @property
    def issuer(self) -> str:
        """Who it says has issued it."""
        return str(self.claims.get("iss") or "")


def bearer(header: str) -> Token:
    """The token of an Authorization header. Raises: RefusedError."""
    kind, _, text = header.partition(" ")
    if kind != "Bearer" or not text.strip():
        raise RefusedError("the Authorization header is missing or malformed")
    parts = text.strip().split(".")
    if len(parts) != 3:
        raise RefusedError("the token is no JWT")
    try:
        header_part, claims = (json.loads(_decoded(part)) for part in parts[:2])
        signature = _decoded(parts[2])
    except ValueError:
        raise RefusedError("the token cannot be decoded") from None
    if not isinstance(header_part, dict) or not isinstance(claims, dict) or header_part.get("alg") != ALGORITHM:
        raise RefusedError(f"the token is not signed with {ALGORITHM}")
    return Token(str(header_part.get("kid") or ""), claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def keys_of(document: Any) -> dict[str, Key]:
    """The RSA keys of a key set (JWKS) by their ids; those that cannot be used are left out."""
    found: dict[str, Key] = {}
    entries = document.get("keys") if isinstance(document, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        try:
            key = Key(*(int.from_bytes(_decoded(str(entry[name])), "big") for name in ("n", "e")))
        except (ValueError, KeyError):
            continue
        if MIN_BITS <= key.modulus.bit_length() <= MAX_BITS and key.exponent >= 3:
            found[str(entry.get("kid") or "")] = key
    return found


def check(
    token: Token, key_of: Callable[[str], Key | None], *, issuers: Collection[str], audience: str, now_s: float
) -> None:
    """Trust a token, or not. `key_of` gives the issuer's key by its id. Raises: RefusedError."""
    if token.issuer not in issuers:
        raise RefusedError(f"the token's issuer is '{token.issuer}'")
    key = key_of(token.key_id)
    if key is None or not key.has_signed(token.signed, token.signature):
        raise RefusedError("the token's signature is not its issuer's")
    for_whom = token.claims.get("aud")
    if not audience or audience not in (for_whom if isinstance(for_whom, list) else [for_whom]):
        raise RefusedError(f"the token is not for '{audience}'")
    expires, begins = _number(token.claims.get("exp")), _number(token.claims.get("nbf", 0))
    if expires is None or expires <= now_s:
        raise RefusedError("the token has expired")
    if begins is None or begins > now_s + EARLY_S:
        raise RefusedError("the token is not valid yet")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _decoded(text: str) -> bytes:
    """Base64 for URLs, without padding. Raises: ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
