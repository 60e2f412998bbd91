"""`kbuild uninstall`: the controllers, their finalizers and their kinds go; everything that they applied stays and runs.

Kustomizations and releases are suspended with the loss of their finalizers, so that no controller which still runs somewhere
takes their disappearance for a wish to delete what they applied.
Source: flux2 v2.9, `uninstall`: its words and its order.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from applier.agent.install.components import FLUX, INSTANCE, PART_OF
from applier.agent.kustomization.sentences import subject
from applier.agent.runtime.writes import OwnWriter
from applier.cli.operate.words import ACTION, SUCCESS, WARNING, say
from applier.cli.setup import kinds
from applier.cli.setup.line import COMMON, SILENT, agreed, guarded
from applier.cli.setup.rollout import MANAGER
from applier.cluster.api import Collection, Listing
from applier.failures import ApplierError, ErrorClass
from applier.model.ids import id_of
from applier.model.live import Absent
from kbuild.cli.flags import BOOL, Flag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from applier.cli.setup.line import Line
    from applier.model.ids import Body

FLAGS = (
    Flag("keep-namespace", BOOL, "leave the namespace, with everything else in it"),
    Flag("dry-run", BOOL, "only say what would be deleted"),
    SILENT,
    *COMMON,
)
NAMESPACED = (
    kinds.DEPLOYMENTS,
    kinds.SERVICES,
    kinds.POLICIES,
    kinds.ACCOUNTS,
    kinds.QUOTAS,
    kinds.ROLES,
    kinds.ROLE_BINDINGS,
)
CLUSTER_WIDE = (kinds.CLUSTER_ROLES, kinds.CLUSTER_ROLE_BINDINGS)
APPLIERS = ("Kustomization", "HelmRelease")
GONE_WITHIN_S, POLL_S = 90.0, 0.3
_TOOLKIT = "toolkit.fluxcd.io"


def uninstall(argv: Sequence[str]) -> int:
    """`kbuild uninstall`; returns the exit status."""
    return guarded("uninstall", argv, FLAGS, _uninstall)


def _uninstall(line: Line) -> int:
    line.no_words()
    is_dry = line.is_on("dry_run")
    if not is_dry:
        agreed(line, "Are you sure you want to delete Flux and its custom resource definitions?")
    removal = Removal(line, is_dry=is_dry)
    say(ACTION, f"deleting components in {line.namespace} namespace")
    removal.components()
    say(ACTION, f"deleting {_TOOLKIT} finalizers in all namespaces")
    removal.finalizers()
    say(ACTION, f"deleting {_TOOLKIT} custom resource definitions")
    removal.definitions()
    if not line.is_on("keep_namespace"):
        removal.namespace()
    say(SUCCESS, "uninstall finished")
    return 0


class Removal:
    """The steps of one removal. Each is harmless to repeat."""

    def __init__(self, line: Line, *, is_dry: bool) -> None:
        self.line, self.is_dry = line, is_dry
        self.reader = line.cluster.reader
        self.writer = OwnWriter(line.cluster.exchange, MANAGER)
        self.tail = "(dry run)" if is_dry else ""

    def components(self) -> None:
        """Delete the controllers and what belongs to them, and wait until their pods have ended. Raises: ApplierError."""
        own = f"{PART_OF}={FLUX},{INSTANCE}={self.line.namespace}"
        for place in NAMESPACED:
            for body in self._list(place._replace(namespace=self.line.namespace), own):
                self._delete(place, body)
        # A controller that still runs would put back what is taken away next.
        pods = kinds.PODS._replace(namespace=self.line.namespace)
        self._wait(lambda: self._list(pods, own), "some of the controllers' pods have not ended yet")
        for place in CLUSTER_WIDE:
            for body in self._list(place, own):
                self._delete(place, body)

    def finalizers(self) -> None:
        """Take the finalizers off all objects of the controllers' kinds. Raises: ApplierError."""
        for definition in self._definitions():
            spec = definition["spec"]
            version = next((one["name"] for one in spec["versions"] if one.get("storage")), "")
            place = Collection(spec["group"], version, spec["names"]["plural"], spec["names"]["kind"])
            for body in self._list(place, ""):
                if not body["metadata"].get("finalizers"):
                    continue
                change: Body = {"metadata": {"finalizers": None}}
                if place.kind in APPLIERS:
                    change = {**change, "spec": {"suspend": True}}
                if not self.is_dry:
                    self._ignoring_absence(lambda p=place, b=body, c=change: self.writer.merge(p, b, c))  # type: ignore[misc]
                say(SUCCESS, f"{subject(id_of(body))} finalizers deleted {self.tail}")

    def definitions(self) -> None:
        """Delete the kinds, and every object of them with them. Raises: ApplierError."""
        for body in self._definitions():
            self._delete(kinds.DEFINITIONS, body)
        self._wait(self._definitions, "some definitions have not gone yet: an object of theirs is held")

    def namespace(self) -> None:
        """Delete the namespace. Raises: ApplierError."""
        found = self.reader.get(kinds.NAMESPACES, self.line.namespace)
        if not isinstance(found, Absent):
            self._delete(kinds.NAMESPACES, found)

    def _definitions(self) -> list[Body]:
        return [
            body
            for body in self._list(kinds.DEFINITIONS, f"{PART_OF}={FLUX}")
            if str(body["spec"]["group"]).endswith(_TOOLKIT)
        ]

    def _list(self, place: Collection, selector: str) -> list[Body]:
        try:
            found = self.reader.list(place, selector=selector)
        except ApplierError as problem:
            if problem.error_class in (ErrorClass.NOT_FOUND, ErrorClass.KIND_MISSING):
                return []
            raise
        assert isinstance(found, Listing)
        return sorted(found.bodies, key=id_of)

    def _delete(self, place: Collection, body: Body) -> None:
        if not self.is_dry:
            self._ignoring_absence(lambda: self.writer.delete(place, body))
        say(SUCCESS, f"{subject(id_of(body))} deleted {self.tail}")

    @staticmethod
    def _ignoring_absence(call: Callable[[], object]) -> None:
        try:
            call()
        except ApplierError as problem:
            if problem.error_class is not ErrorClass.NOT_FOUND:
                raise

    def _wait(self, left: Callable[[], list[Body]], warning: str) -> None:
        """Wait until nothing is left; after a while say so and go on."""
        deadline = time.monotonic() + min(GONE_WITHIN_S, self.line.timeout_s)
        while not self.is_dry and left():
            if time.monotonic() >= deadline:
                say(WARNING, warning)
                return
            time.sleep(POLL_S)
