"""States as bytes: compact, and the same bytes for the same knowledge."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from argosy.base.refusals import must
from argosy.ctu.facts.plan import EntityPlan
from argosy.ctu.facts.windows import FAR, State

_PLAIN: Final = 1
_WITH_LARGE: Final = 2  # numbers beyond 64 bits, as texts

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Any])


def pack(one: EntityPlan, state: State) -> bytes:
    """The state of an entity as bytes; buckets that no window reaches any more are left out."""
    newest = state[0]
    items: list[Any] = [_PLAIN, newest]
    for at, size, width, grain, kept, different, _ in one.slots:
        if kept:
            rows = state[at + 2]
            if rows:
                dead = newest // grain - kept
                if rows[0] <= dead:
                    i = width
                    while i < len(rows) and rows[i] <= dead:
                        i += width
                    rows = rows[i:]
            items.append(rows or None)
        elif different:
            items.append(None if state[at] is None else sorted(state[at]))
        else:
            items.append(state[at : at + size])
    try:
        return _encoder.encode(items)
    except OverflowError:
        return _encoder.encode([_WITH_LARGE, *(_large_out(item) for item in items[1:])])


def seen_at(packed: bytes) -> int:
    """The newest second that a packed state has seen; 0 where it has seen nothing."""
    return int(_decoder.decode(packed)[1])


def unpack(one: EntityPlan, packed: bytes) -> State:
    """The state that `pack` wrote."""
    items = _decoder.decode(packed)
    must(items[0] in (_PLAIN, _WITH_LARGE), "a state packed in a form nobody knows", form=items[0])
    must(len(items) == len(one.tracks) + 2, "a state of other facts", entity=one.entity)
    if items[0] == _WITH_LARGE:
        items = [_large_in(item) for item in items]
    state: State = [items[1], 0]
    for (_, _, _, _, kept, different, empty), item in zip(one.slots, items[2:], strict=True):
        if not kept:
            if different:
                state.append(None if item is None else set(item))
            else:
                state += item
        elif item is None:
            state += empty
        else:  # the cursor is nowhere yet: whoever asks first moves it
            state += (FAR, -FAR, item, 0, 0)
            state += [{}] if different else empty[5:]
    return state


def _large_out(item: Any) -> Any:
    if isinstance(item, list):
        return [_large_out(one) for one in item]
    return str(item) if isinstance(item, int) and abs(item) >= 1 << 63 else item


def _large_in(item: Any) -> Any:
    if isinstance(item, list):
        return [_large_in(one) for one in item]
    return int(item) if isinstance(item, str) else item
