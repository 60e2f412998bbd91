"""What `create --export` prints, against what Flux printed for the same line; and what it refuses, in Flux's words."""

from __future__ import annotations

import pytest

import kbuild
from applier.cli.setup import nouns, objects, secrets
from applier.cli.setup.create import create
from applier.cli.setup.create_flags import BY_NOUN, FLAGS

HEAD = "---\napiVersion: {0}\nkind: {1}\nmetadata:\n  name: {2}\n  namespace: flux-system\nspec:\n"
SOURCE, APPLIER = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1"
BETA, NOTIFIER = "notification.toolkit.fluxcd.io/v1beta3", "notification.toolkit.fluxcd.io/v1"

# Recorded from flux 2.9.4.
RECORDED = {
    "branch": (
        "source git foo --url=http://git.example.test/shop.git --branch=main --interval=1m --secret-ref=shop-git",
        HEAD.format(SOURCE, "GitRepository", "foo") + "  interval: 1m0s\n  ref:\n    branch: main\n  secretRef:\n    name: shop-git\n"
        "  url: http://git.example.test/shop.git\n",
    ),
    "semver": (
        "source git foo --url=https://x.test/a.git --tag-semver=>=1.0 --ignore-paths=a,b",
        HEAD.format(SOURCE, "GitRepository", "foo")
        + "  ignore: |-\n    a\n    b\n  interval: 1m0s\n  ref:\n    semver: '>=1.0'\n  url: https://x.test/a.git\n",
    ),
    "kustomization": (
        "kustomization foo --source=GitRepository/shop --path=./deploy/nokfile/app --prune=true --interval=5m --wait"
        " --depends-on=web --health-check=Deployment/web.apps --target-namespace=apps",
        HEAD.format(APPLIER, "Kustomization", "foo") + "  dependsOn:\n  - name: web\n  interval: 5m0s\n  path: ./deploy/nokfile/app\n"
        "  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: shop\n  targetNamespace: apps\n  timeout: 2m0s\n  wait: true\n",
    ),
    "path without dot": (
        "kustomization foo --source=GitRepository/shop --path=deploy --prune",
        HEAD.format(APPLIER, "Kustomization", "foo")
        + "  interval: 1m0s\n  path: ./deploy\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: shop\n",
    ),
    "source by name": (
        "ks foo --source=shop --path=./deploy",
        HEAD.format(APPLIER, "Kustomization", "foo")
        + "  interval: 1m0s\n  path: ./deploy\n  prune: false\n  sourceRef:\n    kind: GitRepository\n    name: shop\n",
    ),
    "secret": (
        "secret git g1 --url=https://x.test/a.git -u bob -p s3",
        "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: g1\n  namespace: flux-system\nstringData:\n  password: s3\n"
        "  username: bob\n\n",
    ),
    "provider": (
        "alert-provider slack --type slack --channel gen --address https://hooks.slack.test/x",
        HEAD.format(BETA, "Provider", "slack") + "  address: https://hooks.slack.test/x\n  channel: gen\n  type: slack\n",
    ),
    "alert": (
        "alert a1 --provider-ref slack --event-severity info --event-source GitRepository/shop --event-source Kustomization/*",
        HEAD.format(BETA, "Alert", "a1") + "  eventSeverity: info\n  eventSources:\n  - kind: GitRepository\n    name: shop\n"
        "  - kind: Kustomization\n    name: '*'\n  providerRef:\n    name: slack\n",
    ),
    "receiver": (
        "receiver r1 --type github --event ping --event push --secret-ref tok --resource GitRepository/shop",
        HEAD.format(NOTIFIER, "Receiver", "r1") + "  events:\n  - ping\n  - push\n  resources:\n  - kind: GitRepository\n    name: shop\n"
        "  secretRef:\n    name: tok\n  type: github\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("line", RECORDED.values(), ids=RECORDED)
def test_export_prints_what_flux_prints(line: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert create([*line[0].split(), "--export"]) == 0
    found = capsys.readouterr()
    assert (found.out, found.err) == (line[1], "")


GUIDE = """
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: aks-landing-zone
  namespace: flux-system
spec:
  interval: 1m0s
  url: https://github.com/your-org/AKS
  ref:
    branch: main
  secretRef:
    name: flux-git-credentials
  ignore: |-
    /modules/
    /*.tf
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: aks-lab-workloads
  namespace: flux-system
spec:
  interval: 5m0s
  sourceRef:
    kind: GitRepository
    name: aks-landing-zone
  path: ./k8s
  prune: true
  wait: true
  timeout: 5m0s
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata:
  name: flux-alerts
  namespace: flux-system
spec:
  providerRef:
    name: webhook-provider
  eventSeverity: info
  eventSources:
    - kind: Kustomization
      name: '*'
    - kind: GitRepository
      name: '*'
"""
GUIDE_LINES = (
    "source git aks-landing-zone --url=https://github.com/your-org/AKS --branch=main --secret-ref=flux-git-credentials"
    " --ignore-paths=/modules/,/*.tf",
    "kustomization aks-lab-workloads --source=GitRepository/aks-landing-zone --path=./k8s --prune --wait --interval=5m"
    " --health-check-timeout=5m",
    "alert flux-alerts --provider-ref=webhook-provider --event-source=Kustomization/* --event-source=GitRepository/*",
)


def test_f74_the_objects_of_a_guide_can_be_made_by_flags(capsys: pytest.CaptureFixture[str]) -> None:
    for line in GUIDE_LINES:
        assert create([*line.split(), "--export"]) == 0
    assert kbuild.read_documents(capsys.readouterr().out) == kbuild.read_documents(GUIDE)


REFUSED = {
    "a Git ref is required, use one of the following: --branch, --tag, --commit, --ref-name or --tag-semver":
        "source git foo --url=https://x.test/a.git",
    'git URL parse failed: parse "git@x.test:a.git": first path segment in URL cannot contain colon':
        "source git foo --url=git@x.test:a.git --branch=main",
    "git URL scheme 'file' not supported, can be: ssh, http and https": "source git foo --url=file:///a --branch=main",
    "source is required": "kustomization foo --path=./a",
    "source kind 'ConfigMap' is not supported, must be one of: GitRepository, OCIRepository, Bucket, ExternalArtifact":
        "kustomization foo --source=ConfigMap/a",
    "invalid health check 'Deployment/web' must be in the format 'kind/name.namespace'":
        "kustomization foo --source=a --health-check=Deployment/web",
    "invalid health check kind 'Job' can be HelmRelease, Deployment, DaemonSet or StatefulSet":
        "kustomization foo --source=a --health-check=Job/a.b",
    'invalid argument "soon" for "--interval" flag: time: invalid duration "soon"': "kustomization foo --source=a --interval=soon",
    "unknown flag: --branch (for kustomization)": "kustomization foo --source=a --branch=b",
    "Kustomization name is required": "kustomization --source=a",
    "unknown argument: bar": "kustomization foo bar --source=a",
    "invalid --label 'a', must be in the format key=value": "kustomization foo --source=a --label=a",
    "for Git over HTTP/S the username and password, or bearer token is required": "secret git a --url=https://x.test/a",
    "invalid event source 'shop', must be in format <kind>/<name>": "alert a --provider-ref b --event-source shop",
}  # fmt: skip


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_made_is_refused_in_fluxs_words(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert create([*REFUSED[sentence].split(), "--export"]) == 1
    found = capsys.readouterr()
    assert (found.out, found.err) == ("", f"✗ {sentence}\n")


def test_an_unknown_noun_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert create(["image", "foo"]) == 1
    assert capsys.readouterr().err == f"✗ say what to create: {', '.join(BY_NOUN)}\n"


def test_a_flag_means_one_thing_whatever_is_created() -> None:
    by_name = {flag.name: flag for flag in FLAGS}
    for flags in BY_NOUN.values():
        assert all(by_name[flag.name] is flag for flag in flags)
        shorts = [flag.short for flag in flags if flag.short]
        assert len(shorts) == len(set(shorts))


def test_credentials_of_git_become_a_reference_by_the_sources_name(capsys: pytest.CaptureFixture[str]) -> None:
    line = "source git foo --url=https://x.test/a.git --branch=main -u git -p hidden --export"
    assert create(line.split()) == 0
    out = capsys.readouterr().out
    assert "  secretRef:\n    name: foo\n" in out
    assert "hidden" not in out


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("GitRepository/shop.apps", {"kind": "GitRepository", "name": "shop", "namespace": "apps"}),
        ("bucket/shop", {"kind": "Bucket", "name": "shop"}),
    ],
)
def test_a_source_is_named_by_kind_name_and_namespace(text: str, reference: dict[str, str]) -> None:
    assert nouns.source(text) == reference


def test_what_is_exported_makes_the_object_anew_and_no_more() -> None:
    body = {
        "apiVersion": APPLIER, "kind": "Kustomization",
        "metadata": {
            "name": "a", "namespace": "b", "uid": "1", "finalizers": ["x"], "annotations": {"k": "v"}, "managedFields": [],
        },
        "spec": {"prune": False, "wait": False, "force": False, "patches": [{"patch": "x", "target": {"keep": False}}]},
        "status": {"observedGeneration": 1},
    }  # fmt: skip
    assert objects.exported(body) == {
        "apiVersion": APPLIER, "kind": "Kustomization", "metadata": {"name": "a", "namespace": "b", "annotations": {"k": "v"}},
        "spec": {"prune": False, "patches": [{"patch": "x", "target": {}}]},
    }  # fmt: skip
    values = {
        "spec": {"values": {"enabled": False}},
        "apiVersion": "h",
        "kind": "HelmRelease",
        "metadata": {"name": "a"},
    }
    assert objects.exported(values)["spec"] == {"values": {"enabled": False}}


@pytest.mark.parametrize("algorithm", secrets.ALGORITHMS)
def test_a_new_ssh_key_is_a_pair_and_its_private_half_is_not_shown(algorithm: str) -> None:
    key = secrets.generated_key(algorithm)
    assert "PRIVATE KEY" in key.private
    assert key.public.split()[0].startswith(("ecdsa-sha2-nistp384", "ssh-rsa", "ssh-ed25519"))
    assert "PRIVATE" not in repr(key)
    values = secrets.ssh_data(key, "host ssh-rsa A\n")
    assert [*values] == ["identity", "identity.pub", "known_hosts"]


def test_the_public_half_of_a_given_key_is_found(tmp_path: object) -> None:
    key = secrets.generated_key("ed25519")
    path = f"{tmp_path}/key"
    with open(path, "w") as file:
        file.write(key.private)
    assert secrets.key_of(path).public.split()[:2] == key.public.split()[:2]
