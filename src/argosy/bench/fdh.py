"""How well the learning loop finds fraud in payments that no one here made, by the published protocol.

Le Borgne, Siblini, Lebichot, Bontempi: Reproducible Machine Learning for Credit Card Fraud Detection
(fraud-detection-handbook.github.io). A model learns from 7 days, waits 7 days for the labels, and is
tested on the 7 days after those; cards known to be compromised are taken out of the test; four folds, each
a week before the other. What to try is chosen on four folds whose last test day (2018-07-31) lies before
the first day of the first test (2018-08-08). The kind of fraud that the data name is never read.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from argosy.ctu.facts.declared import FactSet, parse
from argosy.ctu.learn.boosting import Forest, Settings, fit
from argosy.ctu.learn.measures import auc, average_precision, entity_precision

if TYPE_CHECKING:
    from argosy.ctu.facts.offline.history import History

Array = NDArray[Any]
Say = Callable[[str], None]

FACTS: Final = Path(__file__).with_name("fdh_facts.toml")
SOURCE: Final = (
    "github.com/Fraud-Detection-Handbook/simulated-data-raw, all daily files as one Parquet file"
)
PUBLISHED: Final = {"auc": 0.879, "average_precision": 0.694, "card_precision_100": 0.305}
"""The best of all the handbook's models on these folds, each figure by another model."""

START: Final = date(2018, 7, 25)
WEEK: Final = 7
FOLDS: Final = 4
CARDS_A_DAY: Final = 100
LONG_DAYS: Final = 28
OWN: Final = "event.amount"

TRIED: Final = (
    Settings(bag=4),
    Settings(bag=4, leaves=31, trees=80),
    Settings(bag=4, leaves=16, columns_share=0.3, trees=160, rate=0.04),
    Settings(bag=4, leaves=5, trees=240),
)
"""What is tried on the validation folds; the best average precision there is taken."""


@dataclass(frozen=True)
class Payments:
    """All payments in the order of time: the matrix of features and what the protocol asks for."""

    columns: tuple[str, ...]
    rows: Array
    bad: Array
    card: Array
    day: Array  # days since 2018-04-01
    first: date

    def on(self, day: date) -> int:
        """The number of a date."""
        return (day - self.first).days


@dataclass(frozen=True)
class Fold:
    """The rows one model learns from, and those it is tested on."""

    train: Array
    test: Array
    train_from: date
    test_from: date


@dataclass(frozen=True)
class Marks:
    """What one fold's scores are worth."""

    test_from: str
    auc: float
    average_precision: float
    card_precision_100: float
    payments: int
    frauds: int


def run(data: Path, say: Say) -> dict[str, Any]:
    """The benchmark on the Parquet file `data`; the figures by name, as they are written to JSON."""
    began = time.monotonic()
    payments = prepare(data, say)
    ready = time.monotonic()
    earlier = folds(payments, START - timedelta(days=2 * WEEK))
    chosen, tried = choose(payments, earlier, say)
    last = START + timedelta(days=(FOLDS - 1) * WEEK)
    tested = folds(payments, last)
    marks, gains = assess(payments, tested, chosen)
    for mark in marks:
        say(_line(mark))
    longer, _ = assess(payments, folds(payments, last, train_days=LONG_DAYS), chosen)
    spread = _spread(marks)
    return {
        **spread,
        "folds": [vars(mark) for mark in marks],
        "published": PUBLISHED,
        "above_published": {name: spread[name]["mean"] > best for name, best in PUBLISHED.items()},
        "validation": tried,
        "settings": chosen.says(),
        "longer_training": {
            "days": LONG_DAYS,
            "says": "beside, not instead: which cards count as known depends on the training days",
            **_spread(longer),
            "folds": [vars(mark) for mark in longer],
        },
        "columns": len(payments.columns),
        "strongest_columns": dict(list(gains.items())[:15]),
        "facts_version": fact_set().version,
        "source": SOURCE,
        "seconds": {"facts": ready - began, "learning": time.monotonic() - ready},
    }


def fact_set() -> FactSet:
    """The facts of this benchmark. Raises `ValueError` with every mistake of the file."""
    facts, problems = parse(FACTS.read_text("utf-8"), FACTS.name)
    if problems:
        raise ValueError("\n".join(str(problem) for problem in problems))
    return FactSet(facts)


# --- the payments and their facts -----------------------------------------------------------------

_EVENTS = """
    SELECT printf('%08d', TRANSACTION_ID) AS id, 'pay' AS kind, epoch_ms(TX_DATETIME) AS at_ms,
           CAST(CUSTOMER_ID AS VARCHAR) AS account, CAST(TERMINAL_ID AS VARCHAR) AS merchant,
           CAST(round(TX_AMOUNT * 100) AS BIGINT) AS amount
      FROM read_parquet({file}) WHERE TX_DATETIME < TIMESTAMP '{until}'
"""
_LABELS = """
    SELECT printf('%08d', TRANSACTION_ID) AS event,
           epoch_ms(TX_DATETIME) + {delay_ms} AS at_ms, TRUE AS bad
      FROM read_parquet({file}) WHERE TX_FRAUD = 1 AND TX_DATETIME < TIMESTAMP '{until}'
"""
_TOLD = """
    SELECT epoch_ms(TX_DATETIME) AS at_ms, printf('%08d', TRANSACTION_ID) AS id,
           CAST(TX_FRAUD AS TINYINT) AS bad, CUSTOMER_ID AS card, TX_TIME_DAYS AS day,
           round(TX_AMOUNT * 100) AS amount, min(TX_DATETIME) OVER () AS first
      FROM read_parquet({file}) WHERE TX_DATETIME < TIMESTAMP '{until}'
"""


