"""What `create --export` prints, against what Flux printed for the same line; and what it refuses, in Flux's words."""

from __future__ import annotations

from pathlib import Path

import pytest

import kbuild
from applier.cli.setup import nouns, objects, secrets
from applier.cli.setup.create import create
from applier.cli.setup.create_flags import BY_NOUN, FLAGS

HEAD = "---\napiVersion: {0}\nkind: {1}\nmetadata:\n  name: {2}\n  namespace: flux-system\nspec:\n"
SOURCE, APPLIER = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1"
CHARTS = "helm.toolkit.fluxcd.io/v2"
SECRET = "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ss\n  namespace: flux-system\n"
HOOK = "https://flux.example.com/hook/24164762b42928b99a6ecf3129bb54e8c39aae51879a79e5fe07f7b4d3fa0287"
BETA, NOTIFIER = "notification.toolkit.fluxcd.io/v1beta3", "notification.toolkit.fluxcd.io/v1"

# Recorded from flux 2.9.4 and 2.9.5.
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
    "secret for charts": (
        "secret helm ss -u me -p pw", SECRET + "stringData:\n  password: pw\n  username: me\ntype: kubernetes.io/basic-auth\n\n",
    ),
    "empty secret for charts": ("secret helm ss", SECRET + "\n"),
    "secret for a proxy": (
        "secret proxy ss --address https://p:1 -u a -p b",
        SECRET + "stringData:\n  address: https://p:1\n  password: b\n  username: a\ntype: Opaque\n\n",
    ),
    "secret for a registry": (
        "secret oci ss --url ghcr.io/a/b -u me -p pw",
        SECRET + 'stringData:\n  .dockerconfigjson: |-\n    {\n      "auths": {\n        "ghcr.io/a/b": {\n          "username": "me",\n'
        '          "password": "pw",\n          "auth": "bWU6cHc="\n        }\n      }\n    }\ntype: kubernetes.io/dockerconfigjson\n\n',
    ),
    "secret for a webhook": (
        "secret receiver ss --type github --token tok --hostname flux.example.com",
        SECRET.replace("  name", f"  annotations:\n    notification.toolkit.fluxcd.io/webhook: {HOOK}\n  name", 1)
        + "stringData:\n  token: tok\n\n",
    ),
    "secret for a registry's webhook": (
        "secret receiver ss --type gcr --token tok --hostname flux.example.com --email-claim a@b",
        SECRET.replace("  name", f"  annotations:\n    notification.toolkit.fluxcd.io/webhook: {HOOK}\n  name", 1)
        + f"stringData:\n  audience: {HOOK}\n  email: a@b\n  token: tok\n\n",
    ),
    "charts": (
        "source helm hh --url https://c.test/charts --interval 5m",
        HEAD.format(SOURCE, "HelmRepository", "hh") + "  interval: 5m0s\n  url: https://c.test/charts\n",
    ),
    "charts of a registry": (
        "source helm hh --url oci://c.test/charts",
        HEAD.format(SOURCE, "HelmRepository", "hh") + "  interval: 1m0s\n  type: oci\n  url: oci://c.test/charts\n",
    ),
    "charts behind a password, the Secret of which is not printed": (
        "source helm hh --url https://c.test/charts -u a -p b",
        HEAD.format(SOURCE, "HelmRepository", "hh") + "  interval: 1m0s\n  url: https://c.test/charts\n",
    ),
    "charts with a secret": (
        "source helm hh --url https://c.test --secret-ref x --pass-credentials",
        HEAD.format(SOURCE, "HelmRepository", "hh")
        + "  interval: 1m0s\n  passCredentials: true\n  secretRef:\n    name: x\n  url: https://c.test\n",
    ),
    "chart": (
        "source chart cc --source HelmRepository/charts --chart podinfo --chart-version >1",
        HEAD.format(SOURCE, "HelmChart", "cc") + "  chart: podinfo\n  interval: 1m0s\n  reconcileStrategy: ChartVersion\n"
        "  sourceRef:\n    kind: HelmRepository\n    name: charts\n  version: '>1'\n",
    ),
    "registry": (
        "source oci oo --url oci://ghcr.io/a/b --tag 1",
        HEAD.format(SOURCE, "OCIRepository", "oo")
        + '  interval: 1m0s\n  provider: generic\n  ref:\n    tag: "1"\n  url: oci://ghcr.io/a/b\n',
    ),
    "bucket": (
        "source bucket bb --bucket-name n --endpoint e",
        HEAD.format(SOURCE, "Bucket", "bb") + '  bucketName: "n"\n  endpoint: e\n  interval: 1m0s\n  provider: generic\n',
    ),
    "release": (
        "hr rr --chart podinfo --source HelmRepository/charts",
        HEAD.format(CHARTS, "HelmRelease", "rr") + "  chart:\n    spec:\n      chart: podinfo\n      reconcileStrategy: ChartVersion\n"
        "      sourceRef:\n        kind: HelmRepository\n        name: charts\n  interval: 1m0s\n",
    ),
    "release with all flags": (
        "hr rr --chart podinfo --source HelmRepository/charts.other --chart-version 1.x --target-namespace t --create-target-namespace"
        " --release-name rr --depends-on a,b/c --values-from ConfigMap/v --service-account sa --crds CreateReplace --timeout 3m"
        " --interval 2m --storage-namespace t",
        HEAD.format(CHARTS, "HelmRelease", "rr") + "  chart:\n    spec:\n      chart: podinfo\n      reconcileStrategy: ChartVersion\n"
        "      sourceRef:\n        kind: HelmRepository\n        name: charts\n        namespace: other\n      version: 1.x\n"
        "  dependsOn:\n  - name: a\n  - name: c\n    namespace: b\n  install:\n    crds: Create\n    createNamespace: true\n"
        "  interval: 2m0s\n  releaseName: rr\n  serviceAccountName: sa\n  storageNamespace: t\n  targetNamespace: t\n"
        "  upgrade:\n    crds: CreateReplace\n  valuesFrom:\n  - kind: ConfigMap\n    name: v\n",
    ),
    "release of a chart": (
        "helmrelease rr --chart-ref OCIRepository/o",
        HEAD.format(CHARTS, "HelmRelease", "rr") + "  chartRef:\n    kind: OCIRepository\n    name: o\n  interval: 1m0s\n",
    ),
    "tenant": (
        "tenant tt --with-namespace apps",
        "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    toolkit.fluxcd.io/tenant: tt\n  name: apps\n"
        "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  labels:\n    toolkit.fluxcd.io/tenant: tt\n  name: tt\n  namespace: apps\n"
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata:\n  labels:\n    toolkit.fluxcd.io/tenant: tt\n"
        "  name: tt-reconciler\n  namespace: apps\nroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n"
        "  name: cluster-admin\nsubjects:\n- apiGroup: rbac.authorization.k8s.io\n  kind: User\n  name: gotk:apps:reconciler\n"
        "- kind: ServiceAccount\n  name: tt\n  namespace: apps\n",
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
    "name is required": "kustomization --source=a",
    "name 'A_b' is invalid, it should adhere to standard defined in RFC 1123, the name can only contain alphanumeric characters or '-'":
        "source helm A_b --url https://c.test",
    "password is required": "secret helm ss -u me",
    "failed to read cert file: open nope: no such file or directory": "secret helm ss --tls-crt-file nope",
    "unable to read TLS CA file: open nope: no such file or directory": "secret helm ss --ca-crt-file nope",
    "no CA certificate or client certificate pair found": "secret tls ss",
    "address is required": "secret proxy ss",
    "--url is required": "secret oci ss",
    "--username is required": "secret oci ss --url ghcr.io/a/b",
    "--password is required": "secret oci ss --url ghcr.io/a/b -u a",
    "--email-claim is required for gcr receiver type": "secret receiver ss --type gcr --hostname x",
    "--hostname is required": "secret receiver ss --type generic",
    "--type is required": "secret receiver ss",
    "unable to read private key file: open : no such file or directory": "secret githubapp ss --app-id 1",
    "url scheme 'ftp' not supported, can be: http, https and oci": "source helm hh --url ftp://x",
    "chart source is required": "source chart cc --chart podinfo",
    "chart name or path is required": "source chart cc --source HelmRepository/charts",
    "--tag, --tag-semver or --digest is required": "source oci oo --url oci://ghcr.io/a/b",
    "chart or chart-ref is required": "hr rr",
    "cannot use --chart in combination with --chart-ref": "hr rr --chart a --chart-ref HelmChart/a",
    "reference kind 'Pod' is not supported, must be one of: Secret, ConfigMap": "hr rr --chart-ref HelmChart/a --values-from Pod/a",
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


def test_secrets_of_files_hold_their_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("crt", "key", "ca"):
        (tmp_path / name).write_text(f"-----BEGIN {name}-----\n")
    files = [
        f"--tls-crt-file={tmp_path}/crt",
        f"--tls-key-file={tmp_path}/key",
        f"--ca-crt-file={tmp_path}/ca",
        "--export",
    ]
    wanted = SECRET + "stringData:\n" + "".join(
        f"  {field}: |\n    -----BEGIN {name}-----\n" for field, name in (("ca.crt", "ca"), ("tls.crt", "crt"), ("tls.key", "key"))
    )  # fmt: skip
    assert create(["secret", "tls", "ss", *files]) == 0
    assert capsys.readouterr().out == f"{wanted}type: kubernetes.io/tls\n"
    assert create(["secret", "helm", "ss", *files]) == 0
    assert capsys.readouterr().out == f"{wanted}type: kubernetes.io/tls\n\n"
    assert create(["secret", "tls", "ss", files[0], "--export"]) == 1
    assert capsys.readouterr().err == "✗ found certificate but missing private key\n"
    app = ["secret", "githubapp", "ss", "--app-id=1", f"--app-private-key={tmp_path}/key", "--export"]
    assert create([*app, "--app-installation-id=2"]) == 0
    assert capsys.readouterr().out == (
        SECRET + 'stringData:\n  githubAppID: "1"\n  githubAppInstallationID: "2"\n  githubAppPrivateKey: |\n'
        "    -----BEGIN key-----\ntype: Opaque\n\n"
    )
    assert create(app) == 1
    (tmp_path / "values.yaml").write_text("a: {b: 1}\n")
    (tmp_path / "more.yaml").write_text("a: {c: 2}\n")
    values = f"--values={tmp_path}/values.yaml,{tmp_path}/more.yaml"
    assert create(["hr", "rr", "--chart-ref=HelmChart/a", values, "--export"]) == 0
    assert "  values:\n    a:\n      b: 1\n      c: 2\n" in capsys.readouterr().out


def test_a_generated_token_of_a_webhook_is_long_and_new(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = set()
    for _ in range(2):
        assert create(["secret", "receiver", "ss", "--type", "generic", "--hostname", "h", "--export"]) == 0
        tokens.add(kbuild.read_documents(capsys.readouterr().out.encode(), "out")[0]["stringData"]["token"])
    assert len(tokens) == 2
    assert {len(token) for token in tokens} == {64}


def test_exported_durations_are_written_as_go_writes_them() -> None:
    body = {
        "apiVersion": APPLIER, "kind": "Kustomization", "metadata": {"name": "a", "namespace": "b"},
        "spec": {
            "interval": "1h", "timeout": "60s", "retryInterval": "never",
            "postBuild": {"substitute": {"interval": "1h"}}, "commonMetadata": {"labels": {"timeout": "60s"}},
        },
    }  # fmt: skip
    assert objects.exported(body)["spec"] == {
        "interval": "1h0m0s", "timeout": "1m0s", "retryInterval": "never",
        "postBuild": {"substitute": {"interval": "1h"}}, "commonMetadata": {"labels": {"timeout": "60s"}},
    }  # fmt: skip
