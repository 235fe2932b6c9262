"""The code of one fact set: written once from its declarations, without a question left at run time.

`Kernel` holds the functions. States are flat lists, one an entity, in the order of `entities`; where an
event does not name an entity its state is None.
"""

from __future__ import annotations

import hashlib
import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from argosy.base.refusals import must
from argosy.ctu.events import FOLDED_AS, Event
from argosy.ctu.facts.declared import DISTINCT_MAX, DISTINCT_OF, SCALE, Fact, FactSet
from argosy.ctu.facts.filters import NAMES, python_of
from argosy.ctu.facts.plan import (
    DECAYED,
    DIFFERENT,
    NUMBERS,
    TIMES,
    EntityPlan,
    Track,
    plan,
)
from argosy.ctu.facts.windows import (
    FAR,
    TRIM_ROWS_MIN,
    State,
    numbers,
    push_different,
    push_different_late,
    slide_different,
    trim_different,
)

MARKS_MAX: Final = 100_000
FUTURE_HALF_LIVES_MAX: Final = 1_000.0
"""What comes from so far in the future weighs no more: a float ends there."""

KEYS: Final = {
    "pair": "(None if not (x := e.payee or e.merchant or e.instrument) else f'{e.account}>{x}')",
    "account_device": "(f'{e.account}@{e.device}' if e.device else None)",
    "account_network": "(f'{e.account}@{e.network}' if e.network else None)",
    "received": "(e.account or None)",
}
"""How an entity is read from an event; the others are fields of it, of which an empty one is none."""

Keys = tuple[str | None, ...]

_DIFFERENT_SHOWN = "len(S[{at}]) if S[{at}] else 0"


class Kernel:
    """The functions of `fact_set`. `size` states make one event's: `entities` names them in order.

    - `read_keys(event)`, `fold_keys(event)`: the keys by which it is read and folded, None where none;
    - `read(event, *states)`: every fact as an `array('d')`, in the order of the columns;
    - `fold(event, outcome, change, *states)`: count one entry; `fold_fast` and `fold_rest` are its two
      halves, what a flight counts in at once and what it does not; `change` numbers the change;
    - `mark(event, outcome, by, change, *states)`: the entry was found bad (`by` 1) or not after all (-1);
    - `empty[n]`: the state of an entity of which nothing is known. It is shared: copy it to fold.
    """

    read_keys: Callable[[Event], Keys]
    fold_keys: Callable[[Event], Keys]
    read: Callable[..., array[float]]
    fold: Callable[..., None]
    fold_fast: Callable[..., None]
    fold_rest: Callable[..., None]
    mark: Callable[..., None]

    def __init__(self, fact_set: FactSet) -> None:
        self.fact_set = fact_set
        self.plans = plan(fact_set.facts)
        self.entities: tuple[str, ...] = tuple(one.entity for one in self.plans)
        self.size = len(self.plans)
        self.empty: tuple[State, ...] = tuple(_empty(one) for one in self.plans)
        _Writer(self).write()

    def columns_of(self, entity: str) -> int:
        """How many columns `entity` has."""
        return sum(len(one.facts) for one in self.plans if one.entity == entity)


def _empty(one: EntityPlan) -> State:
    state: State = [0, 0]
    for track in one.tracks:
        state += track.nothing
    return state


def copy_state(one: EntityPlan, state: State) -> State:
    """A state of its own with the same content."""
    made = state.copy()
    for at in one.containers:
        if made[at] is not None:
            made[at] = made[at].copy()
    return made


class Marks(dict[str, int]):
    """64 bits that stand for a text, the same in every process; the latest are remembered."""

    def __missing__(self, text: str) -> int:
        if len(self) >= MARKS_MAX:
            self.clear()
        made = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
        self[text] = made
        return made


def scaled(value: Any) -> int | None:
    """A numeric attribute in whole millionths; None where it is no number that has any."""
    if type(value) not in (int, float):
        return None
    millionths = value * float(SCALE)
    return math.floor(millionths + 0.5) if math.isfinite(millionths) else None


