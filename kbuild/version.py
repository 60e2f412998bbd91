"""The versions of kbuild, of the reference that it matches, and of the one that `--compat latest` follows."""

VERSION = "0.1.0"
REFERENCE = "v5.8.1"
LATEST = "v5.8.3"
