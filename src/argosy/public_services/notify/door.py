"""The door at which an HTTP gateway tells what became of messages: a POST, JSON or a form, to
`/messages/reports/<token>`, with its number of the message (or ours) and a state."""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

PREFIX = "/messages/reports/"
BODY_BYTES_MAX = 16_384
FIELDS_MAX = 60


def fields_of(kind: str, raw: bytes) -> dict[str, str] | None:
    """The fields of a report; None where it cannot be read."""
    try:
        if "json" in kind:
            found = msgspec.json.decode(raw, type=dict[str, object])
            return {k: str(v) for k, v in found.items() if isinstance(v, str | int)}
        return dict(parse_qsl(raw.decode(), max_num_fields=FIELDS_MAX))
    except (msgspec.MsgspecError, ValueError):
        return None
