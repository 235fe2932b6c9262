"""`argosy risk serve`, its keys, and files in and out."""

from __future__ import annotations

import logging
import signal
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from argosy.base.ids import parse_id
from argosy.base.refusals import Refused
from argosy.base.store.postgres import Postgres
from argosy.ctu.brain import Brain
from argosy.ctu.decide import load_policy
from argosy.ctu.service.alone import Means, means_of, place_of, work_alone
from argosy.ctu.service.exporting import export
from argosy.ctu.service.facts import Key, NewKey, Scope
from argosy.ctu.service.files import Table, opened
from argosy.ctu.service.importing import Imports, ImportTaken, Standing
from argosy.ctu.service.intake import Intake
from argosy.ctu.service.keys import RiskKeys
from argosy.ctu.service.mapping import Columns, Reject, mapping_of
from argosy.ctu.service.serve import listen, serve
from argosy.ctu.terminal import Demo, Place, say, stop, stop_if_refused

REJECTS_SAID = 20
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)

File = Annotated[Path, typer.Argument(help="A .csv, .tsv or .parquet file.")]
Map = Annotated[
    list[str], typer.Option("--map", help="FIELD=COLUMN: what each column of the file is.")
]
Constant = Annotated[
    list[str], typer.Option("--set", help="FIELD=VALUE: what is the same in every row.")
]


def add(app: typer.Typer) -> None:
    """Add the commands of the brain alone."""
    keys = typer.Typer(help="Keys of the brain's own API.", no_args_is_help=True)
    app.add_typer(keys, name="keys")
    app.command("serve")(serve_command)
    app.command("import")(import_command)
    app.command("export")(export_command)
    keys.command("create")(keys_create)
    keys.command("list")(keys_list)
    keys.command("revoke")(keys_revoke)


# --- serving ---------------------------------------------------------------------------------------


