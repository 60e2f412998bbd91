"""`kbuild agent` as a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import Any

from agent_bed import AgentBed
from bed import KBUILD


class Process:
    """An agent in a process of its own; its log is read as it grows."""

    def __init__(self, scene: AgentBed, name: str, *flags: str, storage: str = "") -> None:
        self.log = scene.folder / f"{name}.log"
        self.file = self.log.open("w")
        command = [
            str(KBUILD),
            "agent",
            "-n",
            scene.namespace,
            "--storage-path",
            str(scene.folder / (storage or name)),
            *flags,
        ]
        self.process = subprocess.Popen(
            command, env=scene.bed.environment(RUNTIME_NAMESPACE=scene.namespace), stderr=self.file, stdout=self.file
        )

    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def says(self, message: str) -> bool:
        return any(line["msg"] == message for line in self.lines())

    def end(self, name: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(name)
        code = self.process.wait(timeout=30)
        self.file.close()
        return code
