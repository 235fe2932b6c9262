"""States as bytes: compact, and the same bytes for the same knowledge."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from argosy.base.refusals import must
from argosy.ctu.facts.plan import DIFFERENT, NUMBERS, EntityPlan
from argosy.ctu.facts.windows import FAR, State

_PLAIN: Final = 1
_WITH_LARGE: Final = 2  # numbers beyond 64 bits, as texts

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Any])


def pack(one: EntityPlan, state: State) -> bytes:
    """The state of an entity as bytes; buckets that no window reaches any more are left out."""
    newest = state[0]
    items: list[Any] = [_PLAIN, newest]
    for track in one.tracks:
        at = track.at
        if track.window is not None:
            rows = state[at + 2]
            if rows is not None:
                w, dead = track.width, newest // track.grain - track.kept
                i = 0
                while i < len(rows) and rows[i] <= dead:
                    i += w
                rows = rows[i:] if i else rows
            items.append(rows or None)
        elif track.kind == DIFFERENT:
            items.append(None if state[at] is None else sorted(state[at]))
        else:
            items.append(state[at : at + track.slots])
    try:
        return _encoder.encode(items)
    except OverflowError:
        return _encoder.encode([_WITH_LARGE, *(_large_out(item) for item in items[1:])])


def unpack(one: EntityPlan, packed: bytes) -> State:
    """The state that `pack` wrote."""
    items = _decoder.decode(packed)
    must(items[0] in (_PLAIN, _WITH_LARGE), "a state packed in a form nobody knows", form=items[0])
    must(len(items) == len(one.tracks) + 2, "a state of other facts", entity=one.entity)
    if items[0] == _WITH_LARGE:
        items = [_large_in(item) for item in items]
    state: State = [items[1], 0]
    for track, item in zip(one.tracks, items[2:], strict=True):
        if track.window is None:
            if track.kind == DIFFERENT:
                state.append(None if item is None else set(item))
            else:
                state += item
        elif item is None:
            state += track.nothing
        else:  # the cursor is nowhere yet: whoever asks first moves it
            state += (FAR, -FAR, item, 0, 0)
            state += track.nothing[5:] if track.kind == NUMBERS else [{}]
    return state


def _large_out(item: Any) -> Any:
    if isinstance(item, list):
        return [_large_out(one) for one in item]
    return str(item) if isinstance(item, int) and abs(item) >= 1 << 63 else item


def _large_in(item: Any) -> Any:
    if isinstance(item, list):
        return [_large_in(one) for one in item]
    return int(item) if isinstance(item, str) else item
