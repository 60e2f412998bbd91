"""A function as generator, transformer or validator: run in a container, or as a program where that is enabled.

Source: kustomize v5.8.1 `fnplugin.FnPlugin`, kyaml v0.21.1 `runfn.RunFns`.
"""

from __future__ import annotations

from kbuild.functions import container, resource_list
from kbuild.functions import reader_annotations as marks
from kbuild.functions.comments import check_shapes
from kbuild.functions.update import ID, id_text, take_options, update
from kbuild.model.context import Command
from kbuild.model.errors import KbuildError, OutputError, PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kbuild.functions.resource_list import Item
    from kbuild.functions.spec import FunctionSpec
    from kbuild.model.context import Context
    from kbuild.model.resource import Resource
    from kbuild.model.resources import Resources
    from kbuild.model.scalars import Body

    Texts = dict[str, str]


class FunctionPlugin:
    """Config: any resource that names a function."""

    def __init__(self, config: Resource, spec: FunctionSpec, context: Context) -> None:
        self.config, self.spec, self.context = config, spec, context
        found = config.id
        self.name = f"api: {found.api_version}, kind: {found.kind}, name: {found.name}"

    def generate(self) -> list[Resource]:
        """What the function makes of its configuration. Raises: KbuildError."""
        made = self.answer([resource_list.config_item(self.context.shown(self.config))])
        return take_options(made)

    def transform(self, resources: Resources) -> None:
        """Let the function change, add and remove. Mutates: `resources`. Raises: KbuildError."""
        self.change(resources, is_shallow=False)

    def validate(self, resources: Resources) -> list[Resource]:
        """The same, with additions and removals lost; returns what was written anew. Mutates: the bodies."""
        return self.change(resources, is_shallow=True)

    def change(self, resources: Resources, *, is_shallow: bool) -> list[Resource]:
        """Run the function over resources; returns those that were there and came back."""
        shown = self.context.shown
        items = [resource_list.item_of(shown(resource), {ID: id_text(resource)}) for resource in resources]
        if not items:
            # The reference takes no resources for no input, and gives a function its configuration then.
            items = [resource_list.config_item(shown(self.config))]
        try:
            answered = self.answer(items)
        except PluginError as error:
            error.reason += " "  # The reference prints the output here, which is empty then.
            raise
        return update(resources, answered, self.name, is_shallow=is_shallow)

    def answer(self, items: list[Item]) -> list[Resource]:
        """The resources that come back. Raises: PluginError, for the run; KbuildError, for what came back."""
        try:
            text = self.run(items)
        except OutputError:
            raise  # The reference prints resources before it runs anything.
        except KbuildError as error:
            place = self.config.position
            reason = f"couldn't execute function: {error.reason}"
            raise PluginError(reason, error.position, error.hint).at_place(place) from None
        answered = self.context.parse(text, "")
        for resource in answered:
            self.context.restore(resource)
        return answered

    def run(self, items: list[Item]) -> str:
        """Documents to documents. Raises: KbuildError."""
        for index, item in enumerate(items):
            marks.number(item.texts, index)
        command = self.command()
        if command is None:
            return resource_list.documents(items)
        originals = {str(index): marks.prepare(item.texts, index) for index, item in enumerate(items)}
        folder, inside, outside = self.scoped(items)
        inputs: dict[str, Body] = {}
        for number, item in enumerate(inside, 1):
            item.texts[marks.ID] = item.texts[marks.OLD_ID] = str(number)
            inputs[str(number)] = item.body
        command.stdin = resource_list.write(inside, resource_list.config_item(self.context.shown(self.config)))
        problem, output, _ = self.context.programs().run(command)
        outputs = resource_list.read(output, self.context)
        for item in outputs:
            self.match(item, inputs)
        if problem and not self.spec.defers_failure:
            raise PluginError(problem)
        for item in outputs:
            resource_list.set_default_path(item, folder)
        outputs += outside
        for item in outputs:
            marks.reconcile(item.texts, originals)
        if problem:
            raise PluginError(problem)
        return resource_list.documents(outputs)

    def command(self) -> Command | None:
        """How the function is run, None for an exec function that is not enabled. Raises: PluginError."""
        spec, programs = self.spec, self.context.programs()
        options = programs.options
        if spec.needs_network and not options.network:
            raise PluginError("network required but not enabled with --network")
        if spec.image:
            words = container.arguments(
                spec,
                user=programs.user() if options.as_current_user else container.NOBODY,
                mounts=options.mounts,
                env=options.env,
                folder=programs.root,
            )
            return Command([programs.container_program(), *words], folder=programs.root, shows_errors=True)
        if not (options.enable_exec and spec.path):
            return None
        environment = container.program_environment(spec.envs, options.env)
        return Command([spec.path, *spec.args], environment, folder=programs.root, shows_errors=True)

    def scoped(self, items: list[Item]) -> tuple[str, list[Item], list[Item]]:
        """The folder that the configuration says it is from, and the items that come from below it and that do not."""
        config = resource_list.config_item(self.context.shown(self.config))
        folder = marks.folder_of(config.texts) or ""
        if self.spec.image or folder in ("", "."):
            return folder, items, []
        inside = [item for item in items if (marks.folder_of(item.texts) or "/").startswith(folder)]
        return folder, inside, [item for item in items if item not in inside]

    def match(self, item: Item, inputs: dict[str, Body]) -> None:
        """Find the input that an output was made of. Mutates: the annotations. Raises: PluginError, where shapes differ."""
        number = item.texts.get(marks.ID, item.texts.get(marks.OLD_ID))
        if number is None or number not in inputs:
            return
        check_shapes(inputs[number], item.body, self.context.schema)
        item.texts.pop(marks.ID, None)
        item.texts.pop(marks.OLD_ID, None)
