"""Plugins of the old kind: an executable below the plugin home, told its configuration by file and environment.

Source: kustomize v5.8.1 `execplugin.ExecPlugin`, `loader.loadExecOrGoPlugin`.
"""

from __future__ import annotations

from os.path import join

from kbuild.documents.writer import Pen, exact
from kbuild.functions.resource_list import item_of
from kbuild.functions.update import ID, id_text, take_options, update
from kbuild.model.context import Command
from kbuild.model.errors import ConfigurationError, KbuildError, PluginError, YamlError
from kbuild.model.log_line import stamped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Body

_MAX_VARIABLE = 131_071


def plugin_path(config: Resource, context: Context) -> str:
    """The executable of a configuration. Raises: PluginError, where there is none."""
    found, programs = config.original_id, context.programs()
    path = join(programs.plugin_home(), found.group, found.version, found.kind.lower(), found.kind)
    problem = programs.executable_problem(path)
    if problem is None:
        programs.refuse_library(f"{path}.so", context.warn)
    elif problem:
        raise PluginError(problem)
    return path


class ExecutablePlugin:
    """Config: any resource whose kind names an executable; `argsOneLiner` and `argsFromFile` are for its command line.

    Raises: ConfigurationError, KbuildError.
    """

    def __init__(self, config: Resource, context: Context) -> None:
        self.config, self.context = config, context
        self.path = plugin_path(config, context)
        self.text = config_text(context.shown(config))
        try:
            self.arguments = self.configured_arguments()
        except KbuildError as error:
            raise error.within(f"plugin {config.original_id} fails configuration") from None

    def configured_arguments(self) -> list[str]:
        """The arguments behind the configuration's file. Raises: ConfigurationError, KbuildError."""
        line, path = (self.text_field(name) for name in ("argsOneLiner", "argsFromFile"))
        words: list[str] = []
        if line:
            words = split(line)
        if path:
            lines = self.context.read(path).decode("utf-8", "surrogateescape").split("\n")
            words += [word for word in (text.lstrip(" ") for text in lines) if word]
        return words

    def text_field(self, name: str) -> str:
        """A top-level field of the configuration as text. Raises: ConfigurationError."""
        from kbuild.documents.config import read_config

        fields = read_config(self.text)
        found = [fields[key] for key in sorted(fields) if key.lower() == name.lower()]
        value = found[-1] if found else None
        if value is None or type(value) is str:
            return value or ""
        if type(value) in (dict, list):
            given = "object" if type(value) is dict else "array"
            raise ConfigurationError(
                f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {given} into Go struct field"
                f" argsConfig.{name} of type string"
            )
        from kbuild.documents.gojson import dumps

        return dumps(value)

    def generate(self) -> list[Resource]:
        """What the plugin prints. Raises: KbuildError."""
        return take_options(self.parsed(self.run(b"")))

    def transform(self, resources: Resources) -> None:
        """Let the plugin change, add and remove. Mutates: `resources`. Raises: KbuildError."""
        self.change(resources, is_shallow=False)

    def validate(self, resources: Resources) -> list[Resource]:
        """The same, with additions and removals lost; returns what was written anew. Mutates: the bodies."""
        return self.change(resources, is_shallow=True)

    def change(self, resources: Resources, *, is_shallow: bool) -> list[Resource]:
        """Run the plugin over resources; returns those that were there and came back."""
        from kbuild.documents.writer import write

        shown = self.context.shown
        items = [item_of(shown(resource), {ID: id_text(resource)}) for resource in resources]
        try:
            output = self.run(write([item.body for item in items]).encode("utf-8", "surrogatepass"))
        except PluginError as error:
            error.reason += " "  # The reference prints the output here, which is empty then.
            raise
        return update(resources, self.parsed(output), self.path, is_shallow=is_shallow)

    def parsed(self, output: bytes) -> list[Resource]:
        """The resources in what the plugin printed. Raises: KbuildError."""
        try:
            answered = self.context.parse(output, "")
        except YamlError as error:
            raise error.within("MalformedYAMLError") from None
        for resource in answered:
            self.context.restore(resource)
        return answered

    def run(self, stdin: bytes) -> bytes:
        """The standard output of the plugin. Raises: PluginError, with what it says on standard error."""
        programs, data = self.context.programs(), self.text.encode("utf-8", "surrogatepass")
        environment = {}
        for name, value in (("STRING", self.text), ("ROOT", programs.root)):
            variable = f"KUSTOMIZE_PLUGIN_CONFIG_{name}"
            if len(f"{variable}={value}".encode("utf-8", "surrogatepass")) <= _MAX_VARIABLE:
                environment[variable] = value
            else:
                self.context.warn(
                    stamped(
                        f"{variable} exceeds hard limit of {_MAX_VARIABLE} characters, the environment variable will be"
                        " omitted"
                    )
                )
        with programs.config_file(data) as path:
            command = Command([self.path, path, *self.arguments], environment, stdin, folder=programs.root)
            problem, output, errors = programs.run(command)
        if problem:
            shown = errors.decode("utf-8", "replace")
            place = self.config.position
            reason = f"failure in plugin configured via {path}; {problem}"
            reason = f"{shown}: {reason}" if shown else reason
            raise PluginError(reason).at_place(place)
        return output


def config_text(body: Body) -> str:
    """A configuration as the reference prints it. Raises: OutputError."""
    try:
        return Pen().whole(body)
    except ValueError:
        return Pen().whole(exact(body))


def split(line: str) -> list[str]:
    """Words of a line with a shell's quotes and comments. Raises: ConfigurationError, for a quote that stays open."""
    words: list[str] = []
    current, quote, is_escaped = "", "", False
    for char in line:
        if is_escaped:
            current, is_escaped = current + char, False
        elif char == "\\" and quote != "'":
            is_escaped = True
        elif char in "'\"" and not quote:
            quote = char
        elif char == quote:
            quote = ""
        elif char == "#" and not quote:
            return [*words, current] if current else words
        elif char.isspace() and not quote:
            if current:
                words.append(current)
            current = ""
        else:
            current += char
    if quote:
        raise ConfigurationError("failed to parse argsOneLiner: unclosed quote in string")
    return [*words, current] if current else words
