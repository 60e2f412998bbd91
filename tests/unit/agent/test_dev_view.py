"""What `kbuild dev` shows, and the server of its repository, without a cluster."""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from applier.agent.source.local_server import LocalError, LocalRepository
from applier.cli.setup.dev_view import Picture, Screen, Story, lines, state_of
from applier.model.health import Health, Status
from applier.model.ids import ObjectId

REVISION = "main@sha1:" + "8c7f14f8" + "0" * 32


def body(kind: str, status: str = "", message: str = "", reason: str = "x", **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": status, "message": message, "reason": reason}] if status else []
    return {"kind": kind, "metadata": {"name": "shop", "namespace": "a"}, "status": {"conditions": conditions, **more}}


def test_a_region_names_what_is_wrong_first_and_fits_the_terminal() -> None:
    source = body(
        "GitRepository", "True", f"stored artifact for revision '{REVISION}'", artifact={"revision": REVISION}
    )
    applier = body("Kustomization", "False", "health check failed\nmore", "HealthCheckFailed")
    objects = {
        ObjectId("", "ConfigMap", "a", "good"): Health(status=Status.CURRENT),
        ObjectId("apps", "Deployment", "a", "bad"): Health(status=Status.FAILED, message="no\x1b[2Jpods"),
    }
    found = lines(Picture(source, applier, objects), 60)
    assert [line.split()[0] for line in found] == ["✔", "✗", "✗", "✔"]
    assert "Deployment/a/bad" in found[2]
    assert "\x1b" not in "".join(found)
    assert all(len(line) <= 60 for line in found)
    assert "main@sha1:8c7f14f8 " in found[0]
    assert "more" not in found[1]


def test_many_objects_are_counted_and_a_missing_one_is_no_error() -> None:
    many = {ObjectId("", "ConfigMap", "a", f"m{n:03}"): Health(status=Status.CURRENT) for n in range(50)}
    found = lines(Picture(None, None, many), 80)
    assert found[-1] == "    and 30 more"
    assert found[0].startswith("◎ source git")


@pytest.mark.parametrize(
    ("given", "state"),
    [
        (None, ("◎", "not there yet")),
        (body("Kustomization"), ("◎", "waiting to be reconciled")),
        (body("Kustomization", "True", "Applied"), ("✔", "Applied")),
        (body("Kustomization", "False", "Source artifact not found", "ArtifactFailed"), ("◎", "Source artifact not found")),
        (body("Kustomization", "False", "kustomization path not found: x", "ArtifactFailed"), ("✗", "kustomization path not found: x")),
        (body("Kustomization", "False", "no", "BuildFailed"), ("✗", "no")),
    ],
)  # fmt: skip
def test_a_state_is_a_sign_and_a_message(given: dict[str, Any] | None, state: tuple[str, str]) -> None:
    assert state_of(given) == state


def test_each_state_is_told_once_above_the_region(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(is_live=True)
    story = Story(screen)
    screen.region(["one", "two"])
    screen.region(["one", "two"])
    story.tell(body("Kustomization", "True", "Applied"))
    story.tell(body("Kustomization", "True", "Applied"))
    assert capsys.readouterr().err == "one\ntwo\n\x1b[2A\x1b[J✔ Kustomization shop: Applied\none\ntwo\n"
    plain = Screen(is_live=False)
    plain.region(["one"])
    plain.say("✔", "done")
    assert capsys.readouterr().err == "✔ done\n"


def git(folder: Path, *command: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", *who, *command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[LocalRepository]:
    root = tmp_path / "a shop"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "deep").mkdir()
    (root / "deep" / "file").write_text("text\n" * 10_000)
    git(root, "add", "-A")
    git(root, "commit", "--quiet", "-m", "one")
    found = LocalRepository.around(root / "deep")
    found.start()
    yield found
    found.stop()


@pytest.mark.parametrize("protocol", ["0", "2"])
def test_a_repository_is_cloned_from_it_by_every_protocol(
    served: LocalRepository, tmp_path: Path, protocol: str
) -> None:
    git(tmp_path, "-c", f"protocol.version={protocol}", "clone", "--quiet", "--depth=1", served.url, "copy")
    assert (tmp_path / "copy" / "deep" / "file").read_text() == "text\n" * 10_000
    assert git(tmp_path / "copy", "rev-parse", "HEAD") == served.head("main")
    assert served.branch() == "main"


def test_it_can_be_read_alone_and_only_by_who_knows_its_address(served: LocalRepository, tmp_path: Path) -> None:
    front, _, name = served.url.rpartition("/")
    for url, status in (
        (f"{served.url}/info/refs?service=git-receive-pack", 403),
        (f"{front[:-1]}x/{name}/info/refs", 404),
    ):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url, timeout=10)
        assert caught.value.code == status
        caught.value.close()
    assert front.rpartition("/")[2] not in repr(served)


def test_what_is_no_repository_and_what_is_not_committed_is_noticed(served: LocalRepository, tmp_path: Path) -> None:
    assert not served.has_changes()
    (served.root / "new").write_text("x")
    assert served.has_changes()
    with pytest.raises(LocalError, match='has no branch "nope"'):
        served.head("nope")
    (tmp_path / "plain").mkdir()
    with pytest.raises(LocalError, match="is in no Git repository"):
        LocalRepository.around(tmp_path / "plain")
