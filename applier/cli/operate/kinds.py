"""The kinds that the operator's commands know, by the words that name them, and what a table shows of each.

Source: flux2 v2.9, its nouns, their spellings and columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from applier.agent.runtime import kinds
from applier.cluster.api import Collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REVISION, SUSPENDED, READY, MESSAGE = "REVISION", "SUSPENDED", "READY", "MESSAGE"
SOURCE, IMAGE, TAG, LAST_SCAN, LAST_RUN = "SOURCE", "IMAGE", "TAG", "LAST SCAN", "LAST RUN"
_WITHOUT_REVISION = (SUSPENDED, READY, MESSAGE)
OCI_REPOSITORIES = Collection(kinds.SOURCE, "v1", "ocirepositories", "OCIRepository")
BUCKETS = Collection(kinds.SOURCE, "v1", "buckets", "Bucket")
EXTERNAL_ARTIFACTS = Collection(kinds.SOURCE, "v1", "externalartifacts", "ExternalArtifact")
_IMAGES, _EXTENSIONS = "image.toolkit.fluxcd.io", "source.extensions.fluxcd.io"
IMAGE_REPOSITORIES = Collection(_IMAGES, "v1", "imagerepositories", "ImageRepository")
IMAGE_POLICIES = Collection(_IMAGES, "v1", "imagepolicies", "ImagePolicy")
IMAGE_UPDATES = Collection(_IMAGES, "v1", "imageupdateautomations", "ImageUpdateAutomation")
ARTIFACT_GENERATORS = Collection(_EXTENSIONS, "v1beta1", "artifactgenerators", "ArtifactGenerator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A kind as the commands name it.

    Shape: `human` is what progress lines call it, `revision` how it names its revision; `columns` are those behind the
    name; `source` is the path to the reference to its source; `ready` is the message of kinds without a status, which
    count as ready. `cuts_hashes` says that tables show hashes short, `suspends` that it can be put on hold.
    """

    collection: Collection
    human: str
    words: str
    revision: str = ""
    columns: tuple[str, ...] = (REVISION, SUSPENDED, READY, MESSAGE)
    source: tuple[str, ...] = ()
    ready: str = ""
    cuts_hashes: bool = True
    suspends: bool = True

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.collection.kind

    @property
    def prefix(self) -> str:
        """What stands before names where several kinds are shown."""
        return f"{self.kind.lower()}/"

    @property
    def reconciles(self) -> bool:
        """Whether a controller answers a request to reconcile it."""
        return bool(self.revision)


def _source(word: str, collection: Collection, *, source: tuple[str, ...] = ()) -> Noun:
    return Noun(
        collection=collection,
        human=f"source {word}",
        words=f"source {word}",
        revision="fetched revision",
        source=source,
    )


