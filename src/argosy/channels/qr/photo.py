"""The codes in a photograph that somebody sent: for phones whose browser cannot read them itself.

A picture is hostile until it is opened: its bytes, its format, its sides and its pixels are bounded
before a pixel is unpacked, only its first frame is looked at, and nothing of it is kept. Few pictures
are worked on at a time, in threads of their own, so that they cost a payment nothing.
"""

from __future__ import annotations

import asyncio
import io
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from argosy.base.refusals import Kind, Reason, Refused

if TYPE_CHECKING:
    from PIL.Image import Image

PHOTO_BYTES_MAX = 12_000_000
JPEG_PIXELS_MAX = 120_000_000  # unpacked at an eighth of its size where it is that large
PIXELS_MAX = 20_000_000  # of what is always unpacked whole
UNPACKED_PIXELS_MAX = 32_000_000  # a long strip is hardly made smaller
SCANS_MAX = 32  # of a JPEG that comes in several layers; each costs a walk over all of it
SIDES_PX = (1_400, 2_800)  # first a glance at a small picture, then a second one at a larger
TEXT_CHARS_MAX = 2_048
CODES_MAX = 8
AT_ONCE_MAX = 2
WAITING_MAX = 16

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that nothing belongs to
_SCAN, _END = 0xDA, 0xD9
_PLAIN_FRAMES = frozenset({0xC0, 0xC1})  # one layer, Huffman: all that is unpacked made smaller
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_threads = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="photo")
_waiting: set[object] = set()


class PhotoReason(Reason):
    """Why a photograph was not read."""

    PHOTO_MISSING = 570, Kind.INPUT, "No picture was sent."
    PHOTO_UNREADABLE = 571, Kind.INPUT, "This is not a picture that can be opened here."
    PHOTO_TOO_LARGE = 572, Kind.INPUT, "The picture is larger than any that is opened here."
    PHOTO_WITHOUT_CODE = 573, Kind.INPUT, "There is no code to be seen in the picture."
    PHOTOS_TOO_MANY = 574, Kind.BUSY, "Too many pictures are being looked at; send it again soon."


async def read_photo(data: bytes) -> tuple[str, ...] | Refused:
    """`decode_photo` in a thread. Refused also with PHOTOS_TOO_MANY while too many others wait."""
    if len(_waiting) >= WAITING_MAX:
        return Refused(PhotoReason.PHOTOS_TOO_MANY, {"wait_seconds": 2}, field="photo")
    token = object()
    _waiting.add(token)
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, decode_photo, data)
    finally:
        _waiting.discard(token)


def decode_photo(data: bytes) -> tuple[str, ...] | Refused:
    """The texts of all codes (QR and Code 128) in a JPEG, PNG, WebP, GIF or BMP, the largest first.

    It computes for up to a second: call it in a thread, or `read_photo`. Refused with PHOTO_MISSING,
    PHOTO_TOO_LARGE (`most`, `what`: bytes, pixels or layers), PHOTO_UNREADABLE or PHOTO_WITHOUT_CODE.
    """
    if not data:
        return Refused(PhotoReason.PHOTO_MISSING, field="photo")
    if len(data) > PHOTO_BYTES_MAX:
        return _too_large(PHOTO_BYTES_MAX, "bytes")
    for side in SIDES_PX:
        picture = _opened(data, side)
        if isinstance(picture, Refused):
            return picture
        whole, grey = picture
        found = _codes(grey)
        if found:
            return found
        if max(whole) <= side:
            break
    return Refused(PhotoReason.PHOTO_WITHOUT_CODE, field="photo")


def _opened(data: bytes, side: int) -> tuple[tuple[int, int], Image] | Refused:
    """The size of the picture, and the picture in grey with no side longer than `side`."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            width, height = picture.size
            scans = _scans(data) if picture.format in ("JPEG", "MPO") else 0
            if scans > SCANS_MAX:
                return _too_large(SCANS_MAX, "layers")
            most = JPEG_PIXELS_MAX if scans == 1 else PIXELS_MAX
            if width * height > most:
                return _too_large(most, "pixels")
            picture.draft("L", (side, side))
            if picture.width * picture.height > UNPACKED_PIXELS_MAX:
                return _too_large(UNPACKED_PIXELS_MAX, "pixels")
            clear: Image.Image | None = None
            if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
                seen = picture if picture.mode == "RGBA" else picture.convert("RGBA")
                clear = seen.getchannel("A")
                clear.thumbnail((side, side), Image.Resampling.BOX)
                grey = seen.convert("L")
            else:
                grey = picture.convert("L")
            grey.thumbnail((side, side), Image.Resampling.BOX)
            if clear is not None:
                # What shines through is white, as on a page; as black it would hide the code.
                grey = Image.composite(grey, Image.new("L", grey.size, "white"), clear)
            return (width, height), grey
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return _too_large(PIXELS_MAX, "pixels")
    except (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, OverflowError):
        # What a picture's header can break in Pillow: it says so with any of these.
        return Refused(PhotoReason.PHOTO_UNREADABLE, field="photo")


def _scans(data: bytes) -> int:
    """In how many layers a JPEG comes, as far as it is sure: a decoder keeps the whole of one that comes
    in more than one, and walks over it for each. What is not the plain kind counts as two at least."""
    at, scans, plain = 0, 0, True
    while (found := _MARKER.search(data, at)) is not None:
        kind, at = found[1][0], found.end()
        if kind == _END:
            break
        if kind in _ALONE:
            continue
        scans += kind == _SCAN
        plain = plain and (kind not in _FRAMES or kind in _PLAIN_FRAMES)
        at += int.from_bytes(data[at : at + 2])
    return scans if plain else max(scans, 2)


def _codes(grey: Image) -> tuple[str, ...]:
    import zxingcpp

    formats = zxingcpp.barcode_formats_from_str("QRCode,MicroQRCode,Code128")
    seen = zxingcpp.read_barcodes(grey, formats=formats, text_mode=zxingcpp.TextMode.Plain)
    seen.sort(key=_area, reverse=True)
    texts = (one.text for one in seen if one.valid)
    return tuple(dict.fromkeys(text for text in texts if 0 < len(text) <= TEXT_CHARS_MAX))[
        :CODES_MAX
    ]


def _area(one: object) -> int:
    corners = one.position  # type: ignore[attr-defined]
    xs = [corners.top_left.x, corners.bottom_right.x, corners.top_right.x, corners.bottom_left.x]
    ys = [corners.top_left.y, corners.bottom_right.y, corners.top_right.y, corners.bottom_left.y]
    return int((max(xs) - min(xs)) * (max(ys) - min(ys)))


def _too_large(most: int, what: str) -> Refused:
    return Refused(PhotoReason.PHOTO_TOO_LARGE, {"most": most, "what": what}, field="photo")
