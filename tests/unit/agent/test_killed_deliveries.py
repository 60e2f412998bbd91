"""A process that delivers is killed at random moments: what it has said to have taken is delivered, in the end."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PROCESS = Path(__file__).parents[2] / "support" / "delivery_process.py"
KILLS = 30 if os.environ.get("KBUILD_SOAK") else 4
SEED = int(os.environ.get("KBUILD_SEED", "7"))
TOGETHER = 40  # events between two kills


class Endpoint(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        found = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(0.002)
        self.server.messages.append(found["message"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def endpoint() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads, server.messages = True, []  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def event(number: int) -> str:
    involved = {
        "kind": "Kustomization",
        "namespace": "apps",
        "name": f"k{number % 7}",
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
    }
    return json.dumps(
        {"involvedObject": involved, "severity": "info", "timestamp": "2026-01-01T00:00:00Z", "message": f"m{number}", "reason": "R"}
    )  # fmt: skip


def started(folder: Path, url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, str(PROCESS), str(folder), url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def ended(process: subprocess.Popen[str]) -> list[str]:
    """Kill a process; returns what else it had said to have taken."""
    process.kill()
    rest, _ = process.communicate()
    return rest.split()


def test_what_was_taken_is_delivered_whenever_the_process_is_killed(
    tmp_path: Path, endpoint: ThreadingHTTPServer
) -> None:
    dice, taken = random.Random(SEED), set()
    url = f"http://127.0.0.1:{endpoint.server_port}/hook"
    for kill in range(KILLS):
        process = started(tmp_path, url)
        assert process.stdin is not None
        for number in range(kill * TOGETHER, (kill + 1) * TOGETHER):
            process.stdin.write(event(number) + "\n")
        process.stdin.flush()
        time.sleep(dice.uniform(0.0, 0.15))
        taken |= set(ended(process))
    last = started(tmp_path, url)
    messages: list[str] = endpoint.messages  # type: ignore[attr-defined]
    deadline = time.monotonic() + 60
    while not taken <= set(messages) or any((tmp_path / "waiting").glob("*.json")):
        assert time.monotonic() < deadline, sorted(taken - set(messages))
        time.sleep(0.05)
    ended(last)
    assert taken, f"seed {SEED}: killed too early each time"
    for name in range(7):  # first deliveries of one object come in their order
        numbers = [int(text[1:]) for text in dict.fromkeys(messages) if int(text[1:]) % 7 == name]
        assert numbers == sorted(numbers)
