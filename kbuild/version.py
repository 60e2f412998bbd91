"""The versions of kbuild and of the reference that it matches."""

VERSION = "0.1.0"
REFERENCE = "v5.8.1"
