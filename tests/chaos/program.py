"""The real program as a child process, which can be killed in every way and leaves nothing behind.

Whatever is killed here was started here: the server's process, and the PostgreSQL whose folder lies in
this program's own temporary data folder.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil

from argosy.base.store.postgres import Postgres

ROOT = Path(__file__).parents[2]
READY_SECONDS_MAX = 120.0
STOP_SECONDS_MAX = 30.0


class Broken(Exception):
    """The program did what it must not do: the end of its log is in the text."""


class Program:
    """`argosy up --demo` over `folder`, on a port of its own: as one process, and at each second start as
    three, of which one judges for the others."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log_path = folder / "program.log"
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.starts = 0
        self.postgres_deaths: list[float] = []
        self._process: subprocess.Popen[bytes] | None = None

    # --- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and do not wait."""
        self.starts += 1
        self.postgres_deaths.clear()
        with self.log_path.open("ab") as log:
            log.write(f"\n=== start {self.starts}\n".encode())
            log.flush()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "argosy", "up", "--demo"],
                env=self._environment(),
                cwd=self.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    async def ready(self) -> float:
        """Wait until it takes money; how many seconds that took."""
        begun = time.monotonic()
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while True:
                self.check_alive()
                with suppress(httpx.HTTPError):
                    answer = await client.get(f"{self.url}/health/ready")
                    if answer.status_code == 200:
                        return time.monotonic() - begun
                if time.monotonic() - begun > READY_SECONDS_MAX:
                    raise Broken(f"it is not ready in time:\n{self.tail()}")
                await asyncio.sleep(0.02)

    def check_alive(self) -> None:
        """Raise `Broken` where it ended by itself."""
        if self._process is None or self._process.poll() is None:
            return
        raise Broken(f"it ended with {self._process.returncode}:\n{self.tail()}")

    async def stop(self) -> None:
        """Ctrl-C; raises `Broken` where it does not end well."""
        process = self._process
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            raise Broken(f"it does not end on Ctrl-C:\n{self.tail()}") from None
        self._process = None
        if process.returncode != 0:
            raise Broken(f"Ctrl-C ended it with {process.returncode}:\n{self.tail()}")
        if left := [p.pid for p in self._ours()]:
            raise Broken(f"Ctrl-C left processes behind: {left}")

    def clean(self) -> None:
        """End whatever is left of it, for good; never raises for what is gone already."""
        if self._process is not None:
            self.kill_server()
        self.kill_postgres()
        for folder in self._socket_folders():
            shutil.rmtree(folder, ignore_errors=True)
        with suppress(psutil.Error):
            psutil.wait_procs(list(self._ours()), 5)

    # --- death ---------------------------------------------------------------------------------

    def kill_server(self) -> None:
        """`kill -9` of the server alone: its PostgreSQL lives on as an orphan."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def kill_postgres(self) -> int:
        """`kill -9` of the postmaster and all its children; how many processes that were."""
        killed = 0
        for process in list(self._ours()):
            with suppress(psutil.NoSuchProcess):
                process.kill()
                killed += 1
        self.postgres_deaths.append(time.monotonic())
        return killed

    def fill_disk(self, bytes_max: int | None) -> None:
        """Let PostgreSQL's files grow to `bytes_max` and no further, as on a full disk; None: again
        as before. A new postmaster, which the server starts, is free of it."""
        limit = "unlimited" if bytes_max is None else str(bytes_max)
        for process in list(self._ours()):
            with suppress(psutil.NoSuchProcess):
                uids, gids = process.uids(), process.gids()
                other = {"user": uids.real, "group": gids.real, "extra_groups": []}
                subprocess.run(
                    ["prlimit", "--pid", str(process.pid), f"--fsize={limit}:unlimited"],
                    check=False,  # it may have ended in this moment
                    stderr=subprocess.DEVNULL,
                    **(other if uids.real != os.getuid() else {}),
                )

    # --- facts ---------------------------------------------------------------------------------

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def database_url(self) -> str:
        """Where the running PostgreSQL can be reached."""
        return Postgres(self.data / "postgres").url()

    @property
    def postmaster(self) -> int | None:
        return Postgres(self.data / "postgres").pid

    def tail(self, lines: int = 60) -> str:
        return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-lines:])

    def broken_pages(self, lines: int = 60) -> str:
        """What the log says of the last answer that was a bug, if any was."""
        written = self.log_path.read_text("utf-8", "replace").splitlines()
        at = [n for n, line in enumerate(written) if " broke" in line and "ERROR" in line]
        return "\n".join(written[at[-1] : at[-1] + lines]) if at else "no page broke"

    async def run(self, *words: str) -> tuple[int, str]:
        """Another command of the program beside the running one: its exit code and its words."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "argosy", *words),
            env=self._environment(),
            cwd=self.data.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    def _environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("ARGOSY_")}
        return {
            **kept,
            "ARGOSY_DATA": str(self.data),
            "ARGOSY_PORT": str(self.port),
            "ARGOSY_WORKERS": "1" if self.starts % 2 else "3",
            "ARGOSY_CONSOLE_PORT": "0",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUNBUFFERED": "1",
        }

    def _ours(self) -> Iterator[psutil.Process]:
        """PostgreSQL's processes over our folder: the postmaster names the folder, its children bear
        the name that the folder gives the cluster."""
        folder, name = str(self.data / "postgres"), Postgres(self.data / "postgres")._name
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.cmdline()
                program = words[0] if words else ""
                is_child = program.startswith(f"postgres: {name}:")
                is_main = f"cluster_name={name}" in words
                is_making = any(word.startswith(folder) for word in words) and "postgres" in program
                if is_child or is_main or is_making:
                    yield process

    def _socket_folders(self) -> Iterator[Path]:
        """Where the last PostgreSQL listened, as its own file says."""
        with suppress(OSError, IndexError):
            lines = (self.data / "postgres" / "postmaster.pid").read_text().splitlines()
            folder = Path(lines[4])
            if folder.name.startswith("argosy-") and folder != self.data:
                yield folder


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
