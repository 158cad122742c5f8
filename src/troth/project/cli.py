"""The `troth` command: `troth VERB [SUB] …` runs the management command `VERB_SUB` of the package it serves.

`--data DIR` may stand anywhere; it sets TROTH_DATA before anything else is read.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

from troth.kernel.errors import TrothError

BEFORE_DJANGO = frozenset({"init", "serve", "demo"})
"""Commands that must not need a master key yet, or want to stay small; they set Django up themselves."""
ROOT = Path(__file__).parents[1]
PACKAGES = ("project", "workspaces", "intake", "campaigns", "privacy")


def main(argv: list[str] | None = None) -> int:
    """Run a command; errors are one line on stderr and an exit code that is not zero."""
    words = _take_data(list(sys.argv[1:] if argv is None else argv))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")
    commands = find_commands()
    if not words or words[0] in ("-h", "--help", "help"):
        return _print_help(commands)
    for length in (2, 1):
        name = "_".join(words[:length])
        if len(words) >= length and name in commands:
            return _run(commands[name], name, words[length:])
    known = sorted(name.replace("_", " ") for name in commands if name.startswith(f"{words[0]}_"))
    hint = f": say {', '.join(known)}" if known else ": `troth --help` lists them"
    print(f"troth: there is no command `{' '.join(words[:2])}`{hint}", file=sys.stderr)
    return 2


def find_commands() -> dict[str, str]:
    """Every command by name, with the module it lies in."""
    found = {}
    for package in PACKAGES:
        for path in (ROOT / package / "management" / "commands").glob("*.py"):
            if not path.stem.startswith("_"):
                found[path.stem] = f"troth.{package}.management.commands.{path.stem}"
    return found


def _take_data(words: list[str]) -> list[str]:
    kept = []
    rest = iter(words)
    for word in rest:
        if word == "--data":
            os.environ["TROTH_DATA"] = next(rest, "")
        elif word.startswith("--data="):
            os.environ["TROTH_DATA"] = word.partition("=")[2]
        else:
            kept.append(word)
    return kept


def _print_help(commands: dict[str, str]) -> int:
    print("usage: troth [--data DIR] COMMAND …\n\nEvery command has --help.\n")
    for name, module in sorted(commands.items()):
        # The first line of a command's module is `troth …`; reading it spares importing everything for a list.
        print(f"  troth {name.replace('_', ' '):22} {_help_of(module)}")
    return 0


def _help_of(module: str) -> str:
    source = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text()
    _, _, rest = source.partition('    help = "')
    return rest.partition('"')[0]


def _run(module: str, name: str, words: list[str]) -> int:
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError, SystemCheckError
    from django.db import DatabaseError

    try:
        if name not in BEFORE_DJANGO:
            import django

            django.setup()
        command = import_module(module).Command()
        command.requires_system_checks = []
        command.suppressed_base_arguments = {
            "--version",
            "--settings",
            "--pythonpath",
            "--traceback",
            "--no-color",
            "--force-color",
            "--skip-checks",
        }
        parser = command.create_parser("troth", name.replace("_", " "))
        parser.prog = f"troth {name.replace('_', ' ')}"
        options = vars(parser.parse_args(words))
        command.execute(*options.pop("args", ()), **options)
    except (TrothError, CommandError, SystemCheckError, ImproperlyConfigured) as error:
        print(f"troth: {error}", file=sys.stderr)
        return getattr(error, "returncode", 1)
    except DatabaseError as error:
        if os.environ.get("TROTH_DEBUG"):
            raise
        print(f"troth: the database refused ({type(error).__name__}): run `troth init`, then `troth doctor`.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