def prepare(data: Path, say: Say) -> Payments:
    """The payments of the file with their facts, by the off-line engine: each as of its own time, and
    what was found bad known seven days later."""
    from argosy.ctu.facts.offline.engine import OffLine

    facts = fact_set()
    history, told = _read(data)
    say(f"{history.count:,} payments; computing {len(facts.columns)} facts of each ...")
    made = OffLine(facts).matrix(history)
    rows = np.column_stack([made.values, told["amount"].to_numpy()])
    first = told["first"][0].as_py().date()
    return Payments(
        columns=(*made.columns, OWN),
        rows=rows,
        bad=told["bad"].to_numpy(),
        card=told["card"].to_numpy(),
        day=told["day"].to_numpy(),
        first=first,
    )


def _read(data: Path) -> tuple[History, Any]:
    from argosy.ctu.facts.offline.history import History, connect

    con = connect()
    end = START + timedelta(days=(FOLDS - 1 + 3) * WEEK)  # the day after the last test day
    quoted = "'" + str(data).replace("'", "''") + "'"
    filled = {"file": quoted, "until": end.isoformat(), "delay_ms": WEEK * 86_400_000}
    for name, sql in (("payments", _EVENTS), ("frauds", _LABELS), ("told", _TOLD)):
        con.raw_sql(f"CREATE TEMP TABLE {name} AS {sql.format(**filled)}")
    told = con.table("told").order_by("at_ms", "id").to_pyarrow()
    return History.relation(con, con.table("payments"), con.table("frauds")), told


# --- the protocol ---------------------------------------------------------------------------------


def folds(payments: Payments, last: date, *, train_days: int = WEEK) -> list[Fold]:
    """Four folds; the last one learns from `last` on for a week, each other a week before the next.

    A longer training ends on the same day. Known to be compromised are the cards with a fraud in the
    training days, and for each test day those with a fraud on the day before the same day of the week
    before; what they do is not in the test.
    """
    found = []
    for number in range(FOLDS):
        train_end = payments.on(last - timedelta(days=number * WEEK)) + WEEK
        train = (payments.day >= train_end - train_days) & (payments.day < train_end)
        known = set(payments.card[train & (payments.bad == 1)].tolist())
        parts = []
        for n in range(WEEK):
            newly = (payments.day == train_end + n - 1) & (payments.bad == 1)
            known |= set(payments.card[newly].tolist())
            today = np.flatnonzero(payments.day == train_end + WEEK + n)
            parts.append(today[~np.isin(payments.card[today], list(known))])
        found.append(
            Fold(
                train=np.flatnonzero(train),
                test=np.concatenate(parts),
                train_from=payments.first + timedelta(days=train_end - train_days),
                test_from=payments.first + timedelta(days=train_end + WEEK),
            )
        )
    return found


def choose(
    payments: Payments, earlier: Sequence[Fold], say: Say
) -> tuple[Settings, list[dict[str, Any]]]:
    """The settings with the best average precision on the validation folds, and how each one did."""
    tried: list[tuple[float, Settings]] = []
    told: list[dict[str, Any]] = []
    for settings in TRIED:
        spread = _spread(assess(payments, earlier, settings)[0])
        tried.append((spread["average_precision"]["mean"], settings))
        told.append({"settings": settings.says(), **spread})
        say(
            f"validation: AUC {spread['auc']['mean']:.4f} AP {tried[-1][0]:.4f} "
            f"CP@100 {spread['card_precision_100']['mean']:.4f}  {settings.says()}"
        )
    best = max(range(len(tried)), key=lambda n: tried[n][0])
    return tried[best][1], told


def assess(
    payments: Payments, tested: Sequence[Fold], settings: Settings
) -> tuple[list[Marks], dict[str, float]]:
    """Learn and test on each fold; the marks, and the gains of the last fold's columns."""
    marks = []
    forest: Forest | None = None
    for fold in tested:
        forest = fit(
            payments.rows[fold.train], payments.bad[fold.train], payments.columns, settings
        )
        score = forest.score(payments.rows[fold.test])
        bad, card = payments.bad[fold.test], payments.card[fold.test]
        by_day = entity_precision(bad, score, card, payments.day[fold.test], CARDS_A_DAY)
        marks.append(
            Marks(
                test_from=fold.test_from.isoformat(),
                auc=auc(bad, score),
                average_precision=average_precision(bad, score),
                card_precision_100=float(np.mean(by_day)),
                payments=len(fold.test),
                frauds=int(bad.sum()),
            )
        )
    return marks, forest.gains() if forest is not None else {}


def _spread(marks: Sequence[Marks]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation over the folds (of all, as the handbook has it)."""
    found = {}
    for name in PUBLISHED:
        values = [float(getattr(mark, name)) for mark in marks]
        found[name] = {"mean": float(np.mean(values)), "std": float(np.std(values))}
    return found


def _line(mark: Marks) -> str:
    return (
        f"test week {mark.test_from}: AUC {mark.auc:.4f} AP {mark.average_precision:.4f} "
        f"CP@100 {mark.card_precision_100:.4f}  ({mark.payments:,} payments, {mark.frauds} frauds)"
    )


def told(figures: dict[str, Any]) -> list[str]:
    """The figures as lines: each beside the best that was published, then those of a longer training."""
    lines = [
        f"{name:<20} {figures[name]['mean']:.4f} +/- {figures[name]['std']:.4f}   "
        f"best published {best}"
        for name, best in PUBLISHED.items()
    ]
    longer = figures["longer_training"]
    means = ", ".join(f"{name} {longer[name]['mean']:.4f}" for name in PUBLISHED)
    return [*lines, f"beside, not instead, learning from {longer['days']} days: {means}"]


def write(figures: dict[str, Any], path: Path) -> None:
    """Write the figures as JSON."""
    path.write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
