"""Which kinds the API server serves, from the two aggregated discovery documents (or, on old servers, from all of them).

A group that is listed without resources because its server is down is `broken`: its kinds are unknown, not missing. The
documents are kept with their ETag, so that an unchanged cluster answers with two empty bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from applier.cluster.exchange import decoded
from applier.cluster.parallel import in_parallel
from applier.cluster.transport import JSON_TYPE, Request, Response
from applier.errors import Answer, classify
from applier.failures import ApplierError
from applier.model.ids import GroupKind
from applier.model.snapshot import Discovery, KindFact

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from applier.cluster.discovery_cache import DiscoveryCache
    from applier.cluster.exchange import Exchange
    from applier.model.ids import Body

_AS = "as=APIGroupDiscoveryList"
AGGREGATED = (
    f"{JSON_TYPE};g=apidiscovery.k8s.io;v=v2;{_AS},{JSON_TYPE};g=apidiscovery.k8s.io;v=v2beta1;{_AS},{JSON_TYPE}"
)
STALE = "Stale"


class Found:
    """Kinds as they are collected. Shape: `versions` in the server's order, the preferred one first."""

    __slots__ = ("broken", "complete", "kinds")

    def __init__(self) -> None:
        self.kinds: dict[GroupKind, KindFact] = {}
        self.broken: dict[str, str] = {}
        self.complete = True

    def add(self, kind: GroupKind, version: str, *, plural: str, namespaced: bool, verbs: Iterable[str]) -> None:
        """One kind in one version."""
        fact = self.kinds.get(kind)
        if fact is None:
            self.kinds[kind] = KindFact(
                kind=kind, plural=plural, namespaced=namespaced, versions=(version,), verbs=tuple(verbs)
            )
        elif version not in fact.versions:
            self.kinds[kind] = KindFact(
                kind=kind,
                plural=fact.plural,
                namespaced=fact.namespaced,
                versions=(*fact.versions, version),
                verbs=fact.verbs,
            )

    def value(self) -> Discovery:
        """The collected facts."""
        return Discovery(kinds=self.kinds, broken=self.broken, complete=self.complete)


def discover(exchange: Exchange, documents: DiscoveryCache | None = None) -> Discovery:
    """Ask for everything that is served. Raises: ApplierError, where the server cannot be asked at all."""
    found = Found()
    answers = in_parallel([lambda path=path: _document(exchange, path, documents) for path in ("/api", "/apis")], 2)  # type: ignore[misc]
    for path, document in zip(("/api", "/apis"), answers, strict=True):
        if document.get("kind") == "APIGroupDiscoveryList":
            _read_aggregated(document, found)
        else:
            _read_plain(exchange, path, document, found)
    return found.value()


def _document(exchange: Exchange, path: str, documents: DiscoveryCache | None) -> Body:
    kept = documents.load(path) if documents is not None else None
    etag = kept[0] if kept else ""

    def ask() -> Body:
        response = exchange.raw(Request("GET", path, accept=AGGREGATED, etag=etag), "discovery")
        if response.status == 304 and kept:
            return kept[1]
        document = _checked(response)
        if documents is not None and response.headers.get("etag"):
            documents.store(path, response.headers["etag"], response.body)
        return document

    return exchange.patiently(ask)


def _checked(response: Response) -> Body:
    if response.status < 400:
        return decoded(response)
    text = response.body.decode("utf-8", "replace")
    try:
        status: Any = decoded(response)
    except ApplierError:
        status = None
    raise ApplierError(classify(Answer(code=response.status, status=status, text=text)))


def _read_aggregated(document: Body, found: Found) -> None:
    for item in document.get("items") or ():
        group = str((item.get("metadata") or {}).get("name") or "")
        for version in item.get("versions") or ():
            name = str(version.get("version") or "")
            if version.get("freshness") == STALE:
                found.broken[group] = f"the API {group}/{name} does not answer"
            for resource in version.get("resources") or ():
                kind = (resource.get("responseKind") or {}).get("kind")
                if kind:
                    found.add(
                        GroupKind(group, kind),
                        name,
                        plural=str(resource["resource"]),
                        namespaced=resource.get("scope") == "Namespaced",
                        verbs=resource.get("verbs") or (),
                    )


def _read_plain(exchange: Exchange, path: str, document: Body, found: Found) -> None:
    """The older form: one request for each group and version."""
    places = list(_plain_places(path, document))

    def ask(place: tuple[str, str, str]) -> Body | ApplierError:
        try:
            return exchange.read(Request("GET", place[2]), "discovery")
        except ApplierError as problem:
            return problem

    answers = in_parallel([lambda place=place: ask(place) for place in places], 8)  # type: ignore[misc]
    for (group, version, _), answer in zip(places, answers, strict=True):
        if isinstance(answer, ApplierError):
            found.broken[group] = f"the API {group}/{version} does not answer: {answer}"
        else:
            add_resources(answer, group, version, found)


def _plain_places(path: str, document: Body) -> Iterator[tuple[str, str, str]]:
    if path == "/api":
        yield from (("", str(version), f"/api/{version}") for version in document.get("versions") or ())
        return
    for group in document.get("groups") or ():
        name = str(group.get("name") or "")
        preferred = str((group.get("preferredVersion") or {}).get("version") or "")
        versions = [str(version.get("version") or "") for version in group.get("versions") or ()]
        versions.sort(key=lambda version: version != preferred)
        yield from ((name, version, f"/apis/{name}/{version}") for version in versions)


def add_resources(document: Body, group: str, version: str, found: Found) -> None:
    """The kinds of an `APIResourceList`. Mutates: `found`."""
    for resource in document.get("resources") or ():
        if "/" not in str(resource.get("name") or "/"):
            found.add(
                GroupKind(group, str(resource.get("kind") or "")),
                version,
                plural=str(resource["name"]),
                namespaced=bool(resource.get("namespaced")),
                verbs=resource.get("verbs") or (),
            )


def with_more(known: Discovery, more: Discovery) -> Discovery:
    """Both together."""
    return Discovery(kinds={**known.kinds, **more.kinds}, broken=known.broken, complete=known.complete)
