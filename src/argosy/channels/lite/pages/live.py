"""The live line: tells an open page that something of its party has changed. It carries no data, so
there is nothing to protect; the page then asks for its own live part again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from argosy.base.outbox.broadcast import Broadcast, Refresh
from argosy.channels.lite.answers import Answer
from argosy.channels.lite.pages.address import Address, get
from argosy.channels.lite.visits import Visit
from argosy.channels.lite.wire import Stream

BEAT_SECONDS = 20.0
LIFE_BEATS_MAX = 30
"""After so many quiet beats the line ends and the browser opens a new one, which reads the session
again."""
_HELLO = b"retry: 2000\n\n"
_CHANGED = b"data: 1\n\n"
_BEAT = b":\n\n"


async def live(visit: Visit) -> Answer:
    changes = _changes(visit.lite.broadcast, visit)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return Stream(changes, media_type="text/event-stream", headers=headers)


async def _changes(broadcast: Broadcast, visit: Visit) -> AsyncGenerator[bytes, None]:
    async with broadcast.subscribe(visit.me.id) as events:
        yield _HELLO
        beats = 0
        while beats < LIFE_BEATS_MAX:
            try:
                event = await asyncio.wait_for(anext(events), BEAT_SECONDS)
            except TimeoutError:
                beats += 1
                yield _BEAT
                continue
            except StopAsyncIteration:
                return
            yield _CHANGED
            if isinstance(event, Refresh):
                return


ADDRESSES: tuple[Address, ...] = (get("/live", live),)
