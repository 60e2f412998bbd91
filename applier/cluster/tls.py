"""What a connection trusts and shows, as a context of the `ssl` library. The system's trust is read only where no CA is named."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from applier.cluster.kubeconfig import configuration_error

if TYPE_CHECKING:
    from applier.cluster.connection import Connection


def ssl_context(connection: Connection) -> ssl.SSLContext:
    """What the connection trusts, and the certificate it shows. Raises: ApplierError."""
    try:
        context = ssl.create_default_context(cadata=connection.ca.decode("ascii", "replace") or None)
        context.set_alpn_protocols(["http/1.1"])
        if not connection.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if connection.client_certificate:
            _load_certificate(context, connection)
    except (ssl.SSLError, ValueError) as problem:
        raise configuration_error(f"the certificates of the kubeconfig cannot be used: {problem}") from None
    return context


def _load_certificate(context: ssl.SSLContext, connection: Connection) -> None:
    """The library reads certificates from files alone: one with mode 0600 that is gone before this returns."""
    from tempfile import mkstemp

    descriptor, path = mkstemp(prefix="kbuild-")
    try:
        with open(descriptor, "wb") as file:
            file.write(connection.client_certificate.rstrip() + b"\n" + connection.client_key)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
