"""The console costs nothing until somebody opens it, and nothing breaks where it is not installed."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from argosy.management.console import lazily
from argosy.management.console.lazily import Console, elsewhere, is_behind

PROGRAM = """
import sys
{hide}
import argosy.cli, argosy.web
from argosy.management.console.lazily import is_installed
print(sorted({{'nicegui', 'fastapi', 'socketio', 'pyotp', 'xlsxwriter'}} & set(sys.modules)))
"""
HIDE = """
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {'nicegui', 'pyotp', 'xlsxwriter', 'websockets'}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
"""


def started(hide: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(hide=hide)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_starting_the_program_loads_nothing_of_it():
    assert started("") == "[]"


def test_without_its_libraries_the_program_starts():
    assert started(HIDE) == "[]"


def ask(app) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wallet.test:8080")


async def test_where_it_is_not_installed_it_says_so(monkeypatch):
    monkeypatch.setattr(lazily, "is_installed", lambda: False)
    console = Console(lambda: pytest.fail("nothing is loaded"))
    async with ask(console) as client:
        answer = await client.get("/console/signin")
    assert answer.status_code == 503
    assert "pip install" in answer.text
    await console.close()


async def test_a_process_of_its_own_is_led_to():
    async with ask(elsewhere(8090)) as client:
        answer = await client.get("/console/signin")
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://wallet.test:8090/console/"


@pytest.mark.parametrize(
    "path,behind",
    [("/console", True), ("/console/", True), ("/console/x", True), ("/consolation", False)],
)
def test_what_is_behind_it(path, behind):
    assert is_behind(path) is behind
