"""Helm, run as a program: its environment, its temporary folder, and how its output becomes resources.

Imported when a kustomization has a chart. Helm gets an argument list and no shell.
Source: kustomize v5.8.1 `HelmChartInflationGenerator.runHelmCommand`, `Generate`.
"""

from __future__ import annotations

import os
import shutil
import subprocess

from kbuild.documents.reader import read_documents
from kbuild.documents.wrapped import unwrap
from kbuild.fields.validation import validate
from kbuild.finish.local_config import is_local
from kbuild.load import resource_file
from kbuild.load.programs import exit_text
from kbuild.load.scratch import Scratch
from kbuild.load.tree import check_unique
from kbuild.model.errors import KbuildError, PluginError, YamlError
from kbuild.model.internal_annotations import take
from kbuild.model.resource import Resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.counters import Counters
    from kbuild.documents.reader import Memo
    from kbuild.options import Options


class HelmRun:
    """What one chart needs of the machine. `root` is the folder of its kustomization.

    It works on the real file system, whatever the render reads from: helm does.
    """

    __slots__ = ("_counters", "_memo", "_scopes", "_scratch", "options", "root")

    def __init__(
        self, root: str, options: Options, scopes: frozenset[tuple[str, str]], memo: Memo, counters: Counters
    ) -> None:
        self.root, self.options = root, options
        self._scopes, self._memo, self._counters = scopes, memo, counters
        self._scratch: Scratch | None = None

    def folder(self) -> str:
        """A temporary folder for this chart."""
        if self._scratch is None:
            self._scratch = Scratch("kustomize-helm-")
        return self._scratch.path

    def close(self) -> None:
        """Remove the temporary folder."""
        if self._scratch is not None:
            self._scratch.remove()
            self._scratch = None

    def exists(self, path: str) -> bool:
        """Whether there is anything at the path."""
        return os.path.exists(path)

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder."""
        return os.path.isdir(path)

    def write(self, name: str, data: bytes) -> str:
        """Write a file into the temporary folder; returns its path. Raises: PluginError."""
        path = os.path.join(self.folder(), name)
        try:
            with open(path, "wb") as file:
                file.write(data)
        except (OSError, ValueError) as error:
            reason = (getattr(error, "strerror", "") or "invalid argument").lower()
            raise PluginError(f"failed to write values file: open {path}: {reason}") from None
        return path

    def run(self, arguments: list[str], config_home: str) -> bytes:
        """The standard output of helm. Raises: PluginError, with what helm says on standard error."""
        homes = {
            "HELM_CONFIG_HOME": config_home,
            "HELM_CACHE_HOME": f"{config_home}/.cache",
            "HELM_DATA_HOME": f"{config_home}/.data",
        }
        output, errors, problem = b"", b"", ""
        self._counters.remotes += arguments[0] == "template"
        try:
            done = subprocess.run(  # noqa: S603, the program that the user named, an argument list, no shell
                [self._program(), *arguments],
                env={**os.environ, **homes},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
            )
            output, errors, problem = done.stdout, done.stderr, exit_text(done.returncode)
        except (OSError, ValueError) as error:
            problem = self._start_problem(error)
        if not problem:
            return output
        helm = self.options.helm_command
        shown = errors.decode("utf-8", "replace")
        if "--debug" in arguments:
            shown = f" Helm stack trace:\n{shown}\nHelm template:\n{output.decode('utf-8', 'replace')}\n"
        environment = " ".join(f"{name}={value}" for name, value in homes.items())
        raise PluginError(
            f"{shown and shown + ': '}unable to run: '{helm} {' '.join(arguments)}' with env=[{environment}]"
            f" (is '{helm}' installed?): {problem}"
        )

    def _program(self) -> str:
        """The path of helm. Raises: FileNotFoundError."""
        command = self.options.helm_command
        found = command if "/" in command else shutil.which(command)
        if not found:
            raise FileNotFoundError(command)
        return found

    def _start_problem(self, error: OSError | ValueError) -> str:
        command = self.options.helm_command
        if "/" not in command:
            return f'exec: "{command}": executable file not found in $PATH'
        if os.path.isdir(command):
            return f'exec: "{command}": is a directory'
        reason = getattr(error, "strerror", "") or "invalid argument"
        return f"fork/exec {command}: {reason.lower()}"

    def parse(self, output: bytes) -> list[Resource]:
        """The resources in helm's output. Raises: KbuildError."""
        try:
            found = resource_file.parse(output, "", self._scopes, self._memo, self._counters)
            check_unique(found)
        except KbuildError as error:
            return self._parse_leniently(output, error)
        return found

    def _parse_leniently(self, output: bytes, first: KbuildError) -> list[Resource]:
        """The reference's second attempt: lists are taken as they are, what is local configuration is left out.

        Raises: KbuildError, mostly the same again.
        """
        try:
            documents = unwrap(read_documents(output, self._memo, self._counters), output)
        except KbuildError as error:
            mark = "MalformedYAMLError: " if isinstance(error, YamlError) else ""
            error.reason = f"error reading helm output: {mark}{error.reason}"
            raise
        found = []
        try:
            for body, _ in documents:
                if resource_file.is_nothing(body):
                    continue
                validate(body)
                resource = Resource(body, scopes=self._scopes)
                take(resource)
                if not is_local(resource):
                    found.append(resource)
            check_unique(found)
        except KbuildError as error:
            raise error.within("could not parse rnode slice into resource map") from None
        if not documents:
            raise first.within("could not parse bytes into resource map")
        return found
