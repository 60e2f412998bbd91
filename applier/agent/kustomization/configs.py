"""ConfigMaps and Secrets that ask to be watched: whoever refers to one runs as soon as it changes.

Source: kustomize-controller v1, label `reconcile.fluxcd.io/watch: Enabled`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from applier.agent.runtime.informer import Informer, key_of
from applier.agent.runtime.kinds import CONFIG_MAPS, SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from applier.agent.runtime.unit import Unit
    from applier.cluster.api import Collection
    from applier.cluster.reader import Reader
    from applier.model.ids import Body

SELECTOR = "reconcile.fluxcd.io/watch=Enabled"


@dataclass(frozen=True, slots=True)
class Configs:
    """Watches labelled objects for the Kustomizations of one unit. Shape: `namespace` empty for all."""

    unit: Unit
    reader: Reader
    namespace: str = ""
    selector: str = SELECTOR

    def informers(self) -> list[Informer]:
        """What is to be started."""
        return [self._informer(collection) for collection in (CONFIG_MAPS, SECRETS)]

    def _informer(self, collection: Collection) -> Informer:
        def on_change(old: Body | None, new: Body | None) -> None:
            # What is there from the start is read by the first runs anyway.
            if made[0].synced.is_set():
                self._changed(collection.kind, old, new)

        made = [Informer(self.reader, collection._replace(namespace=self.namespace), on_change, self.selector)]
        return made[0]

    def _changed(self, kind: str, old: Body | None, new: Body | None) -> None:
        body = new if new is not None else old
        if body is None or _data(old) == _data(new):
            return
        changed = key_of(body)
        for one in self.unit.around.informer.all():
            key = key_of(one)
            if key.namespace == changed.namespace and (kind, changed.name) in references(one.get("spec") or {}):
                self.unit.queue.add(key)


def _data(body: Mapping[str, Any] | None) -> Any:
    return None if body is None else (body.get("data"), body.get("binaryData"))


def references(spec: Mapping[str, Any]) -> set[tuple[str, str]]:
    """(kind, name) of every ConfigMap and Secret that a Kustomization or a HelmRelease refers to."""
    return set(_references(spec))


def _references(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in (spec.get("postBuild") or {}).get("substituteFrom") or ():
        yield str(one.get("kind")), str(one.get("name"))
    for one in spec.get("valuesFrom") or ():
        yield str(one.get("kind")), str(one.get("name"))
    config, decryption = spec.get("kubeConfig") or {}, spec.get("decryption") or {}
    for kind, holder, field in (("Secret", config, "secretRef"), ("ConfigMap", config, "configMapRef"), ("Secret", decryption, "secretRef")):  # fmt: skip
        if holder.get(field):
            yield kind, str(holder[field].get("name"))