GIT = _source("git", kinds.GIT_REPOSITORIES)
OCI = _source("oci", OCI_REPOSITORIES)
BUCKET = _source("bucket", BUCKETS)
HELM = _source("helm", kinds.HELM_REPOSITORIES)
CHART = _source("chart", kinds.HELM_CHARTS, source=("spec", "sourceRef"))
EXTERNAL = Noun(
    collection=EXTERNAL_ARTIFACTS, human="source external-artifact", words="source external",
    columns=(REVISION, SOURCE, READY, MESSAGE), source=("spec", "sourceRef"), suspends=False,
)  # fmt: skip
KUSTOMIZATION = Noun(
    collection=kinds.KUSTOMIZATIONS, human="kustomization", words="kustomization", revision="applied revision",
    source=("spec", "sourceRef"),
)  # fmt: skip
RELEASE = Noun(
    collection=kinds.HELM_RELEASES, human="helmrelease", words="helmrelease", revision="applied revision",
    source=("spec", "chart", "spec", "sourceRef"), cuts_hashes=False,
)  # fmt: skip
ALERT = Noun(
    collection=kinds.ALERTS, human="alert", words="alert", columns=_WITHOUT_REVISION, ready="Alert is Ready", cuts_hashes=False
)  # fmt: skip
PROVIDER = Noun(
    collection=kinds.PROVIDERS, human="alert provider", words="alert-provider", columns=(READY, MESSAGE),
    ready="Provider is Ready", cuts_hashes=False,
)  # fmt: skip
RECEIVER = Noun(
    collection=kinds.RECEIVERS, human="receiver", words="receiver", columns=_WITHOUT_REVISION, cuts_hashes=False,
    revision="receiver",
)  # fmt: skip
# Kinds of Flux that the agent has no controllers for: the commands know them, where they are installed.
IMAGE_REPOSITORY = Noun(
    collection=IMAGE_REPOSITORIES, human="image repository", words="image repository", revision="scan fetched",
    columns=(LAST_SCAN, SUSPENDED, READY, MESSAGE), cuts_hashes=False,
)  # fmt: skip
IMAGE_POLICY = Noun(
    collection=IMAGE_POLICIES, human="image policy", words="image policy", revision="selected ref",
    columns=(IMAGE, TAG, READY, MESSAGE), cuts_hashes=False,
)  # fmt: skip
IMAGE_UPDATE = Noun(
    collection=IMAGE_UPDATES, human="image update automation", words="image update", revision="last run",
    columns=(LAST_RUN, SUSPENDED, READY, MESSAGE), cuts_hashes=False,
)  # fmt: skip
GENERATOR = Noun(
    collection=ARTIFACT_GENERATORS, human="artifactgenerator", words="artifact generator", columns=_WITHOUT_REVISION,
    cuts_hashes=False, suspends=False,
)  # fmt: skip

# In the order in which `get sources all` and `get all` show them.
SOURCES = {"oci": OCI, "bucket": BUCKET, "git": GIT, "helm": HELM, "chart": CHART, "external": EXTERNAL}
IMAGES = {"repository": IMAGE_REPOSITORY, "policy": IMAGE_POLICY, "update": IMAGE_UPDATE}
ARTIFACTS = {"generator": GENERATOR, "generators": GENERATOR}
APPLIERS = (RELEASE, KUSTOMIZATION)
NOTIFYING = (RECEIVER, PROVIDER, ALERT)
EVERY = (*SOURCES.values(), *IMAGES.values(), *APPLIERS, *NOTIFYING)
NOUNS = {
    "kustomization": KUSTOMIZATION, "kustomizations": KUSTOMIZATION, "ks": KUSTOMIZATION,
    "helmrelease": RELEASE, "helmreleases": RELEASE, "hr": RELEASE,
    "alert": ALERT, "alerts": ALERT,
    "alert-provider": PROVIDER, "alert-providers": PROVIDER,
    "receiver": RECEIVER, "receivers": RECEIVER,
}  # fmt: skip
SOURCE_WORDS = ("source", "sources")
# Words that a second word goes with.
GROUPS = {
    **dict.fromkeys(SOURCE_WORDS, SOURCES), **dict.fromkeys(("image", "images"), IMAGES),
    **dict.fromkeys(("artifact", "artifacts"), ARTIFACTS),
}  # fmt: skip
ALL = "all"


def read_noun(words: Sequence[str]) -> tuple[Noun, list[str]] | None:
    """The noun at the start of a command's words, and the rest; None where there is none."""
    if words and words[0] in NOUNS:
        return NOUNS[words[0]], list(words[1:])
    found = GROUPS.get(words[0], {}).get(words[1]) if len(words) > 1 else None
    return (found, list(words[2:])) if found is not None else None


def nouns_text(nouns: Iterable[Noun] = EVERY) -> str:
    """The nouns as a sentence lists them."""
    return ", ".join(noun.words for noun in nouns)


def of_kind(kind: str) -> Noun | None:
    """The noun of a kind, whatever its case; None for kinds that are none of Flux's."""
    return next((noun for noun in (*EVERY, GENERATOR) if noun.kind.lower() == kind.lower()), None)
