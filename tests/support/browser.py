"""A headless Chromium, spoken to over a pipe: pages are opened, asked, and photographed. Nothing is installed for it.

Source: the Chrome DevTools Protocol.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
# The protocol has its pipe at the file descriptors 3 and 4.
LAUNCH = "import os, sys; [os.dup2(int(sys.argv[n]), n + 2) for n in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"


def chromium() -> str | None:
    """Debian's chromium, where it is installed."""
    return shutil.which("chromium")


class Browser:
    """One page in one browser."""

    def __init__(self, process: subprocess.Popen[bytes], to: int, back: int) -> None:
        self.process, self.to, self.back = process, to, back
        self.number, self.rest = 0, b""
        self.events: list[Any] = []
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self.session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """One command to the page."""
        return self._send(method, self.session, **parameters)

    def size(self, width: int, height: int, *, scale: float = 1.0, dark: bool = False) -> None:
        """The size of the window, as a phone or a screen has it."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def open(self, url: str) -> None:
        """Load a page, and wait until it is there."""
        self.events.clear()
        self.call("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._take()

    def requested(self) -> list[str]:
        """The URLs that the page asked for since it was opened."""
        found = [event for event in self.events if event["method"] == "Network.requestWillBeSent"]
        return [str(event["params"]["request"]["url"]) for event in found]

    def value(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def tree(self) -> list[tuple[str, str]]:
        """What a screen reader goes through: roles and names, in order, without what is ignored."""
        nodes = {node["nodeId"]: node for node in self.call("Accessibility.getFullAXTree")["nodes"]}
        found, left = [], [next(name for name, node in nodes.items() if not node.get("parentId"))]
        while left:
            node = nodes[left.pop()]
            left += [child for child in reversed(node.get("childIds", ())) if child in nodes]
            if not node.get("ignored"):
                found.append((str(node["role"]["value"]), str(node.get("name", {}).get("value", ""))))
        return found

    def picture(self, path: Path) -> None:
        """A photograph of the window."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def _send(self, method: str, session: str = "", **parameters: Any) -> Any:
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            found = self._take()
            if found.get("id") == self.number:
                assert "error" not in found, found
                return found["result"]

    def _take(self) -> Any:
        """The next message; events are kept."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], PATIENCE_S)
            data = os.read(self.back, 1 << 16) if ready else b""
            assert data, "the browser says nothing"
            self.rest += data
        line, _, self.rest = self.rest.partition(b"\0")
        found = json.loads(line)
        if "method" in found:
            self.events.append(found)
        return found


@contextmanager
def browser(program: str, folder: Path) -> Iterator[Browser]:
    """A browser with a profile of its own."""
    (read_commands, to), (back, write_answers) = os.pipe(), os.pipe()
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--remote-debugging-pipe",
        f"--user-data-dir={folder / 'profile'}", "about:blank",
    ]  # fmt: skip
    ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 64) for end in (read_commands, write_answers)]
    process = subprocess.Popen(
        [sys.executable, "-c", LAUNCH, *map(str, ends), program, *flags],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=ends, env={**os.environ, "HOME": str(folder)},
    )  # fmt: skip
    for end in ends:
        os.close(end)
    os.close(read_commands)
    os.close(write_answers)
    try:
        yield Browser(process, to, back)
    finally:
        process.kill()
        process.wait()
        os.close(to)
        os.close(back)
