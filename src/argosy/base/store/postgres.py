"""The embedded PostgreSQL server: made, started, watched over and stopped.

The server belongs to one folder and to one Argosy at a time, which a lock beside the folder holds. It
listens on a unix socket in a private folder and on no network. It runs in a session of its own, so
that Ctrl-C reaches Argosy alone, which stops it last. If Argosy is killed the server lives on as an
orphan, harmless and without clients; the next start stops it first, after checking by its
`cluster_name` that it is ours, and starts a fresh one. If the server is killed, `watch` starts it
again on the same socket, and PostgreSQL recovers every commit from its log.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import logging
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psutil

from argosy.base.refusals import Unavailable, must
from argosy.base.store.database import SERVER_VERSION_MIN, StoreError
from argosy.base.store.programs import AsUser, find_programs

START_SECONDS_MAX = 600.0  # crash recovery of a large log takes its time
STOP_SECONDS_MAX = 60.0
ORPHAN_SECONDS_MAX = 30.0
RESTARTS_A_MINUTE_MAX = 5
LOG_BYTES_MAX = 10_000_000
SOCKET_BYTES_MAX = 100  # the kernel takes 107, some kernels 103
PORT = 5432  # only the name of the socket's file
USER = DATABASE = "argosy"

_SETTINGS = """\
# Written by Argosy at every start. Put settings of your own into operator.conf beside this file.
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
timezone = 'UTC'
log_timezone = 'UTC'

# An acknowledged payment is on disk.
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
wal_level = replica
max_wal_senders = 4
wal_buffers = 16MB
max_wal_size = 4GB
min_wal_size = 256MB
wal_compression = off  # this build has only pglz, which costs more time than it saves
checkpoint_timeout = 15min
checkpoint_completion_target = 0.9

# Small memory, short statements.
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 128MB
jit = off
random_page_cost = 1.1
io_method = sync
max_parallel_workers_per_gather = 0
idle_in_transaction_session_timeout = 120s
client_connection_check_interval = 10s

# Hot rows leave many dead versions behind: clean often and in small portions.
autovacuum_naptime = 10s
autovacuum_max_workers = 2
autovacuum_vacuum_scale_factor = 0.05
autovacuum_analyze_scale_factor = 0.05
autovacuum_vacuum_cost_limit = 1000

