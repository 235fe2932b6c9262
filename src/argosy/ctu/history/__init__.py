"""The brain's own record of what it saw: every event with its outcome, and every label.

There is one road: the outbox. Entries of kind `risk.observed` (a `Logged` as JSON) come from the gate,
with the money, and from `LogWriter` for what was stopped or judged for another wallet. Labels come
from `put_labels`. One relay (`history_relay`) writes `ctu.events` and `ctu.labels` from it, in order.

    writer = LogWriter(db)                 # grouped: thousands a second share few inserts
    await writer.write(Logged(event=event, outcome="denied", decision=3))
    await put_labels(conn, [label])        # in the transaction of whoever found it out
"""

from argosy.ctu.history.labels import LABEL, LABELLED, Labelled, put_labels, read_labelled
from argosy.ctu.history.relay import (
    CONSUMER,
    History,
    event_of,
    event_of_row,
    history_relay,
    settle,
)
from argosy.ctu.history.writing import LogWriter

__all__ = [
    "CONSUMER",
    "LABEL",
    "LABELLED",
    "History",
    "Labelled",
    "LogWriter",
    "event_of",
    "event_of_row",
    "history_relay",
    "put_labels",
    "read_labelled",
    "settle",
]
