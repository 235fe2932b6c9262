"""The peer that every figure is compared with: pgbench's TPC-B on the same server."""

from __future__ import annotations

import re
import subprocess

from argosy.base.store.postgres import Postgres

CLIENTS = 8
SCALE = 10
_DATABASE = "pgbench"


class Peer:
    """pgbench on `server`: eight clients, prepared statements, scale 10."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    def prepare(self) -> None:
        """Make its database."""
        self._run("createdb", f"--maintenance-db={self._server.url()}", _DATABASE)
        self._run("pgbench", "-i", "-q", "-s", str(SCALE), self._server.url(_DATABASE))

    def transactions_per_second(self, seconds: int) -> float:
        """TPC-B transactions a second, measured for `seconds`."""
        options = ["-c", str(CLIENTS), "-j", "2", "-M", "prepared", "-n", "-T", str(seconds)]
        said = self._run("pgbench", *options, self._server.url(_DATABASE))
        found = re.search(r"tps = ([0-9.]+)", said)
        if found is None:
            raise RuntimeError(f"pgbench printed no tps: {said}")
        return float(found.group(1))

    def _run(self, program: str, *words: str) -> str:
        command = [str(self._server.program(program)), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr}")
        return done.stdout
