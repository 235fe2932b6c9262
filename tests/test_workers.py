"""More processes than one: none of them outlives the one that judges, however young it is."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import psutil
import pytest

PARENT = """
import asyncio, sys
from argosy import workers

async def first():
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "import time; print('born', flush=True); time.sleep(60)",
        preexec_fn=workers.dying_with(%s),
    )
    print(child.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(first())
"""


def _first(parent: str) -> tuple[subprocess.Popen[str], psutil.Process]:
    first = subprocess.Popen(
        [sys.executable, "-c", PARENT % parent], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None
    with first.stdout:
        said = {first.stdout.readline().strip() for _ in range(2)} - {"born"}
    return first, psutil.Process(int(said.pop()))


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a worker looks for its parent itself"
)
def test_a_worker_that_knows_nothing_yet_dies_with_its_parent():
    first, child = _first("__import__('os').getpid()")
    first.send_signal(signal.SIGKILL)
    first.wait()
    child.wait(5)
    assert not child.is_running()


def test_twin_without_the_wish_it_lives_on():
    first, child = _first("0) and (lambda: None")
    first.send_signal(signal.SIGKILL)
    first.wait()
    time.sleep(0.5)
    assert child.is_running()
    child.kill()
