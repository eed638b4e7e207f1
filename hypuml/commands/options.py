"""Options of a command: a frozen dataclass, read from the command line by tyro.

A field is an option with dashes for underscores, its default is the default, ``Literal`` its
choices and the docstring below it the help. Nested dataclasses are groups of options without a
prefix. Errors are one line on stderr and exit code 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Annotated, Any, TypeVar, get_type_hints

import docstring_parser
import tyro
from tyro import _errors as events
from tyro.conf import Positional, arg
from tyro.constructors import (
    ConstructorRegistry,
    PrimitiveConstructorSpec,
    PrimitiveTypeInfo,
    StructConstructorSpec,
    StructFieldSpec,
    StructTypeInfo,
)

from hypuml.commands.common import fail

Options = TypeVar("Options")

# A default that a reader need not see: none at all.
OPTIONAL = ""

DataPosition = Annotated[
    Positional[str],
    arg(
        name="data",
        metavar="DATA",
        help="name of a data set, or a folder of images (sub-folders are classes)",
    ),
]
Root = Annotated[
    str | None,
    arg(
        metavar="DIR",
        help="where data lives; without it $HYPUML_DATA or ~/.cache/hypuml",
        help_behavior_hint=OPTIONAL,
    ),
]
ReportFile = Annotated[
    str | None,
    arg(
        metavar="FILE",
        help="write the report as JSON to a file, or - for stdout",
        help_behavior_hint=OPTIONAL,
    ),
]
OtherImages = Annotated[
    str | None,
    arg(
        metavar="FOLDER",
        help="images of something else: how well u tells them from the evaluated ones",
        help_behavior_hint=OPTIONAL,
    ),
]
# What stands either in its place or behind an option; see `places`.
Place = Annotated[Positional[str | None], arg(help_behavior_hint=OPTIONAL)]
DataOption = Annotated[
    str | None, arg(metavar="DATA", help="DATA by name", help_behavior_hint=OPTIONAL)
]
ModelOption = Annotated[
    str | None, arg(metavar="CHECKPOINT", help="CHECKPOINT by name", help_behavior_hint=OPTIONAL)
]

_REGISTRY = ConstructorRegistry()


@_REGISTRY.primitive_rule
def _json_object(kind: PrimitiveTypeInfo) -> PrimitiveConstructorSpec[dict[str, Any]] | None:
    """Dictionaries are given as one JSON object."""
    if kind.type_origin is not dict:
        return None

    def read_object(tokens: list[str]) -> dict[str, Any]:
        try:
            value = json.loads(tokens[0])
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ValueError(f"expected a JSON object, got {tokens[0]!r}")
        return value

    return PrimitiveConstructorSpec(
        nargs=1,
        metavar="JSON",
        instance_from_str=read_object,
        is_instance=lambda value: isinstance(value, dict),
        str_from_instance=lambda value: [json.dumps(value)],
    )


@_REGISTRY.struct_rule
def _dataclass(kind: StructTypeInfo) -> StructConstructorSpec | None:
    """Dataclasses, as tyro takes them, but with help whose lines are broken where the page ends."""
    if not is_dataclass(kind.type):
        return None

    def default(field: Field[Any]) -> Any:
        if is_dataclass(kind.default):
            return getattr(kind.default, field.name)
        if field.default_factory is not MISSING:
            return field.default_factory()
        return tyro.MISSING_NONPROP if field.default is MISSING else field.default

    types = get_type_hints(kind.type, include_extras=True)
    texts = {
        found.arg_name: " ".join((found.description or "").split())
        for base in reversed(kind.type.__mro__[:-1])
        for found in docstring_parser.parse_from_object(base).params
    }
    specs = [
        StructFieldSpec(field.name, types[field.name], default(field), texts.get(field.name))
        for field in fields(kind.type)
    ]
    return StructConstructorSpec(kind.type, tuple(specs))


def read(
    kind: type[Options],
    arguments: Sequence[str],
    program: str,
    about: str,
    default: Options | None = None,
) -> Options:
    """Read the options of a command.

    Args:
        kind: their dataclass.
        arguments: of the command.
        program: what is run, as the usage line names it.
        about: one line on top of the help.
        default: where the defaults come from; those of ``kind`` unless given.

    Raises:
        SystemExit: with code 2 after one line on stderr, or with code 0 after the help.
    """

    def refuse(event: events.ParseErrorEvent) -> None:
        fail(f"{_reason(event)} (see {program} --help)")

    with events.on_parse_error(refuse):
        return tyro.cli(
            kind,
            prog=program,
            description=about,
            args=arguments,
            default=tyro.MISSING_NONPROP if default is None else default,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.DisallowNone),
            registry=_REGISTRY,
        )


def _reason(event: events.ParseErrorEvent) -> str:
    """What was wrong with the arguments, in one sentence."""
    if isinstance(event, events.MissingArgs):
        missing = ", ".join(each.arg.display_name() for each in event.missing_arguments)
        unknown = " ".join(event.unrecognized_tokens)
        return f"missing: {missing}" + (f"; unknown: {unknown}" if unknown else "")
    if isinstance(event, events.UnrecognizedArgs):
        return f"unknown: {' '.join(event.tokens)}"
    if isinstance(event, events.InvalidChoice):
        expected = ", ".join(event.choices)
        return f"{event.argument.display_name()} {event.value!r}: expected one of {expected}"
    if isinstance(event, events.BadValue):
        return f"{event.argument.display_name()}: expected a value"
    if isinstance(event, events.MutexConflict):
        return f"{event.first_token} is not allowed with {event.second_token}"
    if isinstance(event, events.InstantiationFailure):
        name = event.argument.display_name() + ": " if event.argument else ""
        return f"{name}{event.message}"
    return f"wrong arguments ({type(event).__name__})"


def places(positions: Sequence[str | None], named: Mapping[str, str | None]) -> list[str]:
    """What can be given by position or by name, in the order of ``named``.

    Args:
        positions: the arguments without a name, in order; None where there are no more.
        named: name on the usage line to the value of its option; None where it was not given.
            Positions fill these in order.

    Raises:
        ValueError: too few or too many.
    """
    given = iter([value for value in positions if value is not None])
    found = {name: next(given, None) if value is None else value for name, value in named.items()}
    missing = [name for name, value in found.items() if value is None]
    if missing:
        raise ValueError(f"missing: {', '.join(missing)}")
    if (extra := next(given, None)) is not None:
        raise ValueError(f"unknown: {extra}")
    return [str(value) for value in found.values()]