# Statements may hold personal data, so none is written to the log.
log_min_messages = warning
log_min_error_statement = panic
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_line_prefix = '%m [%p] '
{version_settings}
include_if_exists = 'operator.conf'
"""

log = logging.getLogger("argosy.store")


class Postgres:
    """A PostgreSQL server on `folder`, made there when there is none.

    `durable=False` turns fsync and synchronous commits off. It exists for tests, which throw their
    databases away, and no setting of Argosy reaches it.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder.absolute()
        self.log_path = self.folder.with_name(self.folder.name + ".log")
        self.joined = False
        self._lock_path = self.folder.with_name(self.folder.name + ".lock")
        self._durable = durable
        self._programs = find_programs()
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None
        self._name = "argosy-" + hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        self._major = 0
        self._turn = threading.Lock()  # `watch` starts in a thread what `stop` may be stopping

    # --- life ----------------------------------------------------------------------------------

    def start(self, *, join: bool = False) -> None:
        """Start the server and return when it takes connections: under a second on a stopped folder.

        Where another Argosy has the folder this raises `StoreError`, or, with `join`, uses the server
        of that one, which `stop` then leaves alone.
        """
        must(self._process is None and not self.joined, "the server was started before")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _take_lock(self._lock_path)
        if self._lock is None:
            if not join:
                raise StoreError(f"Another Argosy is running on {self.folder}; stop it first.")
            self.joined = True
            self._wait_until_ready(lambda: None)
            return
        try:
            self._check_version()
            self._stop_orphans()
            if (self.folder / "PG_VERSION").exists():
                self._as_user.take_over(self.folder)
            else:
                self._make()
            self._socket_folder = _make_socket_folder(self._as_user)
            self._launch()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server: transactions in flight are undone, committed ones are safe."""
        with self._turn:
            if self._process is not None:
                _end(self._process)
                self._process = None
            if self._socket_folder is not None:
                shutil.rmtree(self._socket_folder, ignore_errors=True)
                self._socket_folder = None
            if self._lock is not None:
                self._lock.close()
                self._lock = None
            self.joined = False

    def discard(self) -> None:
        """Throw the folder away, with whatever of a dead run still runs on it.

        For servers that were made to be thrown away. Raises `StoreError` where another Argosy has it.
        """
        self._lock = _take_lock(self._lock_path)
        if self._lock is None:
            raise StoreError(f"Another Argosy is running on {self.folder}; stop it first.")
        try:
            self._stop_orphans()
            for path in (self.folder, self.folder.with_name(self.folder.name + ".new")):
                shutil.rmtree(path, ignore_errors=True)
            self.log_path.unlink(missing_ok=True)
        finally:
            self.stop()
        self._lock_path.unlink(missing_ok=True)

    async def watch(self) -> None:
        """Start the server again whenever it has died, for as long as this is not cancelled.

        Raises `Unavailable` where it dies again and again and `StoreError` where it cannot start.
        """
        deaths: list[float] = []
        while True:
            await asyncio.sleep(0.25)
            if self._process is None or self._process.poll() is None:
                continue
            log.error("PostgreSQL ended with %s and is started again", self._process.returncode)
            clock = asyncio.get_running_loop().time()
            deaths = [moment for moment in deaths if clock - moment < 60] + [clock]
            if len(deaths) > RESTARTS_A_MINUTE_MAX:
                raise Unavailable(f"PostgreSQL keeps dying; see {self.log_path}")
            await asyncio.to_thread(self._relaunch)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # --- facts ---------------------------------------------------------------------------------

    def url(self, database: str = DATABASE) -> str:
        """Where asyncpg and libpq find `database`, e.g. `postgresql://argosy@/argosy?host=/tmp/…`."""
        folder = self._socket_folder or self._state_of_pid_file()[2]
        if folder is None:
            raise StoreError(f"No PostgreSQL is running on {self.folder}; `argosy up` starts it.")
        return f"postgresql://{USER}@/{database}?host={quote(str(folder))}&port={PORT}"

    @property
    def pid(self) -> int | None:
        """The process id of the postmaster, while it runs."""
        return self._process.pid if self._process else self._state_of_pid_file()[0]

    def program(self, name: str) -> Path:
        """One of PostgreSQL's own programs, such as `pgbench` or `pg_basebackup`."""
        path = self._programs / name
        if not path.exists():
            raise StoreError(f"This PostgreSQL comes without {name}: {self._programs}")
        return path

    @cached_property
    def _as_user(self) -> AsUser:
        return AsUser(self._programs)

    # --- steps ---------------------------------------------------------------------------------

    def _check_version(self) -> None:
        said = subprocess.run(
            [self._programs / "postgres", "--version"],
            capture_output=True,
            text=True,
            check=True,
            env={},
        ).stdout.strip()
        match = re.search(r"\(PostgreSQL\) (\d+)", said)
        self._major = int(match[1]) if match else 0
        if self._major < SERVER_VERSION_MIN:
            raise StoreError(f"{said or 'PostgreSQL'} at {self._programs} is too old.")
        try:
            made_by = int((self.folder / "PG_VERSION").read_text())
        except FileNotFoundError:
            return
        if made_by != self._major:
            raise StoreError(
                f"{self.folder} was made by PostgreSQL {made_by} and this is {self._major}. Move"
                " the data with pg_dump and pg_restore or with pg_upgrade; see docs/operating.md."
            )

    def _make(self) -> None:
        """Lay out a new folder beside the final one, so that a half-made one is never used."""
        half_made = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(half_made, ignore_errors=True)
        half_made.mkdir(mode=0o700)
        self._as_user.give(half_made)
        self._as_user.run(
            "initdb",
            *("--pgdata", half_made, "--username", USER, "--encoding", "UTF8"),
            *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
            *("--auth", "peer", "--no-instructions"),
        )
        self._as_user.run(
            "postgres",
            *("--single", "-D", half_made, "-c", "listen_addresses=", "postgres"),
            stdin=f"CREATE DATABASE {DATABASE};\n",
        )
        if self.folder.exists():
            self.folder.rmdir()  # raises where somebody keeps other things there
        half_made.rename(self.folder)

    def _write_settings(self) -> None:
        newer = "autovacuum_worker_slots = 4\n" if self._major >= 18 else ""
        settings = _SETTINGS.format(
            durable="on" if self._durable else "off", version_settings=newer
        )
        if self._major < 18:
            settings = settings.replace("io_method = sync\n", "")
        me = pwd.getpwuid(os.geteuid()).pw_name
        for name, text in {
            "postgresql.conf": settings,
            "pg_hba.conf": "local all,replication argosy peer map=argosy\n",
            "pg_ident.conf": f'argosy "{me}" argosy\n',
        }.items():
            beside = self.folder / (name + ".argosy")
            beside.unlink(missing_ok=True)
            beside.touch(mode=0o600, exist_ok=False)
            beside.write_text(text)
            self._as_user.give(beside)
            beside.rename(self.folder / name)

    def _launch(self) -> None:
        self._write_settings()
        (self.folder / "postmaster.pid").unlink(missing_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_MAX:
            self.log_path.replace(self.log_path.with_suffix(".log.old"))
        with self.log_path.open("ab") as written:
            self._process = self._as_user.popen(
                "postgres",
                *("-D", self.folder, "-k", self._socket_folder, "-p", PORT),
                *("-c", f"cluster_name={self._name}"),
                stdout=written,
            )
        process = self._process

        def check() -> None:
            if process.poll() is not None:
                tail = self.log_path.read_text("utf-8", "replace").splitlines()[-8:]
                raise StoreError("PostgreSQL did not start:\n  " + "\n  ".join(tail))

        self._wait_until_ready(check)

    def _relaunch(self) -> None:
        with self._turn:
            if self._lock is not None:  # else it was stopped meanwhile
                self._stop_orphans()
                self._launch()

    def _wait_until_ready(self, check: Callable[[], None]) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while self._state_of_pid_file()[1] != "ready":
            check()
            if time.monotonic() > deadline:
                raise Unavailable(f"PostgreSQL is not ready; see {self.log_path}")
            time.sleep(0.02)

    def _state_of_pid_file(self) -> tuple[int | None, str, Path | None]:
        """Pid, state and socket folder as the running postmaster writes them into its file."""
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return None, "", None
        lines += [""] * 8
        return (
            int(lines[0]) if lines[0].isdigit() else None,
            lines[7].strip(),
            Path(lines[4]) if lines[4] else None,
        )

    def _stop_orphans(self) -> None:
        """End what an earlier life of ours left behind. The lock says that nobody else uses it."""
        pid, _, socket_folder = self._state_of_pid_file()
        if pid is None:
            return
        ours = list(self._our_processes())
        for process in ours:
            # The postmaster ends its children; without one, each backend is asked by itself.
            alone = all(other.pid != pid for other in ours)
            if process.pid == pid or alone:
                log.warning("stopping PostgreSQL process %s left by an earlier run", process.pid)
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGTERM if alone else signal.SIGINT)
        _, alive = psutil.wait_procs(ours, ORPHAN_SECONDS_MAX)
        for process in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, 5)
        if left := list(self._our_processes()):
            raise StoreError(f"An old PostgreSQL does not end: processes {[p.pid for p in left]}")
        if socket_folder is not None and socket_folder != self._socket_folder:
            _remove_socket_folder(socket_folder)

    def _our_processes(self) -> Iterator[psutil.Process]:
        """Processes of a server on this folder: its cluster name is in all their command lines."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                first = words[0] if words else ""
                titled = first.startswith(f"postgres: {self._name}:")
                if titled or f"cluster_name={self._name}" in words:
                    yield process


def _take_lock(path: Path) -> IO[str] | None:
    """The open, locked file; None where another process has it. The kernel frees it at our death."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _make_socket_folder(as_user: AsUser) -> Path:
    places = [None, "/tmp"]  # noqa: S108 — a folder of its own is made in it, for us alone
    for place in places:
        folder = Path(tempfile.mkdtemp(prefix="argosy-", dir=place))
        if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= SOCKET_BYTES_MAX:
            as_user.give(folder)
            return folder
        folder.rmdir()
    raise StoreError("No folder has a path short enough for a unix socket; set TMPDIR.")


def _remove_socket_folder(folder: Path) -> None:
    """Remove what a dead server left, and nothing that does not look like it."""
    if folder.name.startswith("argosy-") and folder.is_dir() and not folder.is_symlink():
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (folder / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            folder.rmdir()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown; immediate shutdown where that takes too long."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(STOP_SECONDS_MAX)
