"""Forms that bring a file: `multipart/form-data` (RFC 7578), as browsers send it, and no more of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from argosy.channels.qr.photo import PHOTO_BYTES_MAX

MULTIPART = "multipart/form-data"
PATHS = frozenset({"/pay/photo", "/till/charge"})
"""Where a file is taken; everywhere else a request is small."""
UPLOAD_BYTES_MAX = PHOTO_BYTES_MAX + 16_384
PARTS_MAX = 12
FIELD_BYTES_MAX = 4_096

_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))')
_NAME = re.compile(rb'\bname="([a-z_]{1,40})"')


@dataclass(frozen=True, slots=True)
class Upload:
    """What was filled in, and the files, by the names of their fields. An empty file is none."""

    fields: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def read(content_type: str, body: bytes) -> Upload | None:
    """The form in `body`; None where it is not whole."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return None
    mark = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    pieces = (b"\r\n" + body).split(mark)
    if len(pieces) - 2 > PARTS_MAX or len(pieces) < 2 or not pieces[-1].startswith(b"--"):
        return None
    upload = Upload()
    for piece in pieces[1:-1]:
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if not blank or name is None:
            return None
        key = name[1].decode()
        if b"filename=" in head:
            if content:
                upload.files[key] = content
        elif len(content) > FIELD_BYTES_MAX:
            return None
        else:
            try:
                upload.fields[key] = content.decode()
            except UnicodeDecodeError:
                return None
    return upload
