"""`spec.verify`: which objects of a source must be signed, by whose keys, and what the status says about it.

Source: source-controller v1, as recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from applier.agent.source import signatures
from applier.agent.source.signatures import SignatureError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from applier.agent.source.checkout import Target
    from applier.agent.source.git import Mirrors

HEAD, TAG, BOTH = "HEAD", "Tag", "TagAndHEAD"
_MODES = {"": HEAD, "head": HEAD, HEAD: HEAD, TAG: TAG, BOTH: BOTH}


class VerificationError(Exception):
    """A source that is not verified: the reason and the sentence; `is_final` where only a new spec can mend it."""

    def __init__(self, reason: str, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.reason, self.message, self.is_final = reason, message, is_final


@dataclass(frozen=True, slots=True)
class Verification:
    """What a spec asks for. Shape: `fingerprint` tells one set of keys from another."""

    mode: str
    keys: signatures.Keys
    fingerprint: str

    def check(self, target: Target, mirrors: Mirrors, folder: Path) -> str:
        """Verify what was fetched; returns the message of the condition. Raises: VerificationError, RemoteError."""
        lines = []
        if self.mode in (TAG, BOTH):
            if not target.name.startswith("refs/tags/"):
                sentence = "cannot verify tag object's signature if a tag reference is not specified"
                raise VerificationError("InvalidVerificationMode", sentence, is_final=True)
            tag = f"{target.label}@sha1:{target.tag_object}"
            if not target.tag_object:
                sentence = f"cannot verify signature of tag '{target.label}' since it is not an annotated tag"
                raise VerificationError("InvalidGitObject", sentence, is_final=True)
            key = self._verify("tag", tag, signatures.of_tag(mirrors.raw(folder, "tag", target.tag_object)))
            lines.append(f"\n\t- tag '{tag}' with key '{key}'")
        if self.mode in (HEAD, BOTH):
            signed = signatures.of_commit(mirrors.raw(folder, "commit", target.commit))
            key = self._verify("commit", target.commit, signed)
            lines.append(f"\n\t- commit '{target.commit}' with key '{key}'")
        return "verified signature of" + "".join(lines)

    def _verify(self, kind: str, name: str, parts: tuple[bytes, bytes]) -> str:
        try:
            return signatures.verify(*parts, self.keys)
        except SignatureError as problem:
            sentence = f"signature verification of {kind} '{name}' failed: {problem}"
            raise VerificationError(f"Invalid{kind.capitalize()}Signature", sentence) from None


def read(spec: Mapping[str, Any], data: Mapping[str, bytes]) -> Verification:
    """What a spec's `verify` asks for, with the data of its Secret. Raises: VerificationError."""
    mode = _MODES.get(str(spec.get("mode") or ""))
    if mode is None:
        sentence = f"the verification mode '{spec['mode']}' is not known"
        raise VerificationError("InvalidVerificationMode", sentence, is_final=True)
    try:
        keys = signatures.keys_of(data)
    except SignatureError as problem:
        raise VerificationError("VerificationError", f"public keys secret error: {problem}") from None
    digest = sha256(repr(sorted(data.items())).encode()).hexdigest()
    return Verification(mode, keys, f"sha256:{digest}")
