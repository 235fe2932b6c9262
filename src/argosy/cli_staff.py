"""The staff and their console, from the terminal: `argosy staff`, `argosy console`."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop

from argosy import settings as config
from argosy import workers
from argosy.app import Wallet, console_services
from argosy.base.refusals import Refused
from argosy.management.console.lazily import MISSING, ROOT, is_installed
from argosy.management.services import Services
from argosy.management.staff import demo as demo_staff
from argosy.management.staff.audit import TERMINAL, Checked
from argosy.management.staff.facts import ROLES
from argosy.management.staff.people import Invitation, Person
from argosy.opening import Demo, address, say, stop, wired, with_wallet
from argosy.settings import Settings
from argosy.web import listen, serve_console

T = TypeVar("T")

staff = typer.Typer(help="The people who may sign in to the console.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The person's name, in small letters.")]
Roles = Annotated[
    list[str], typer.Option("--role", help=f"One of {', '.join(ROLES)}; may be given again.")
]


@staff.command("add")
def add(name: Name, role: Roles, demo: Demo = False) -> None:
    """Add somebody, and show the way to their first password, once."""

    async def added(services: Services) -> Invitation | Refused:
        said = await services.people.add(name, role, TERMINAL)
        await _note(services, "staff.add", name, said, {"roles": sorted(role)})
        return said

    _invite(_do(demo, added), demo)


@staff.command("invite")
def invite(name: Name, demo: Demo = False) -> None:
    """Show somebody who is there the way to another password and another second factor."""

    async def invited(services: Services) -> Invitation | Refused:
        person = await _find(services, name)
        said = await (
            services.people.enable(person.id)
            if person.disabled_at
            else services.people.invite_again(person.id)
        )
        await _note(services, "staff.invite", name, said, {})
        return said

    _invite(_do(demo, invited), demo)


@staff.command("roles")
def roles(name: Name, role: Roles, demo: Demo = False) -> None:
    """Give somebody these roles and no others."""

    async def given(services: Services) -> Person | Refused:
        said = await services.people.set_roles((await _find(services, name)).id, role)
        await _note(services, "staff.roles", name, said, {"roles": sorted(role)})
        return said

    _line(_or_stop(_do(demo, given)))


@staff.command("disable")
def disable(name: Name, demo: Demo = False) -> None:
    """From now on this person cannot sign in, and every session of theirs has ended."""

    async def gone(services: Services) -> Person | Refused:
        said = await services.people.disable((await _find(services, name)).id, TERMINAL)
        await _note(services, "staff.disable", name, said, {})
        return said

    _line(_or_stop(_do(demo, gone)))


@staff.command("list")
def list_(demo: Demo = False) -> None:
    """Everybody who is or was on the staff."""

    async def all_of_them(services: Services) -> list[Person]:
        return await services.people.listed(limit=10_000)

    for person in _do(demo, all_of_them):
        _line(person)


@staff.command("audit")
def audit(demo: Demo = False) -> None:
    """Add up the chain of the audit log from its first row and prove that nothing was changed."""

    async def checked(services: Services) -> Checked:
        return await services.audit.check()

    report = _do(demo, checked)
    say(report.text())
    if report.findings:
        raise SystemExit(1)


def _do(demo: bool, work: Callable[[Services], Coroutine[Any, Any, T]]) -> T:
    async def inside(wallet: Wallet) -> T:
        return await work(console_services(wallet))

    return with_wallet(config.load(demo=demo), inside)


async def _find(services: Services, name: str) -> Person:
    person = await services.people.named(name)
    if person is None:
        stop(f"Nobody of the name {name!r} is on the staff.")
        raise SystemExit(2)
    return person


async def _note(
    services: Services, action: str, name: str, said: object, detail: dict[str, object]
) -> None:
    person = await services.people.named(name)
    outcome = said.code if isinstance(said, Refused) else "done"
    subject = name if person is None else str(person.id)
    await services.audit.write(None, None, action, subject, "", detail, outcome, name=TERMINAL)


def _or_stop(said: Person | Refused) -> Person:
    if isinstance(said, Refused):
        stop(said.reason.meaning)
        raise SystemExit(2)
    return said


def _invite(said: Invitation | Refused, demo: bool) -> None:
    if isinstance(said, Refused):
        stop(said.reason.meaning)
        return
    at = console_address(config.load(demo=demo))
    say(
        f"{said.person.name} chooses a password here, once, before {said.ends_at:%F %H:%M} UTC:",
        "",
        f"    {at}/welcome/{said.token}",
    )


def _line(person: Person) -> None:
    since = f"{person.added_at:%F}"
    say(f"{person.name:24} {person.state:9} {', '.join(person.roles):40} added {since}")


# --- the console ---------------------------------------------------------------------------------


def console_address(settings: Settings) -> str:
    """Where the console answers; beside a proxy of the operator's, behind the public address."""
    if settings.workers == 1 or not settings.public_url.endswith(f":{settings.port}"):
        return settings.public_url + ROOT
    return f"{settings.public_url.rpartition(':')[0]}:{settings.console_port}{ROOT}"


