"""Annotations that the function protocol keeps on resources: where one came from, and which output belongs to which input.

Each has a newer and an older name, kept in step.
Source: kyaml v0.21.1 `kioutil`, `kio.ReconcileInternalAnnotations`, `kio.PreprocessResourcesForInternalAnnotationMigration`.
"""

from __future__ import annotations

from kbuild.model.errors import PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    Texts = dict[str, str]

_INTERNAL = "internal.config.kubernetes.io/"
PATH, OLD_PATH = _INTERNAL + "path", "config.kubernetes.io/path"
INDEX, OLD_INDEX = _INTERNAL + "index", "config.kubernetes.io/index"
ID, OLD_ID = _INTERNAL + "id", "config.k8s.io/id"
SEQUENCE_INDENT = _INTERNAL + "seqindent"
MIGRATION = _INTERNAL + "annotations-migration-resource-id"
_PAIRS = (("path", PATH, OLD_PATH), ("index", INDEX, OLD_INDEX), ("id", ID, OLD_ID))
CLEARED = (INDEX, OLD_INDEX, SEQUENCE_INDENT)


def copy_old(texts: Texts) -> None:
    """Fill in the name that is missing of each pair. Mutates: `texts`."""
    for _, new, old in _PAIRS:
        if texts.get(new):
            if not texts.get(old):
                texts[old] = texts[new]
        elif texts.get(old):
            texts[new] = texts[old]


def number(texts: Texts, index: int) -> None:
    """What reading a document does: pairs completed, its index set. Mutates: `texts`."""
    copy_old(texts)
    texts[OLD_INDEX] = texts[INDEX] = str(index)


def prepare(texts: Texts, index: int) -> Texts:
    """What stands before a function: returns the originals to compare with. Mutates: `texts`. Raises: PluginError."""
    texts[MIGRATION] = str(index)
    originals = {key: texts[key] for pair in _PAIRS for key in pair[1:] if key in texts}
    copy_old(texts)
    check_pairs(texts)
    return originals


def check_pairs(texts: Texts) -> None:
    """Raise PluginError where the two names of a pair say different things."""
    for name, new, old in _PAIRS:
        if texts.get(new) and texts.get(old) and texts[new] != texts[old]:
            raise _mismatch(name)


def _mismatch(name: str) -> PluginError:
    return PluginError(f"resource input to function has mismatched legacy and internal {name} annotations")


def reconcile(texts: Texts, originals: dict[str, Texts]) -> None:
    """What stands behind a function: a change of one name of a pair becomes a change of the other.

    `originals` are by migration number. Mutates: `texts`. Raises: PluginError.
    """
    copy_old(texts)
    before = originals.get(texts.get(MIGRATION, ""))
    for name, new, old in _PAIRS[:2] if before is not None else ():
        assert before is not None
        original = before[new] if new in before else before.get(old, "")
        now, now_old = texts.get(new, ""), texts.get(old, "")
        if not original:
            continue
        if original not in (now, now_old) and now != now_old:
            raise _mismatch(name)
        if original != now:
            texts[old] = now
        elif original != now_old:
            texts[new] = now_old
    check_pairs(texts)
    texts.pop(MIGRATION, None)


def set_default_path(texts: Texts, folder: str, *, kind: str, namespace: str, name: str) -> None:
    """Give an output without a path one that follows from its identity. Mutates: `texts`."""
    copy_old(texts)
    if PATH not in texts:
        from os.path import normpath

        parts = [part for part in (folder, namespace, f"{kind.lower()}_{name}.yaml") if part]
        texts[PATH] = texts[OLD_PATH] = normpath("/".join(parts))


def folder_of(texts: Texts) -> str | None:
    """The folder that a resource counts as coming from, None where nothing says; `functions` stands for its parent."""
    path = texts.get(PATH, texts.get(OLD_PATH))
    if path is None:
        return None
    from os.path import basename, dirname, normpath

    folder = normpath(dirname(path) or ".")
    return (dirname(folder) or ".") if basename(folder) == "functions" else folder