class _Writer:
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._plans = kernel.plans
        self._names: dict[str, Any] = {
            **NAMES,
            "array": array,
            "len": len,
            "min": min,
            "max": max,
            "sqrt": math.sqrt,
            "NAN": math.nan,
            "marks": Marks(),
            "scaled": scaled,
            "slide_different": slide_different,
            "push_different": push_different,
            "push_different_late": push_different_late,
            "trim_different": trim_different,
            "FAR": FAR,
            "OFFSETS": dict(kernel.fact_set.offsets),
            "__builtins__": {},
        }
        tracks = [track for one in self._plans for track in one.tracks]
        self._conditions = _number(track.condition for track in tracks)
        self._outcomes = _number(track.condition[1] for track in tracks)
        self._marks = _number(t.value for t in tracks if t.kind == DIFFERENT)
        self._values = _number(
            t.value for t in tracks if t.kind in (NUMBERS, DECAYED) and t.value != "amount"
        )

    def write(self) -> None:
        states = ", ".join(f"S{n}" for n in range(len(self._plans)))
        parts = [
            self._keys("read_keys", folding=False),
            self._keys("fold_keys", folding=True),
            self._read(states),
            self._fold("fold", states, lambda _: True),
            self._fold("fold_fast", states, lambda track: track.fast),
            self._fold("fold_rest", states, lambda track: not track.fast),
            self._mark(states),
        ]
        source = "\n".join(parts)
        for track in (t for one in self._plans for t in one.tracks):
            if track.kind == NUMBERS and track.window is not None:
                made = numbers(track.measures)
                self._names[f"slide_{track.measures}"] = made.slide
                self._names[f"push_{track.measures}"] = made.push
                self._names[f"push_late_{track.measures}"] = made.push_late
                self._names[f"mark_{track.measures}"] = made.mark
                self._names[f"trim_{track.measures}"] = made.trim
        exec(compile(source, "<facts>", "exec"), self._names)  # noqa: S102  our own text
        for name in ("read_keys", "fold_keys", "read", "fold", "fold_fast", "fold_rest", "mark"):
            setattr(self._kernel, name, self._names[name])

    def _keys(self, name: str, *, folding: bool) -> str:
        found = []
        for one in self._plans:
            entity = FOLDED_AS.get(one.entity, one.entity) if folding else one.entity
            found.append(KEYS.get(entity, f"e.{entity} or None"))
        return f"def {name}(e):\n    return ({', '.join(found)},)\n"

    def _times(self, tracks: Iterable[Track], *, reading: bool) -> list[str]:
        """The buckets that are needed, as `b<grain>` and, for reading with a delay, `b<grain>_<delay>`."""
        wanted = {(t.grain, t.delay if reading else 0) for t in tracks if t.window is not None}
        lines = ["ms = e.at_ms", "s = ms // 1000"]
        for grain, delay in sorted(wanted):
            since = f"(s - {delay})" if delay else "s"
            lines.append(f"{_bucket(grain, delay)} = {since} // {grain}")
        return lines

    # --- reading ---------------------------------------------------------------------------------

    def _read(self, states: str) -> str:
        lines = self._times((t for one in self._plans for t in one.tracks), reading=True)
        lines.append("v = e.amount")
        lines += [f"a{n} = scaled(e.attributes.get({name!r}))" for name, n in self._values.items()]
        for n, one in enumerate(self._plans):
            shown = ", ".join(self._shown(fact, track) for fact, track in one.facts)
            lines.append(f"S = S{n}")
            lines.append("if S is None:")
            lines.append(f"    r{n} = NONE{n}")
            self._names[f"NONE{n}"] = [math.nan] * len(one.facts)
            lines.append("else:")
            for track in one.tracks:
                if track.window is not None:
                    lines += ["    " + line for line in self._ready(track)]
            lines.append(f"    r{n} = ({shown},)")
        every = ", ".join(f"*r{n}" for n in range(len(self._plans)))
        lines.append(f"return array('d', ({every},))")
        return _function(f"read(e, {states})", lines)

    def _ready(self, track: Track) -> list[str]:
        """Bring the cursor here; where all of the window is over, which is common, at once."""
        at, w, bucket = track.at, track.width, _bucket(track.grain, track.delay)
        name = "slide_different" if track.kind == DIFFERENT else f"slide_{track.measures}"
        totals = "{}" if track.kind == DIFFERENT else ", ".join(map(repr, track.nothing[5:]))
        over = f"({bucket}, FAR, R, L := len(R), L, {totals})"
        return [
            f"if not S[{at}] <= {bucket} <= S[{at + 1}]:",
            f"    if (R := S[{at + 2}])[-{w}] + {track.buckets} <= {bucket}:",
            f"        S[{at}:{at + track.slots}] = {over}",
            f"    else: {name}(S, {at}, {track.buckets}, {bucket})",
        ]

    def _shown(self, fact: Fact, track: Track) -> str:
        """Python for one column."""
        if track.kind == DIFFERENT:
            shown = _DIFFERENT_SHOWN.format(at=track.at + (5 if track.window is not None else 0))
            if track.window is not None:
                shown = f"min({shown}, {DISTINCT_MAX})"
            return f"({shown})"
        if track.kind == TIMES:
            at = track.at + (fact.aggregate == "since")
            return f"(NAN if S[{at}] is None else max(ms - S[{at}], 0) / 1000)"
        scale = "" if track.value == "amount" else f" / {float(SCALE)}"
        if track.kind == DECAYED:
            life = (track.half_life or 1) * 1000
            ago = f"min((S[{track.at + 1}] - ms) / {life}, {FUTURE_HALF_LIVES_MAX})"
            return f"(S[{track.at}] * 2.0 ** {ago}{scale})"
        return self._shown_number(fact, track, scale)

    def _shown_number(self, fact: Fact, track: Track, scale: str) -> str:
        n = f"S[{track.total('n')}]"
        slot = {m: f"S[{track.total(m)}]" for m in track.measures}
        value = "v" if track.value == "amount" else f"a{self._values[track.value]}"
        match fact.aggregate:
            case "count":
                return n
            case "sum":
                return f"{slot['s']}{scale}"
            case "mean":
                return f"({slot['s']} / {n}{scale} if {n} else NAN)"
            case "spread":
                root = f"sqrt({n} * {slot['q']} - {slot['s']} * {slot['s']})"
                return f"({root} / {n}{scale} if {n} else NAN)"
            case "max":
                return f"(NAN if {slot['m']} is None else {slot['m']}{scale})"
            case "ratio":
                known = "" if track.value == "amount" else f" and {value} is not None"
                return f"({value} * {n} / {slot['s']} if {slot['s']}{known} else NAN)"
            case "night_share":
                return f"({slot['k']} / {n} if {n} else NAN)"
            case "bad_count":
                return slot["b"]
            case "bad_share":
                return f"({slot['b']} / {n} if {n} else NAN)"
        must(False, "an aggregate without code", aggregate=fact.aggregate)
        return ""

    # --- folding ---------------------------------------------------------------------------------

    def _fold(self, name: str, states: str, wanted: Callable[[Track], bool]) -> str:
        tracks = [t for one in self._plans for t in one.tracks if wanted(t) and not t.bad_only]
        lines = self._times(tracks, reading=False)
        lines.append("v = e.amount")
        if any("k" in t.measures for t in tracks):
            lines.append("d = (s + OFFSETS.get(e.market, 0)) % 86400")
            lines.append("k = d >= 82800 or d < 21600")
        else:
            lines.append("k = False")
        lines += self._conditions_of(tracks)
        for value, n in self._marks.items():
            if any(t.kind == DIFFERENT and t.value == value for t in tracks):
                lines.append(f"m{n} = marks[x] if (x := {_text_of(value)}) else None")
        for value, n in self._values.items():
            if any(t.kind in (NUMBERS, DECAYED) and t.value == value for t in tracks):
                lines.append(f"a{n} = scaled(e.attributes.get({value!r}))")
        for n, one in enumerate(self._plans):
            lines += [f"S = S{n}", "if S is not None:"]
            lines += ["    if s > S[0]: S[0] = s", "    S[1] = change"]
            for condition, c in self._conditions.items():
                mine = [
                    t
                    for t in one.tracks
                    if t.condition == condition and wanted(t) and not t.bad_only
                ]
                if mine:
                    lines.append(f"    if c{c}:")
                    lines += ["        " + line for t in mine for line in self._fold_track(t)]
        return _function(f"{name}(e, outcome, change, {states})", lines)

    def _conditions_of(self, tracks: Sequence[Track]) -> list[str]:
        lines = []
        for outcomes, n in self._outcomes.items():
            if any(t.condition[1] == outcomes for t in tracks):
                lines.append(f"o{n} = outcome in {outcomes!r}")
        filters = {where: None for where, _ in (t.condition for t in tracks) if where}
        known = {where: f"f{n}" for n, where in enumerate(filters)}
        lines += [f"{name} = {python_of(where, 'e')}" for where, name in known.items()]
        for condition, c in self._conditions.items():
            if any(t.condition == condition for t in tracks):
                where, outcomes = condition
                both = f" and {known[where]}" if where else ""
                lines.append(f"c{c} = o{self._outcomes[outcomes]}{both}")
        return lines

    def _fold_track(self, track: Track) -> list[str]:
        at = track.at
        if track.kind == TIMES:
            return [
                f"if S[{at}] is None: S[{at}] = S[{at + 1}] = ms",
                f"elif ms > S[{at + 1}]: S[{at + 1}] = ms",
                f"elif ms < S[{at}]: S[{at}] = ms",
            ]
        if track.kind == DIFFERENT:
            return self._fold_different(track)
        value = "v" if track.value == "amount" else f"a{self._values[track.value]}"
        if track.kind == DECAYED:
            lines = _decay(track, "1.0" if track.counts else value)
        elif track.window is None:
            lines = [f"S[{track.total('n')}] += 1", *_add(track, value)]
        else:
            lines = self._fold_window(track, value)
        if value == "v" or (track.kind == DECAYED and track.counts):
            return lines
        return [f"if {value} is not None:", *("    " + line for line in lines)]

    def _fold_different(self, track: Track) -> list[str]:
        at, mark = track.at, f"m{self._marks[track.value]}"
        if track.window is None:
            return [
                f"if {mark} is not None:",
                f"    if S[{at}] is None: S[{at}] = {{{mark}}}",
                f"    elif len(S[{at}]) < {DISTINCT_MAX}: S[{at}].add({mark})",
            ]
        bucket = _bucket(track.grain, 0)
        late = "_late" if track.delay else ""
        call = f"push_different{late}(S, {at}, {track.buckets}, {track.kept}, {bucket}, {mark})"
        end = f"{bucket} + {track.buckets - 1}"
        first = f"({bucket}, {end}, [{bucket}, {mark}], 0, 2, {{{mark}: {bucket}}})"
        if late:
            return [
                f"if {mark} is None: pass",
                f"elif (q := S[{at + 5}]) is None or q.get({mark}) != {bucket}: {call}",
            ]
        return [
            f"if {mark} is None: pass",
            f"elif (q := S[{at + 5}]) is not None and q.get({mark}) == {bucket}: pass",
            f"elif (R := S[{at + 2}]) is None or R[-2] + {track.kept} <= {bucket}:",
            f"    S[{at}:{at + 6}] = {first}",
            *_append(track, f"(t := S[{at + 4}]) < {2 * DISTINCT_MAX} and ", f"({bucket}, {mark})"),
            f"    q[{mark}] = {bucket}",
            f"else: {call}",
        ]

    def _fold_window(self, track: Track, value: str) -> list[str]:
        at, bucket, w = track.at, _bucket(track.grain, 0), track.width
        late = "_late" if track.delay else ""
        push = (
            f"push{late}_{track.measures}"
            f"(S, {at}, {track.buckets}, {track.kept}, {bucket}, {value}, k)"
        )
        if track.delay:
            return [push]
        counted = ", ".join(["1", *("0" if m == "b" else _given(m, value) for m in track.measures)])
        first = (
            f"({bucket}, {bucket} + {track.buckets - 1}, [{bucket}, {counted}], 0, {w}, {counted})"
        )
        in_row = [f"    R[t - {w - 1}] += 1"]
        for place, m in enumerate(track.measures, 2):
            if m == "m":
                in_row.append(f"    if {value} > R[t - {w - place}]: R[t - {w - place}] = {value}")
            elif m != "b":
                in_row.append(f"    R[t - {w - place}] += {_given(m, value)}")
        return [
            f"t = S[{at + 4}]",
            f"if t > S[{at + 3}] and (R := S[{at + 2}])[t - {w}] == {bucket}:",
            *in_row,
            f"    S[{track.total('n')}] += 1",
            *("    " + line for line in _add(track, value)),
            f"elif (R := S[{at + 2}]) is None or R[-{w}] + {track.kept} <= {bucket}:",
            f"    S[{at}:{at + track.slots}] = {first}",
            *_append(track, "", f"({bucket}, {counted})"),
            f"    S[{track.total('n')}] += 1",
            *("    " + line for line in _add(track, value)),
            f"else: {push}",
        ]

    # --- labels ----------------------------------------------------------------------------------

    def _mark(self, states: str) -> str:
        tracks = [t for one in self._plans for t in one.tracks if "b" in t.measures]
        lines = [*self._times(tracks, reading=False), *self._conditions_of(tracks)]
        for n, one in enumerate(self._plans):
            lines += [f"S = S{n}", "if S is not None:", "    S[1] = change"]
            for track in (t for t in one.tracks if "b" in t.measures):
                c = self._conditions[track.condition]
                if track.window is None:
                    lines.append(f"    if c{c}: S[{track.total('b')}] += by")
                else:
                    bucket = _bucket(track.grain, 0)
                    call = f"mark_{track.measures}(S, {track.at}, {bucket}, by, {track.bad_only})"
                    lines.append(f"    if c{c}: {call}")
        return _function(f"mark(e, outcome, by, change, {states})", lines)