def serve_command(demo: Demo = False) -> None:
    """Run the brain alone, for another wallet, until Ctrl-C."""
    means = means_of(demo)
    logging.basicConfig(
        level=means.log.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for talkative in ("httpx", "uvicorn.error"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    try:
        listener = listen(means.host, means.port)
    except OSError as error:
        stop(
            f"Port {means.port} on {means.host} cannot be used: {error.strerror}.",
            "Set ARGOSY_PORT to another one.",
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), listener:
        if means.database_url is not None:
            uvloop.run(_serve(means, means.database_url, listener, None))
        else:
            say("Starting PostgreSQL ...")
            with Postgres(means.postgres_folder) as server:
                uvloop.run(_serve(means, server.url(), listener, server))
    say("Stopped; nothing is lost.")


async def _serve(means: Means, url: str, listener: object, server: Postgres | None) -> None:
    async with place_of(means, url) as place:
        await serve(
            place,
            means.public_url,
            listener,  # type: ignore[arg-type]
            lambda: _welcome(means),
            None if server is None else server.watch,
        )


def _welcome(means: Means) -> None:
    say(
        "",
        f"The brain is ready: {means.public_url}",
        f"API: {means.public_url}/docs",
        "Make a key: argosy risk keys create NAME" + (" --demo" if means.demo else ""),
        "",
        "Ctrl-C stops it.",
    )


# --- keys ------------------------------------------------------------------------------------------


def keys_create(
    sender: Annotated[str, typer.Argument(help="Whose key it is, such as the wallet's name.")],
    webhook: Annotated[
        str | None, typer.Option(help="An address to call when a case is decided.")
    ] = None,
    events_only: Annotated[
        bool, typer.Option("--events-only", help="The key opens no cases and no settings.")
    ] = False,
    demo: Demo = False,
) -> None:
    """Make a key for the brain's own API. It is shown once."""
    scopes = (Scope.EVENTS,) if events_only else tuple(Scope)

    async def make(place: Place) -> NewKey | Refused:
        return await _keys(place).create(sender, scopes, webhook)

    made = stop_if_refused(work_alone(demo, make))
    say(made.text)
    if made.secret is not None:
        say(f"Calls to {webhook} are signed with {made.secret}")


def keys_list(demo: Demo = False) -> None:
    """Show the keys, without their secrets."""

    async def listed(place: Place) -> list[Key]:
        return await _keys(place).list()

    for key in work_alone(demo, listed):
        state = "revoked" if key.revoked_at else "opens " + ", ".join(sorted(key.scopes))
        say(f"{key.id}  {key.hint}  {key.sender}  {state}  {key.webhook or ''}".rstrip())


def keys_revoke(
    key: Annotated[str, typer.Argument(help="The key's id, as `argosy risk keys list` shows it.")],
    demo: Demo = False,
) -> None:
    """Take a key back, at once and for ever."""
    key_id = parse_id(key)
    if key_id is None:
        stop(f"{key} is no key's id; `argosy risk keys list` shows them.")

    async def revoke(place: Place) -> Refused | None:
        return await _keys(place).revoke(key_id)

    stop_if_refused(work_alone(demo, revoke))
    say(f"Key {key} opens nothing any more.")


def _keys(place: Place) -> RiskKeys:
    return RiskKeys(place.db, place.clock, place.ids, place.subkey)


# --- files -----------------------------------------------------------------------------------------


def import_command(
    file: File,
    mapped: Map = [],  # noqa: B006 - typer makes a new list each time
    same: Constant = [],  # noqa: B006
    name: Annotated[
        str | None, typer.Option(help="What the import is called; the file's name by default.")
    ] = None,
    judge: Annotated[
        bool, typer.Option("--judge", help="Judge each event too, as if it came now.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Write the refused lines here as CSV.")
    ] = None,
    demo: Demo = False,
) -> None:
    """Bring past events in from a file: in its order, each once; go on where it stopped."""
    table = stop_if_refused(opened(file))
    columns = stop_if_refused(mapping_of(name or file.name, mapped, same, table.columns))
    unused = [c for c in table.columns if c not in columns.columns.values()]
    if unused:
        say(f"Not used: {', '.join(unused)}")
    try:
        standing, wrong = work_alone(demo, lambda place: _bring_in(place, table, columns, judge))
    except ImportTaken as taken:
        stop(str(taken))
    _said(stop_if_refused(standing), wrong)
    if rejects is not None and wrong:
        _write_rejects(rejects, wrong)


async def _bring_in(
    place: Place, table: Table, columns: Columns, judge: bool
) -> tuple[Standing | Refused, list[Reject]]:
    intake = await _intake(place) if judge else None
    imports = Imports(place.db, place.clock, intake)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    ) as bar:
        task = bar.add_task(columns.name, total=table.rows)
        standing = await imports.run(
            table, columns, lambda now: bar.update(task, completed=now.rows)
        )
    return standing, await imports.rejects(columns.name)


async def _intake(place: Place) -> Intake:
    policy = load_policy(place.policy)
    brain = Brain(
        place.db,
        place.clock,
        place.ids,
        policy,
        offsets=place.offsets,
        facts_url=place.facts_url,
    )
    await brain.start()
    return Intake(place.db, place.clock, brain)


def _said(standing: Standing, wrong: list[Reject]) -> None:
    say(
        f"{standing.rows} rows: {standing.taken} brought in, {standing.known} known before,"
        f" {standing.rejected} refused."
    )
    if standing.turned:
        say(f"{standing.turned} rows are older than one before them; sort the file by time.")
    for one in wrong[:REJECTS_SAID]:
        say(f"  line {one.line}: {one.field} {one.reason}".replace(":  ", ": "))
    if len(wrong) > REJECTS_SAID:
        say("  ... and more; --rejects FILE writes them down.")


def _write_rejects(path: Path, wrong: list[Reject]) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("line", "field", "reason"))
        table.writerows((one.line, one.field, one.reason) for one in wrong)
    say(f"Written to {path}.")


def export_command(
    file: Annotated[Path, typer.Argument(help="A .csv, .jsonl or .parquet file to write.")],
    since: Annotated[datetime, typer.Option(help="From this moment, in UTC.")] = _FIRST,
    until: Annotated[datetime, typer.Option(help="Before this moment, in UTC.")] = _LAST,
    demo: Demo = False,
) -> None:
    """Write the verdicts that were given to a file."""

    async def write(place: Place) -> int | Refused:
        return await export(place.db, file, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC))

    count = stop_if_refused(work_alone(demo, write))
    say(f"{count} verdicts written to {file}.")
