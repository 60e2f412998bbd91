"""`kbuild trace`: which Kustomization or release an object belongs to, and which commit that came from.

An object without Flux's labels is followed to its owners: a Pod to its ReplicaSet and Deployment.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from applier import keys
from applier.cli.operate import kinds, trace_text
from applier.cli.operate.call import SHARED, Call, guarded
from applier.cli.operate.words import StoppedError
from applier.cluster.cluster import collection_of
from applier.model.ids import GroupKind, split_api_version
from applier.model.live import Absent, Unknown
from kbuild.cli.flags import TEXT, Flag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from applier.model.ids import Body
    from applier.model.snapshot import KindFact

FLAGS = (
    Flag("kind", TEXT, "kind of the object, with --api-version and a name", placeholder="KIND"),
    Flag("api-version", TEXT, "its apiVersion, such as apps/v1", placeholder="VERSION"),
    *SHARED,
)
# The short names of the kinds that people type; every other kind and plural is known from the server.
_SHORT = {
    "cm": "configmaps", "deploy": "deployments", "ds": "daemonsets", "sts": "statefulsets", "rs": "replicasets", "po": "pods",
    "svc": "services", "ns": "namespaces", "ing": "ingresses", "sa": "serviceaccounts", "pvc": "persistentvolumeclaims",
    "pv": "persistentvolumes", "cj": "cronjobs", "hpa": "horizontalpodautoscalers", "pdb": "poddisruptionbudgets",
    "netpol": "networkpolicies", "quota": "resourcequotas", "crd": "customresourcedefinitions",
    "ks": "kustomizations", "hr": "helmreleases", "gitrepo": "gitrepositories", "helmrepo": "helmrepositories", "hc": "helmcharts",
}  # fmt: skip


class UntraceableError(StoppedError):
    """An object whose way cannot be told."""


def run(argv: Sequence[str]) -> int:
    """`kbuild trace NAME --kind K --api-version V`, or `kbuild trace KIND/NAME…`."""
    return guarded("trace", argv, FLAGS, _trace)


def _trace(call: Call) -> int:
    objects = list(_objects(call))
    for number, body in enumerate(objects):
        metadata = body["metadata"]
        try:
            sys.stdout.write(_report(call, body))
        except UntraceableError as problem:
            place = f"{body['kind']}/{metadata['name']} in namespace {metadata.get('namespace') or ''}"
            sys.stderr.write(f"failed to trace {place}: {problem}\n")
        if number < len(objects) - 1:
            print("---")
    return 0


def _objects(call: Call) -> Iterator[Body]:
    """The objects that the line names. Raises: StoppedError, ApplierError."""
    kind, version = call.values.get("kind"), call.values.get("api_version")
    if kind or version:
        if not call.words:
            raise StoppedError("object name is required")
        if not kind:
            raise StoppedError("object kind is required (--kind)")
        if not version:
            raise StoppedError("object apiVersion is required (--api-version)")
        group, wanted = split_api_version(str(version))
        yield _get(call, _fact(call, str(kind), group), call.words[0], wanted)
        return
    for word, name in _pairs(call):
        resource, _, group = word.partition(".")
        yield _get(call, _fact(call, resource, group), name, "")


def _pairs(call: Call) -> list[list[str]]:
    """(resource, name) of each object that the line names. Raises: StoppedError, ApplierError."""
    if not call.words:
        raise StoppedError("either `<resource>/<name>` or `<resource> <name>` is required as an argument")
    pairs = [word.split("/", 1) for word in call.words if "/" in word]
    if pairs and len(pairs) != len(call.words):
        raise StoppedError(
            "there is no need to specify a resource type as a separate argument when passing arguments in "
            f"resource/name form (e.g. 'kbuild trace {call.words[0]}')"
        )
    if not pairs and len(call.words) == 1:
        resource, _, group = call.words[0].partition(".")
        _fact(call, resource, group)
        raise StoppedError("resource(s) were provided, but no name was specified")
    return pairs or [[call.words[0], name] for name in call.words[1:]]


def _fact(call: Call, word: str, group: str) -> KindFact:
    """The kind that a word means: a kind, a plural, or a short name. Raises: StoppedError, ApplierError."""
    wanted = _SHORT.get(word.lower(), word.lower())
    fitting = [
        fact
        for fact in call.cluster.discovery().kinds.values()
        if wanted in (fact.kind.kind.lower(), fact.plural) and (not group or fact.kind.group == group)
    ]
    if not fitting:
        raise StoppedError(f'the server doesn\'t have a resource type "{word}"')
    # Kinds of the core and of Flux win over others of the same name.
    return min(fitting, key=lambda fact: (bool(fact.kind.group), "fluxcd" not in fact.kind.group, fact.kind.group))


def _get(call: Call, fact: KindFact, name: str, version: str) -> Body:
    """Raises: StoppedError, where there is no such object; ApplierError."""
    found = call.cluster.reader.get(collection_of(fact, call.namespace, version), name)
    if isinstance(found, Absent):
        suffix = f".{fact.kind.group}" if fact.kind.group else ""
        raise StoppedError(f'failed to find object: {fact.plural}{suffix} "{name}" not found')
    return {**found, "kind": fact.kind.kind}


def _report(call: Call, body: Body) -> str:
    """Raises: UntraceableError, ApplierError."""
    owner = _manager(call, body)
    if owner is None:
        raise UntraceableError("object not managed by Flux")
    noun, namespace, name = owner
    there = call.elsewhere(namespace)
    applier = there.get(noun, name)
    if applier is None:
        missing = f'{noun.collection.plural}.{noun.collection.group} "{name}" not found'
        raise UntraceableError(f"failed to find {noun.human}: {missing}")
    blocks = [trace_text.of_object(body), trace_text.of_applier(applier)]
    return trace_text.text([*blocks, *(trace_text.of_source(source) for source in _sources(there, noun, applier))])


def _manager(call: Call, body: Body) -> tuple[kinds.Noun, str, str] | None:
    """(noun, namespace, name) of what manages an object or one of its owners. Raises: ApplierError."""
    seen: set[str] = set()
    waiting = [body]
    while waiting:
        found = waiting.pop(0)
        labels = found["metadata"].get("labels") or {}
        for noun, name, namespace in (
            (kinds.KUSTOMIZATION, keys.FLUX_NAME, keys.FLUX_NAMESPACE),
            (kinds.RELEASE, keys.FLUX_HELM_NAME, keys.FLUX_HELM_NAMESPACE),
        ):
            if labels.get(name):
                return noun, str(labels.get(namespace) or ""), str(labels[name])
        for reference in found["metadata"].get("ownerReferences") or ():
            if reference["uid"] not in seen:
                seen.add(reference["uid"])
                owner = _owner(call, reference, str(found["metadata"].get("namespace") or ""))
                waiting += [owner] if owner is not None else []
    return None


def _owner(call: Call, reference: Body, namespace: str) -> Body | None:
    """Raises: ApplierError."""
    group, version = split_api_version(str(reference["apiVersion"]))
    fact = call.cluster.discovery().find(GroupKind(group, str(reference["kind"])))
    if fact is None or isinstance(fact, Unknown):
        return None
    found = call.cluster.reader.get(collection_of(fact, namespace, version), str(reference["name"]))
    return None if isinstance(found, Absent) else found


def _sources(call: Call, noun: kinds.Noun, applier: Body) -> Iterator[Body]:
    """The sources of a Kustomization or release, the chart before its repository. Raises: UntraceableError, ApplierError."""
    spec = applier.get("spec") or {}
    reference = spec.get("chartRef") or spec.get("sourceRef")
    if noun is kinds.RELEASE and not spec.get("chartRef"):
        reference = ((spec.get("chart") or {}).get("spec") or {}).get("sourceRef")
        namespace, _, name = str((applier.get("status") or {}).get("helmChart") or "").rpartition("/")
        if name:
            yield _source(call.elsewhere(namespace.rpartition("/")[2]), kinds.CHART, name)
    source = kinds.of_kind(str((reference or {}).get("kind") or ""))
    if reference and source is not None:
        there = call.elsewhere(str(reference.get("namespace") or call.namespace))
        yield _source(there, source, str(reference["name"]))


def _source(call: Call, noun: kinds.Noun, name: str) -> Body:
    """Raises: UntraceableError, ApplierError."""
    found = call.get(noun, name)
    if found is None:
        missing = f'{noun.collection.plural}.{noun.collection.group} "{name}" not found'
        raise UntraceableError(f"failed to find {noun.kind}: {missing}")
    return found
