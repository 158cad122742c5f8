"""Standing tests of the house: what holds for every package, today and for whoever comes next."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "troth"
LAYERS = [
    ["project"],
    ["console", "pages", "api"],
    ["campaigns", "webhooks"],
    ["privacy"],
    ["messages"],
    ["intake"],
    ["segments", "content"],
    ["consent"],
    ["people"],
    ["workspaces"],
    ["kernel"],
]
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def own_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith("troth.")]


def test_packages_import_only_from_below() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_model_about_a_person_is_declared_with_its_export_and_erasure() -> None:
    from troth.kernel.personal_data import not_personal, stores

    declared = {label for store in stores() for label in store.models}
    personal = {model._meta.label for model in own_models() if {"person_id", "tag"} & {field.name for field in model._meta.local_fields}}
    assert personal - declared - not_personal().keys() == set()
    assert declared <= {model._meta.label for model in own_models()}


def test_every_model_belongs_to_a_workspace_or_says_that_it_belongs_to_none() -> None:
    """So a workspace that leaves is deleted whole (`kernel.tenancy`)."""
    from troth.kernel.tenancy import is_of_installation
    from troth.privacy.workspace_tables import tables_of_workspace

    known = {table.label for table in tables_of_workspace()} | {"workspaces.Workspace"}
    assert [
        model._meta.label for model in own_models() if model._meta.label not in known and not is_of_installation(model._meta.label)
    ] == []


def test_every_personal_table_is_keyed_by_its_bucket_first() -> None:
    exceptions = {"privacy.PrivacyRequest"}  # a request outlives its person and then names nobody
    for model in own_models():
        names = [field.name for field in model._meta.local_fields]
        if "person_id" in names and model._meta.label not in exceptions:
            assert isinstance(model._meta.pk, models.CompositePrimaryKey), model
            assert model._meta.pk.field_names[0] == "bucket", model


def test_unique_constraints_on_personal_tables_contain_the_bucket() -> None:
    for model in own_models():
        names = [field.name for field in model._meta.local_fields]
        if "bucket" in names:
            for constraint in model._meta.constraints:
                if isinstance(constraint, models.UniqueConstraint):
                    assert "bucket" in constraint.fields, constraint


def test_the_kernel_holds_no_models() -> None:
    assert [model for model in apps.get_models() if model.__module__.startswith("troth.kernel")] == []


def test_foreign_keys_point_down_the_layers() -> None:
    depth = {name: number for number, row in enumerate(LAYERS) for name in row}
    for model in own_models():
        for field in model._meta.local_fields:
            if field.remote_field and field.related_model.__module__.startswith("troth."):
                here, there = model.__module__.split(".")[1], field.related_model.__module__.split(".")[1]
                assert here == there or depth[there] > depth[here], field


@pytest.mark.django_db
def test_migrations_are_in_step_with_models() -> None:
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_module_is_named_for_nothing_in_particular() -> None:
    assert not [path for path in MODULES if path.stem in ("utils", "helpers", "services", "managers", "common", "misc")]


def test_no_module_is_longer_than_600_lines() -> None:
    assert not [path for path in MODULES if len(path.read_text().splitlines()) > 600]


def test_no_function_is_longer_than_60_lines() -> None:
    long = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 62:
                long.append(f"{path.name}:{node.name}")
    assert not long


def test_pure_code_never_reads_the_clock_itself() -> None:
    allowed = {"clock.py", "ids.py", "keys.py"}  # the clock; ids that grow with time; when a key was revoked
    found = [path.name for path in MODULES if re.search(r"time\.time\(|time_ns\(|datetime\.now\(", path.read_text())]
    assert set(found) - allowed == set()


def test_every_command_is_documented() -> None:
    from troth.project.cli import find_commands

    text = (ROOT / "docs" / "cli.md").read_text()
    assert [name for name in find_commands() if f"troth {name.replace('_', ' ')}" not in text] == []


def test_every_setting_is_documented() -> None:
    names = set(re.findall(r"TROTH_[A-Z]+(?:_[A-Z]+)*", (SOURCE / "project" / "settings.py").read_text()))
    text = (ROOT / "docs" / "operate.md").read_text()
    assert [name for name in sorted(names) if name not in text] == []


def test_nothing_loads_from_a_foreign_host() -> None:
    pattern = re.compile(r"""(?:src|href)=["']https?://|@import|url\(https?:""")
    pages = [path for path in SOURCE.rglob("*") if path.suffix in (".html", ".css", ".js")]
    assert [path for path in pages if pattern.search(path.read_text())] == []