def welcome(settings: Settings) -> None:
    """Say where the console is, and who may sign in to that of a demo."""
    if not is_installed():
        say(f"Console: {MISSING}")
        return
    say(f"Console for staff: {console_address(settings)}")
    if settings.demo:
        say(
            f"  sign in as {', '.join(demo_staff.demo_names())}",
            f"  password: {demo_staff.DEMO_PASSWORD}; the code is shown on the sign-in page",
            f"  (or add {demo_staff.DEMO_SECRET} to an authenticator app)",
        )


def console(
    fd: Annotated[int, typer.Option(help="A listening socket that it inherited.")] = -1,
    brain_at: Annotated[
        Path | None, typer.Option("--brain", help="Where the brain of this machine answers.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Serve the staff's console from a process of its own, on ARGOSY_CONSOLE_PORT."""
    settings = config.load(demo=demo)
    if not is_installed():
        stop(MISSING)
    try:
        listener = (
            socket.socket(fileno=fd) if fd >= 0 else listen(settings.host, settings.console_port)
        )
    except OSError as error:
        stop(
            f"Port {settings.console_port} on {settings.host} cannot be used: {error.strerror}.",
            "Set ARGOSY_CONSOLE_PORT to another one.",
        )
        return
    uvloop.run(_console(settings, listener, brain_at, is_child=fd >= 0))


async def _console(
    settings: Settings, listener: socket.socket, brain_at: Path | None, *, is_child: bool
) -> None:
    def ready() -> None:
        if not is_child:
            say(f"Console for staff: {console_address(settings)}", "", "Ctrl-C stops it.")

    async with (
        _ending_with_parent(is_child=is_child),
        address(settings) as url,
        wired(settings, url, takes_money=True, brain_at=brain_at) as wallet,
    ):
        await serve_console(wallet, listener, ready)


@asynccontextmanager
async def _ending_with_parent(*, is_child: bool) -> AsyncIterator[None]:
    if not is_child:
        yield
        return
    orphaned = asyncio.create_task(workers.end_with(os.getppid()))
    try:
        yield
    finally:
        orphaned.cancel()


def take_port(settings: Settings) -> socket.socket | None:
    """The port of a console of its own, where there is to be one: taken before anything is started."""
    if settings.workers == 1 or not is_installed():
        return None
    try:
        return listen(settings.host, settings.console_port)
    except OSError as error:
        stop(
            f"Port {settings.console_port} on {settings.host} cannot be used: {error.strerror}.",
            "Set ARGOSY_CONSOLE_PORT to another one.",
        )
        return None


async def move_in(wallet: Wallet) -> None:
    """Have the staff of a demo town there."""
    await demo_staff.move_in(wallet.db, wallet.clock, wallet.keys)
