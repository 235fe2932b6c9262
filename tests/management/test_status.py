"""What runs is found by its note, and where it answers stands in the same note."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from argosy.management.status import PID_FILE, address, forget_running, note_running, parts


@pytest.mark.parametrize(
    "host, port, answers_at",
    [
        ("127.0.0.1", 8080, "http://127.0.0.1:8080"),
        ("0.0.0.0", 9000, "http://127.0.0.1:9000"),
        ("::", 9000, "http://[::1]:9000"),
        ("2001:db8::7", 80, "http://[2001:db8::7]:80"),
        ("wallet.local", 8931, "http://wallet.local:8931"),
    ],
)
def test_where_it_answers_is_what_was_noted(
    tmp_path: Path, host: str, port: int, answers_at: str
) -> None:
    assert address(tmp_path) is None
    note_running(tmp_path, host, port)
    assert address(tmp_path) == answers_at
    forget_running(tmp_path)
    assert address(tmp_path) is None


def test_a_note_without_a_place_or_without_sense_says_nothing(tmp_path: Path) -> None:
    for note in (f"{os.getpid()}\n", "", "nonsense", "1\n2"):
        (tmp_path / PID_FILE).write_text(note, "ascii")
        assert address(tmp_path) is None, note


def test_parts_are_named_by_what_they_do(tmp_path: Path) -> None:
    code = "import time,sys; print('up', flush=True); time.sleep(60)"
    child = f"import subprocess,sys; subprocess.run([sys.executable, '-c', {code!r}, 'worker'])"
    with subprocess.Popen(
        [sys.executable, "-c", child, "argosy"], stdout=subprocess.PIPE, start_new_session=True
    ) as main:
        try:
            assert main.stdout is not None
            assert main.stdout.readline() == b"up\n"
            (tmp_path / PID_FILE).write_text(f"{main.pid}\n127.0.0.1 1\n", "ascii")
            found = {part.name: part for part in parts(tmp_path)}
            assert set(found) == {"wallet", "worker"}
            assert all(p.processes == 1 and p.memory_bytes > 1_000_000 for p in found.values())
        finally:
            os.killpg(main.pid, 9)
    assert parts(tmp_path) == []
