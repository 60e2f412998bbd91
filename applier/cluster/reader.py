"""The reading half: objects, complete lists, watches. It cannot change anything.

A list counts only when every page of it arrived; anything less is a failure, never a shorter list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from applier.cluster.address import quoted
from applier.cluster.api import Collection, Listing, TooMany
from applier.cluster.transport import LIST_TIMEOUT_S, Request
from applier.failures import ApplierError, ErrorClass
from applier.model.live import ABSENT, Absent, Live, Present, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from applier.cluster.exchange import Exchange
    from applier.cluster.transport import Stream
    from applier.model.ids import Body

PAGE = 500
WATCH_S = 290
SILENCE_S = 75.0  # bookmarks come every minute or so
# Reading one object costs about as much as a hundred objects of a list.
OBJECTS_PER_GET = 100


class Reader:
    """Reads one cluster. Safe to use from several threads."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def get(self, collection: Collection, name: str) -> Body | Absent:
        """One object. Raises: ApplierError, for anything but its presence or its proved absence."""
        try:
            return self.exchange.read(Request("GET", collection.object_path(name)), "get")
        except ApplierError as problem:
            if problem.error_class in (ErrorClass.NOT_FOUND, ErrorClass.NAMESPACE_MISSING):
                return ABSENT
            raise

    def live(self, collection: Collection, name: str) -> Live:
        """What is known about one object."""
        try:
            found = self.get(collection, name)
        except ApplierError as problem:
            return Unknown(why=str(problem))
        return found if isinstance(found, Absent) else Present(body=found)

    def list(self, collection: Collection, *, wanted: int = 0, selector: str = "") -> Listing | TooMany:
        """Every object of a collection, or `TooMany` when it holds so many others that reading `wanted` objects one by one is cheaper.

        Raises: ApplierError, where the list cannot be completed.
        """
        try:
            return self._pages(collection, wanted, selector)
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.EXPIRED:
                raise
        # The version that the pages belong to is gone: once more, in one piece.
        document = self._page(collection, _query(limit=0, selector=selector))
        return Listing(bodies=_items(document, collection), resource_version=_version(document))

    def _pages(self, collection: Collection, wanted: int, selector: str) -> Listing | TooMany:
        limit = PAGE + wanted
        document = self._page(collection, _query(limit=limit, selector=selector))
        bodies = [*_items(document, collection)]
        metadata = document.get("metadata") or {}
        if wanted and int(metadata.get("remainingItemCount") or 0) > wanted * OBJECTS_PER_GET:
            return TooMany(seen=tuple(bodies))
        while token := (document.get("metadata") or {}).get("continue"):
            document = self._page(collection, _query(limit=limit, selector=selector, token=str(token)))
            bodies += _items(document, collection)
        return Listing(bodies=tuple(bodies), resource_version=_version(document))

    def _page(self, collection: Collection, query: str) -> Body:
        return self.exchange.read(Request("GET", collection.path, query, timeout_s=LIST_TIMEOUT_S), "list")

    def count(self, collection: Collection, at_most: int) -> int:
        """How many objects there are; counting stops beyond `at_most`. Raises: ApplierError."""
        document = self._page(collection, _query(limit=at_most + 1))
        return len(document.get("items") or ()) + int((document.get("metadata") or {}).get("remainingItemCount") or 0)

    def names(self, collection: Collection) -> Iterator[str]:
        """The names of a collection's objects, without their content. Raises: ApplierError."""
        accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        document = self.exchange.read(
            Request("GET", collection.path, "", accept=accept, timeout_s=LIST_TIMEOUT_S), "list"
        )
        yield from (str((item.get("metadata") or {}).get("name") or "") for item in document.get("items") or ())

    def watch(
        self,
        collection: Collection,
        resource_version: str,
        *,
        name: str = "",
        selector: str = "",
        seconds: int = WATCH_S,
    ) -> Stream:
        """Begin to follow a collection from a version on; one object of it where `name` is given.

        `selector` is a label selector, empty for all. Raises: ApplierError, where the watch is refused.
        """
        query = f"watch=1&allowWatchBookmarks=true&timeoutSeconds={seconds}&resourceVersion={quoted(resource_version)}"
        if name:
            query += f"&fieldSelector={quoted(f'metadata.name={name}')}"
        if selector:
            query += f"&labelSelector={quoted(selector)}"
        return self.exchange.open(Request("GET", collection.path, query, timeout_s=SILENCE_S))


def _query(*, limit: int, selector: str = "", token: str = "") -> str:
    parts = [f"limit={limit}"] if limit else []
    if selector:
        parts.append(f"labelSelector={quoted(selector)}")
    if token:
        parts.append(f"continue={quoted(token)}")
    return "&".join(parts)


def _version(document: Body) -> str:
    return str((document.get("metadata") or {}).get("resourceVersion") or "")


def _items(document: Body, collection: Collection) -> tuple[Body, ...]:
    """The items, each with the apiVersion and kind that a list leaves out."""
    items = document.get("items") or ()
    api_version = f"{collection.group}/{collection.version}" if collection.group else collection.version
    for item in items:
        item.setdefault("apiVersion", api_version)
        item.setdefault("kind", collection.kind)
    return tuple(items)
