"""Files over http(s). Imported when a path turns out to be such a URL.

Source: kustomize v5.8.1 `FileLoader.httpClientGetContent`; Go `net/http`.
"""

from __future__ import annotations

from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected, responses
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, UnknownHandler

from kbuild.load import go_url
from kbuild.load.root import HttpStatusError
from kbuild.model import repo_spec
from kbuild.model.errors import RemoteError
from kbuild.model.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from http.client import HTTPResponse

# The reference waits for ever.
TIMEOUT_S = 60.0
MAX_REDIRECTS = 10
# Where Go's words for a status are not those of Python, whose words depend on its version.
_STATUS_TEXTS = {
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    416: "Requested Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}
_REDIRECTS = (301, 302, 303, 307, 308)


class _Refused(Exception):  # noqa: N818
    """A request that ends with a sentence of Go's client, and the URL that it ends at."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url, self.reason = url, reason


def fetch(path: str) -> bytes:
    """The body of an http(s) URL; redirects are followed.

    Raises: HttpStatusError, for a status that is no success and a URL that names no repository; RemoteError.
    """
    url = go_url.parse(path)
    assert url is not None
    try:
        for _ in range(MAX_REDIRECTS):
            if not url.host:
                raise _Refused(url.shown(), "http: no Host in request URL")
            with opener(url).open(make_request(url), timeout=TIMEOUT_S) as answer:
                if 200 <= answer.status <= 299:
                    return body_of(answer)
                wanted = answer.headers.get("Location") if answer.status in _REDIRECTS else None
                if wanted is None:
                    raise status_error(path, answer.status)
                url = redirected(url, wanted)
        raise _Refused(wanted or "", f"stopped after {MAX_REDIRECTS} redirects")
    except _Refused as error:
        raise RemoteError(f"Get {go_quote(error.url)}: {error.reason}") from None
    except IncompleteRead:
        raise RemoteError("unexpected EOF") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        reason = transport_reason(url, getattr(error, "reason", error))
        raise RemoteError(f"Get {go_quote(url.shown())}: {reason}") from None


def redirected(url: go_url.HttpUrl, wanted: str) -> go_url.HttpUrl:
    """Where an answer with this `Location` sends us. Raises: _Refused."""
    from urllib.parse import urljoin

    joined = urljoin(url.request(), wanted)
    target = go_url.parse(joined.partition("#")[0])
    if target is None:
        raise _Refused(joined, f'unsupported protocol scheme "{joined.partition(":")[0]}"')
    return target


def make_request(url: go_url.HttpUrl) -> Request:
    """A request as Go's client sends it."""
    headers = {"User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"}
    if url.user is not None:
        from base64 import b64encode

        pair = f"{url.user}:{url.password or ''}".encode("utf-8", "surrogateescape")
        headers["Authorization"] = "Basic " + b64encode(pair).decode()
    return Request(url.request(), headers=headers)  # noqa: S310, only http(s) URLs are made


def opener(url: go_url.HttpUrl) -> OpenerDirector:
    """What sends a request: through the proxies of the environment, but never to this machine through one.

    It has nothing that looks at statuses: every answer comes back as it is.
    """
    result = OpenerDirector()
    name = host_and_port(url)[0]
    is_local = name == "localhost" or name.startswith("127.") or name == "::1"
    for handler in (ProxyHandler({} if is_local else None), UnknownHandler(), HTTPHandler(), HTTPSHandler()):
        result.add_handler(handler)
    return result


def body_of(answer: HTTPResponse) -> bytes:
    """All of a body, unpacked if it comes packed. Raises: RemoteError."""
    data = answer.read()
    if answer.headers.get("Content-Encoding", "").lower() == "gzip":
        import gzip
        import zlib

        try:
            data = gzip.decompress(data)
        except (EOFError, zlib.error):
            raise RemoteError("unexpected EOF") from None
        except gzip.BadGzipFile:
            raise RemoteError("gzip: invalid header") from None
    return data


def status_error(path: str, status: int) -> RemoteError:
    """The error for a status that is no success: a URL that names a repository is tried as one."""
    if repo_spec.parse(path) is not None:
        return RemoteError("URL is a git repository")
    return HttpStatusError(f"HTTP Error: status code {status} ({status_text(status)})")


def status_text(status: int) -> str:
    """Go's words for a status."""
    return _STATUS_TEXTS.get(status) or responses.get(status, "")


def host_and_port(url: go_url.HttpUrl) -> tuple[str, str]:
    """The name or address, and the port in digits."""
    host, colon, port = url.host.rpartition(":")
    if not colon or "]" in port:
        host, port = url.host, ""
    return host.strip("[]"), port or ("443" if url.scheme == "https" else "80")


def transport_reason(url: go_url.HttpUrl, reason: object) -> str:
    """Why there was no answer, in Go's words."""
    import socket
    import ssl

    name, port = host_and_port(url)
    if int(port) > 0xFFFF:
        return f"dial tcp: address {port}: invalid port"
    if isinstance(reason, socket.gaierror):
        end = "no such host" if reason.errno == socket.EAI_NONAME else "server misbehaving"
        return f"dial tcp: lookup {name}{name_server()}: {end}"
    if isinstance(reason, ssl.SSLCertVerificationError):
        unknown = "x509: certificate signed by unknown authority"
        return f"tls: failed to verify certificate: {unknown if reason.verify_code in (18, 19, 20) else reason}"
    if isinstance(reason, ssl.SSLError):
        is_plain = reason.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST")
        return "http: server gave HTTP response to HTTPS client" if is_plain else f"tls: {reason.reason or reason}"
    if isinstance(reason, RemoteDisconnected):
        return "EOF"
    if isinstance(reason, BadStatusLine):
        return f"net/http: HTTP/1.x transport connection broken: malformed HTTP {bad_part(str(reason.args[0]).strip())}"
    if isinstance(reason, TimeoutError):
        return f"dial tcp {address(name, port)}: i/o timeout"
    if isinstance(reason, OSError) and reason.strerror:
        return f"dial tcp {address(name, port)}: connect: {reason.strerror.lower()}"
    return str(reason)


def bad_part(line: str) -> str:
    """What is wrong with the first line of an answer."""
    protocol, blank, rest = line.partition(" ")
    if not blank:
        return f"response {go_quote(line)}"
    code = rest.lstrip().partition(" ")[0]
    if len(code) != 3 or not code.isdigit():
        return f"status code {go_quote(code)}"
    return f"version {go_quote(protocol)}"


def address(name: str, port: str) -> str:
    """The address that was called."""
    import socket

    try:
        name = str(socket.getaddrinfo(name, int(port), type=socket.SOCK_STREAM)[0][4][0])
    except OSError:
        return f"{name}:{port}"
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"


def name_server() -> str:
    """Whom Go's own resolver asks, as it says."""
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return ""
    found = next((words[1] for words in lines if len(words) > 1 and words[0] == "nameserver"), "127.0.0.1")
    return f" on [{found}]:53" if ":" in found else f" on {found}:53"
