"""The `troth` command: `troth VERB [SUB] …` runs the management command `VERB_SUB` of the package it serves.

`--data DIR` may stand anywhere; it sets TROTH_DATA before anything else is read. Commands are found by their files, without importing them.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from pathlib import Path

from troth import __version__
from troth.kernel.errors import TrothError
from troth.kernel.loading import keep_what_is_loaded

BEFORE_DJANGO = frozenset({"init", "serve", "demo", "consent_verify", "privacy_verify"})
"""Commands that must not need a master key, or choose their role first; they set Django up themselves, if they need it."""
ROOT = Path(__file__).parents[1]


def main(argv: list[str] | None = None) -> int:
    """Run a command; errors are one line on stderr and an exit code that is not zero.

    While everything is loaded nothing becomes garbage, and looking for it again and again takes a sixth of a start.
    """
    gc.disable()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "troth.project.settings")
    try:
        words = _take_data(list(sys.argv[1:] if argv is None else argv))
        return _dispatch(words)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`head`) has enough; nothing more may be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # the last resort: whoever types a command is told what to do, not shown our insides
        if os.environ.get("TROTH_DEBUG"):
            raise
        print(f"troth: {_in_one_line(error)}", file=sys.stderr)
        return getattr(error, "returncode", 1)
    finally:
        gc.enable()


def find_commands() -> dict[str, str]:
    """Every command by name, with the module it lies in."""
    found = {}
    for path in sorted(ROOT.glob("*/management/commands/*.py")):
        if not path.stem.startswith("_"):
            found[path.stem] = ".".join(("troth", *path.relative_to(ROOT).with_suffix("").parts))
    return found


def _dispatch(words: list[str]) -> int:
    commands = find_commands()
    if words and words[0] == "--version":
        print(f"troth {__version__}")
        return 0
    if not words or words[0] in ("-h", "--help", "help"):
        return _print_help(commands, words[1:2])
    for length in (2, 1):
        name = "_".join(words[:length])
        if len(words) >= length and name in commands:
            return _run(commands[name], name, words[length:])
    if any(name.startswith(f"{words[0]}_") for name in commands):
        if words[1:] in ([], ["--help"], ["-h"]):
            return _print_help(commands, words[:1])
        known = ", ".join(name.replace("_", " ") for name in commands if name.startswith(f"{words[0]}_"))
        print(f"troth: there is no command `{' '.join(words[:2])}`: say {known}", file=sys.stderr)
        return 2
    print(f"troth: there is no command `{words[0]}`: `troth --help` lists them", file=sys.stderr)
    return 2


def _take_data(words: list[str]) -> list[str]:
    kept = []
    rest = iter(words)
    for word in rest:
        if word == "--data" or word.startswith("--data="):
            value = next(rest, "") if word == "--data" else word.partition("=")[2]
            if not value:
                raise TrothError("--data needs a directory: `troth --data DIR COMMAND …`")
            os.environ["TROTH_DATA"] = value
        else:
            kept.append(word)
    return kept


def _print_help(commands: dict[str, str], groups: list[str]) -> int:
    """List all commands, or those of one group (`troth privacy`)."""
    print(
        "usage: troth [--data DIR] COMMAND …\n\nEvery command has --help. DIR (or TROTH_DATA) is the data directory, default ./troth-data."
    )
    above = None
    for name, module in sorted(commands.items(), key=lambda item: ("_" in item[0], item[0])):
        group, _, sub = name.partition("_")
        if groups and group not in groups:
            continue
        if (group if sub else "") != above:
            above = group if sub else ""
            print()
        print(f"  troth {name.replace('_', ' '):24} {_help_of(module)}")
    return 0


def _help_of(module: str) -> str:
    # Reading the line spares importing everything for a list.
    source = ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text()
    return source.partition('    help = "')[2].partition('"')[0]


def _run(module: str, name: str, words: list[str]) -> int:
    if name not in BEFORE_DJANGO:
        import django

        django.setup()
        from troth.project.logging import log_only_trouble

        log_only_trouble()
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
    if name != "serve":  # which has yet to load what it serves
        keep_what_is_loaded()
    command.execute(*options.pop("args", ()), **options)
    return 0


def _in_one_line(error: Exception) -> str:
    """What went wrong and what to do. The text of an error that is not ours is left out: it can hold a person's data."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError, SystemCheckError
    from django.db import DatabaseError, OperationalError

    if isinstance(error, TrothError | CommandError | SystemCheckError | ImproperlyConfigured):
        return " ".join(str(error).removeprefix("Error: ").split())
    kind = type(error).__name__
    if isinstance(error, OperationalError) and os.environ.get("TROTH_DATABASE_URL"):
        return f"the database does not answer ({kind}): check TROTH_DATABASE_URL and that the server runs, then `troth init`."
    if isinstance(error, DatabaseError):
        return f"the database refused ({kind}): run `troth init`, then `troth doctor`."
    if isinstance(error, OSError):
        return f"{error.strerror or kind}: {error.filename or 'check disk, rights and addresses'}"
    return f"unexpected {kind}: this is a fault of Troth; TROTH_DEBUG=1 shows where."


if __name__ == "__main__":
    sys.exit(main())
