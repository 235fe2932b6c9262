"""Buckets of one track, slid over by a cursor: the running total of a window at any moment.

A state is a flat list. A track with a window has, from slot `o` on: `lo`, `hi` (the buckets for which the
cursor is right), the rows, the cursor's two ends `h` and `t`, and the totals of the rows between them.
Rows are a flat list ordered by bucket: bucket, count, measures. To slide changes no number that
anybody reads: it goes back as well as forth.

`Numbers` writes these functions once for each set of measures, without a loop over the measures in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from argosy.ctu.facts.declared import DISTINCT_MAX

FAR: Final = 1 << 60
"""Beyond every bucket."""

TRIM_ROWS_MIN = 8
DIFFERENT_ROWS_MAX = 4 * DISTINCT_MAX

State = list[Any]


@dataclass(frozen=True, slots=True)
class Numbers:
    """The functions of a set of measures. `slide(S, o, n, b)` moves the cursor to bucket `b` of a window
    of `n` buckets. `push(S, o, n, keep, b, v, k)` counts an entry of value `v` (at night: `k`) in bucket
    `b`; `push_late` is the same for a track with a delay, whose cursor is behind. `mark(S, o, b, change,
    alone)` changes how many entries of bucket `b` were bad; `alone`: only bad ones are counted at all."""

    slide: Callable[..., None]
    push: Callable[..., None]
    push_late: Callable[..., None]
    trim: Callable[..., None]
    mark: Callable[..., None]


@cache
def numbers(measures: str) -> Numbers:
    """The functions for `measures`, some of `sqkbm` in this order."""
    sums = "n" + measures.replace("m", "")
    w = 2 + len(measures)
    place = {
        m: 1 + i for i, m in enumerate("n" + measures)
    }  # in a row; its total is at o + 4 + place

    def change(sign: str, row: str) -> str:
        return "; ".join(f"S[o + {4 + place[m]}] {sign}= R[{row} + {place[m]}]" for m in sums)

    top = place.get("m", 0)
    recompute = f"S[o + {4 + top}] = max(R[h + {top}:t:{w}], default=None)" if top else "pass"
    given = {"n": "1", "s": "v", "q": "v * v", "k": "k", "b": "0", "m": "v"}
    row = ", ".join(["b", *(given[m] for m in "n" + measures)])
    add_row = "; ".join(f"R[i + {place[m]}] += {given[m]}" for m in sums if m != "b")
    add_total = "; ".join(f"S[o + {4 + place[m]}] += {given[m]}" for m in sums if m != "b")
    row_max = f"if v > R[i + {top}]: R[i + {top}] = v" if top else "pass"
    total_max = (
        f"if S[o + {4 + top}] is None or v > S[o + {4 + top}]: S[o + {4 + top}] = v"
        if top
        else "pass"
    )
    bad = place.get("b", 0)
    source = f"""
def slide(S, o, n, b):
    R = S[o + 2]
    h = S[o + 3]
    t = S[o + 4]
    L = len(R)
    if b > S[o + 1] and t == L:
        a = b - n
        while h < t and R[h] <= a:
            {change("-", "h")}
            h += {w}
        {recompute}
        S[o:o + 4] = b, R[h] + n - 1 if h < t else FAR, R, h
        return
    while t < L and R[t] <= b:
        {change("+", "t")}
        t += {w}
    while t and R[t - {w}] > b:
        t -= {w}
        if t < h:
            h = t
        else:
            {change("-", "t")}
    a = b - n
    while h < t and R[h] <= a:
        {change("-", "h")}
        h += {w}
    while h and R[h - {w}] > a:
        h -= {w}
        {change("+", "h")}
    {recompute}
    S[o + 3] = h
    S[o + 4] = t
    lo = R[t - {w}] if t else -FAR
    if h and R[h - {w}] + n > lo:
        lo = R[h - {w}] + n
    hi = R[t] - 1 if t < L else FAR
    if h < t and R[h] + n <= hi:
        hi = R[h] + n - 1
    S[o] = lo
    S[o + 1] = hi

def push(S, o, n, keep, b, v, k):
    R = S[o + 2]
    if R is None:
        S[o + 2] = R = []
    if not S[o] <= b <= S[o + 1]:
        slide(S, o, n, b)
    h = S[o + 3]
    t = S[o + 4]
    if t > h and R[t - {w}] == b:
        i = t - {w}
        {add_row}
        {row_max}
    else:
        if t == len(R):
            R += ({row})
        else:
            R[t:t] = ({row})
        if t == h:
            hi = R[t + {w}] - 1 if t + {w} < len(R) else FAR
            S[o + 1] = min(hi, b + n - 1)
        S[o] = b
        S[o + 4] = t + {w}
        if h >= {w * TRIM_ROWS_MIN}:
            trim(S, o, b - keep)
    {add_total}
    {total_max}

def trim(S, o, dead):
    R = S[o + 2]
    h = S[o + 3]
    i = 0
    while i < h and R[i] <= dead:
        i += {w}
    if i:
        del R[:i]
        S[o + 3] = h - i
        S[o + 4] -= i

def push_late(S, o, n, keep, b, v, k):
    if b <= S[o + 1]:
        push(S, o, n, keep, b, v, k)
        return
    R = S[o + 2]
    i = len(R)
    while i and R[i - {w}] > b:
        i -= {w}
    if i and R[i - {w}] == b:
        i -= {w}
        {add_row}
        {row_max}
        return
    R[i:i] = ({row})
    if S[o + 3] >= {w * TRIM_ROWS_MIN}:
        trim(S, o, b - keep)

