"""Definitions in files, so that they can be kept beside code: one is made of a file, changed by it, and written as one.

A file holds what the control API takes as the body of its POST, is held against the same shape by the same code, and is refused with the same place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from troth.api.errors import place_in, say_fault
from troth.api.json_body import read_body
from troth.api.management.commands._kinds import Kind
from troth.api.schemas import Input
from troth.workspaces.registry import find_workspace

Shape = TypeVar("Shape", bound=Input)


def add_file(parser: CommandParser) -> None:
    """FILE."""
    parser.add_argument("file", metavar="FILE", help="JSON as the control API takes it; - for standard input")


def read_file(path: str) -> Any:
    """The JSON in a file. Raises CommandError, ValueRefused with the place."""
    try:
        text = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"The file cannot be read: {error.strerror or type(error).__name__}.") from None
    return read_body(text)


def read_shape(shape: type[Shape], given: Any) -> Shape:
    """What was given, as the API reads it. Raises CommandError with the place."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise CommandError(f"{place_in(fault['loc'])}: {say_fault(fault)}") from None


class DefinitionCommand(BaseCommand):
    """What the commands on one kind of definition share."""

    kind: ClassVar[Kind]

    def add_workspace(self, parser: CommandParser) -> None:
        """WS."""
        parser.add_argument("workspace", metavar="WS", help="id or name of a workspace")

    def add_named(self, parser: CommandParser) -> None:
        """WS, and the one that is meant."""
        self.add_workspace(parser)
        parser.add_argument("named", metavar=self.kind.named_by.upper(), help=f"see `troth {self.kind.name} list`")

    def find(self, options: dict[str, Any]) -> Any:
        """The one that is meant. Raises WorkspaceNotFound, CommandError, and that there is none."""
        return self.kind.find(find_workspace(options["workspace"]).pk, options["named"])

    def tell(self, row: Any, *, as_json: bool) -> None:
        """What other commands name it by, or all of it as the API tells it."""
        told = json.loads(self.kind.show(row).model_dump_json())
        self.stdout.write(json.dumps(told, ensure_ascii=False) if as_json else str(told[self.kind.named_by]))


class CreateCommand(DefinitionCommand):
    """Makes one of a file."""

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, FILE, --json."""
        self.add_workspace(parser)
        add_file(parser)
        parser.add_argument("--json", action="store_true", help="print all of it, as the API does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it, and print what other commands name it by. Raises what the API would refuse, with the place."""
        fields = read_shape(self.kind.shape, read_file(options["file"])).model_dump()
        self.tell(self.kind.create(find_workspace(options["workspace"]).pk, fields), as_json=options["json"])


class UpdateCommand(DefinitionCommand):
    """Has one be as a file says, which is whole: what it leaves out has its default."""

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, which, FILE, --json."""
        self.add_named(parser)
        add_file(parser)
        parser.add_argument("--json", action="store_true", help="print all of it, as the API does")

    def handle(self, *args: Any, **options: Any) -> None:
        """Change it, and print what other commands name it by. Raises what the API would refuse, with the place."""
        fields = read_shape(self.kind.shape, read_file(options["file"])).model_dump()
        self.tell(self.kind.update(self.find(options), fields), as_json=options["json"])


class DefineCommand(DefinitionCommand):
    """Writes one as a file of which it could be made."""

    def add_arguments(self, parser: CommandParser) -> None:
        """WS, which, --json."""
        self.add_named(parser)
        parser.add_argument("--json", action="store_true", help="in one line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the draft as `create` and `update` take it."""
        told = json.loads(self.kind.show(self.find(options)).model_dump_json())
        own = {name: told[name] for name in self.kind.shape.model_fields}
        self.stdout.write(json.dumps(own, ensure_ascii=False, indent=None if options["json"] else 2))