def _number(things: Iterable[Any]) -> dict[Any, int]:
    return {thing: n for n, thing in enumerate(dict.fromkeys(things))}


def _bucket(grain: int, delay: int) -> str:
    return f"b{grain}_{delay}" if delay else f"b{grain}"


def _function(head: str, lines: Iterable[str]) -> str:
    return "\n".join([f"def {head}:", *("    " + line for line in lines), "    return None", ""])


def _text_of(value: str) -> str:
    if value in KEYS:
        return KEYS[value]
    return f"e.{value}" if value in DISTINCT_OF else f"_text(e.attributes.get({value!r}))"


def _given(measure: str, value: str) -> str:
    return {"s": value, "q": f"{value} * {value}", "k": "k", "m": value}[measure]


def _add(track: Track, value: str) -> list[str]:
    lines = []
    for m in track.measures:
        total = f"S[{track.total(m)}]"
        if m == "m":
            lines.append(f"if {total} is None or {value} > {total}: {total} = {value}")
        elif m != "b":
            lines.append(f"{total} += {_given(m, value)}")
    return lines


def _append(track: Track, also: str, row: str) -> list[str]:
    """A new bucket behind all others, where the cursor is right: what nearly every entry does that is
    not in the bucket of the last one. `t` is the cursor's end."""
    at, bucket = track.at, _bucket(track.grain, 0)
    trim = "trim_different" if track.kind == DIFFERENT else f"trim_{track.measures}"
    return [
        f"elif {also}t == len(R) and S[{at}] <= {bucket} <= S[{at + 1}]:",
        f"    if t == (h := S[{at + 3}]): S[{at + 1}] = {bucket} + {track.buckets - 1}",
        f"    R += {row}",
        f"    S[{at}] = {bucket}",
        f"    S[{at + 4}] = t + {track.width}",
        f"    if h >= {track.width * TRIM_ROWS_MIN}: {trim}(S, {at}, {bucket} - {track.kept})",
    ]


def _decay(track: Track, value: str) -> list[str]:
    at, life = track.at, (track.half_life or 1) * 1000
    return [
        f"if ms >= S[{at + 1}]:",
        f"    S[{at}] = S[{at}] * 2.0 ** ((S[{at + 1}] - ms) / {life}) + {value}",
        f"    S[{at + 1}] = ms",
        f"else: S[{at}] += {value} * 2.0 ** ((ms - S[{at + 1}]) / {life})",
    ]