def mark(S, o, b, change, alone):
    R = S[o + 2]
    if R is None:
        if not alone:
            return
        S[o + 2] = R = []
    i = len(R) - {w}
    while i >= 0 and R[i] > b:
        i -= {w}
    if i >= 0 and R[i] == b:
        R[i + {bad}] += change
        if S[o + 3] <= i < S[o + 4]:
            S[o + {4 + bad}] += change
    elif alone:
        R[i + {w}:i + {w}] = [b, *[0] * {w - 1}]
        R[i + {w} + {bad}] = change
        S[o] = FAR
        S[o + 1] = -FAR
        S[o + 3] = S[o + 4] = 0
        S[o + 5:o + {5 + w - 1}] = [0] * {w - 1}
"""
    names: dict[str, Any] = {"FAR": FAR}
    exec(source, names)  # noqa: S102  our own text, made of constants
    return Numbers(names["slide"], names["push"], names["push_late"], names["trim"], names["mark"])


# --- different values -------------------------------------------------------------------------------
# Rows are (bucket, mark of the value), each pair once; the slot behind the cursor's ends holds a dict of
# the values between them, with the newest bucket of each.


def slide_different(state: State, o: int, n: int, b: int) -> None:
    """As `slide`, for different values."""
    rows, h, t, seen = state[o + 2], state[o + 3], state[o + 4], state[o + 5]
    size = len(rows)
    if b > state[o + 1] and t == size:  # time has gone on and nothing was added
        while h < t and rows[h] <= b - n:
            if seen[rows[h + 1]] == rows[h]:
                del seen[rows[h + 1]]
            h += 2
        state[o : o + 4] = b, rows[h] + n - 1 if h < t else FAR, rows, h
        return
    if (t and rows[t - 2] > b) or (h and rows[h - 2] > b - n):  # back in time: begin anew
        h = t = 0
        seen.clear()
    while t < size and rows[t] <= b:
        seen[rows[t + 1]] = rows[t]
        t += 2
    while h < t and rows[h] <= b - n:
        if seen.get(rows[h + 1]) == rows[h]:
            del seen[rows[h + 1]]
        h += 2
    state[o + 3], state[o + 4] = h, t
    _set_bounds(state, o, n)


def push_different(state: State, o: int, n: int, keep: int, b: int, value: int) -> None:
    """Take in that `value` (its mark) was seen in bucket `b`."""
    if state[o + 2] is None:
        state[o + 2], state[o + 5] = [], {}
    if not state[o] <= b <= state[o + 1]:
        slide_different(state, o, n, b)
    rows, h, t, seen = state[o + 2], state[o + 3], state[o + 4], state[o + 5]
    if seen.get(value) == b:
        return
    full = t - 2 * DISTINCT_MAX
    if full >= 0 and rows[full] == b:  # the bucket alone has as many as are ever told
        return
    first = not t or rows[t - 2] != b
    rows[t:t] = (b, value)
    seen[value] = b
    state[o + 4] = t + 2
    if h >= 2 * TRIM_ROWS_MIN:
        trim_different(state, o, b - keep)
    if first and len(rows) > 2 * DIFFERENT_ROWS_MAX:
        _thin_different(state, o, n, keep - n)
    _set_bounds(state, o, n)


def push_different_late(state: State, o: int, n: int, keep: int, b: int, value: int) -> None:
    """As `push_different`, for a track with a delay."""
    if b <= state[o + 1]:
        push_different(state, o, n, keep, b, value)
        return
    rows = state[o + 2]
    i = len(rows)
    while i and rows[i - 2] > b:
        i -= 2
    j = i
    while j and rows[j - 2] == b:
        j -= 2
        if rows[j + 1] == value:
            return
    if i - j < 2 * DISTINCT_MAX:
        rows[i:i] = (b, value)
    if state[o + 3] >= 2 * TRIM_ROWS_MIN:
        trim_different(state, o, b - keep)


def _set_bounds(state: State, o: int, n: int) -> None:
    rows, h, t = state[o + 2], state[o + 3], state[o + 4]
    lo = rows[t - 2] if t else -FAR
    if h and rows[h - 2] + n > lo:
        lo = rows[h - 2] + n
    hi = rows[t] - 1 if t < len(rows) else FAR
    if h < t and rows[h] + n <= hi:
        hi = rows[h] + n - 1
    state[o], state[o + 1] = lo, hi


def trim_different(state: State, o: int, dead: int) -> None:
    """Let go of rows up to bucket `dead` that the cursor is past."""
    rows, h = state[o + 2], state[o + 3]
    i = 0
    while i < h and rows[i] <= dead:
        i += 2
    if i:
        del rows[:i]
        state[o + 3] -= i
        state[o + 4] -= i


def _thin_different(state: State, o: int, n: int, late: int) -> None:
    """Let go of rows that no window needs any more to be told to have the most that is told."""
    rows = state[o + 2]
    newest = rows[-2] - late
    seen: set[int] = set()
    i = len(rows)
    while i:
        i -= 2
        if rows[i] <= newest:
            seen.add(rows[i + 1])
        if len(seen) >= DISTINCT_MAX:
            break
    bucket = rows[i]
    while i and rows[i - 2] == bucket:
        i -= 2
    if i:
        del rows[:i]
        state[o + 3], state[o + 4] = 0, 0
        state[o + 5].clear()
        slide_different(state, o, n, rows[-2])
