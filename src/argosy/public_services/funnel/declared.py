"""Finding the flows: `flows.toml` in any folder of the package, and none registered.

    [pay]
    channel = "lite"
    version = 1
    steps = [
        { name = "form", at = ["GET /p/{what:str} pay_shop.html"], asks = ["amount", "pin"] },
        { name = "paid", at = ["POST /pay go"] },
    ]

What cannot be read, a flow without steps, a step that comes twice and two flows of one name in one
channel are refused by name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

import argosy
from argosy.public_services.funnel.facts import Flow, Step

FILE = "flows.toml"
_PACKAGE = Path(argosy.__path__[0])


class FlowError(Exception):
    """A flow is declared in a way that cannot be used. Raised at start."""


class _Step(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    at: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    optional: bool = False


class _Flow(msgspec.Struct, forbid_unknown_fields=True):
    channel: str
    version: int
    steps: tuple[_Step, ...]


Flows = Mapping[tuple[str, str], Flow]
"""(channel, name) -> the flow."""


@lru_cache(maxsize=1)
def own() -> Flows:
    """The flows of the package itself, read once."""
    return read(sorted(_PACKAGE.rglob(FILE)))


def read(paths: Iterable[Path]) -> Flows:
    """The flows of these files. Raises `FlowError`."""
    found: dict[tuple[str, str], Flow] = {}
    for path in paths:
        for name, flow in _file(path).items():
            if (flow.channel, name) in found:
                raise FlowError(f"{path}: {flow.channel} has two flows called {name!r}")
            found[flow.channel, name] = flow
    return found


def _file(path: Path) -> dict[str, Flow]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        told = msgspec.convert(tables, dict[str, _Flow])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FlowError(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        raise FlowError(f"{path}: {error}") from None
    return {name: _flow(path, name, flow) for name, flow in told.items()}


def _flow(path: Path, name: str, told: _Flow) -> Flow:
    steps = tuple(Step(step.name, step.at, step.asks, step.optional) for step in told.steps)
    names = [step.name for step in steps]
    if not steps or told.version < 1:
        raise FlowError(f"{path}: {name} needs steps, and a version from 1")
    if len(set(names)) < len(names):
        raise FlowError(f"{path}: {name} has a step twice")
    return Flow(name, told.channel, told.version, steps)
