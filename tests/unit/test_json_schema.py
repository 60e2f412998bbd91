"""The JSON Schema of kustomizations says of a file what the strict reader says of it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import kbuild
from kbuild.cli.main import main
from kbuild.documents.config import read_config
from kbuild.fields.kustomization_fields import STRUCTS
from kbuild.lint.field_rules import folded
from kbuild.lint.json_schema import kustomization_schema
from kbuild.load import kustomization_file

CHECKOUT = Path(__file__).resolve().parents[2]
CONFORMANCE = Path(os.environ.get("KBUILD_CONFORMANCE") or CHECKOUT.parent / "shared" / "conformance")
VALIDATORS = {kind: Draft202012Validator(kustomization_schema(kind)) for kind in ("Kustomization", "Component")}


def files() -> list[Path]:
    return [
        path
        for folder in (CHECKOUT / "testdata", CONFORMANCE)
        for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")
        for path in sorted(folder.rglob(name))
        if path.is_file()
    ]


def is_read(text: bytes) -> bool:
    """Whether the strict reader takes the text, and its kind and version fit."""
    try:
        fields, _ = kustomization_file.decode(text)
        kustomization_file.fix(fields)
        order = (fields.get("sortOptions") or {}).get("order", "")
        kustomization_file.check({**fields, "resources": []}, "/")
    except kbuild.KbuildError:
        return False
    return order in ("", "legacy", "fifo")  # what the build refuses later


def is_valid(text: bytes) -> bool | None:
    """Whether the schema takes the text, None where there is no map to look at."""
    try:
        value = read_config(text)
    except kbuild.KbuildError:
        return None
    if type(value) is not dict:
        return None
    kind = "Component" if value.get("kind") == "Component" else "Kustomization"
    return VALIDATORS[kind].is_valid(folded(value, "Kustomization"))


def test_schema_and_reader_agree_on_every_input() -> None:
    wrong, compared = [], 0
    for path in files():
        text = path.read_bytes()
        valid = is_valid(text)
        if valid is not None:
            compared += 1
            if valid != is_read(text):
                wrong.append(f"{path}: schema {valid}")
    assert not wrong, "\n".join(wrong)
    assert compared >= 200


@pytest.mark.parametrize("kind", VALIDATORS)
def test_the_schema_is_a_schema(kind: str) -> None:
    Draft202012Validator.check_schema(kustomization_schema(kind))


def test_every_field_of_the_reader_is_in_it() -> None:
    schema = kustomization_schema()
    assert set(schema["properties"]) == set(STRUCTS["Kustomization"])
    for name, fields in schema["$defs"].items():
        assert set(fields["properties"]) == set(STRUCTS[name])
    assert set(schema["$defs"]) == set(STRUCTS) - {"Kustomization"}


def test_old_spellings_are_marked() -> None:
    properties = kustomization_schema()["properties"]
    marked = {name for name, field in properties.items() if field.get("deprecated")}
    assert marked >= {old for old, _, _ in kustomization_file.DEPRECATED}


def test_every_field_of_the_top_is_described() -> None:
    without = [name for name, field in kustomization_schema()["properties"].items() if not field.get("description")]
    assert without == []


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "--kind", "Component"]) == 0
    assert json.loads(capsys.readouterr().out) == kustomization_schema("Component")
