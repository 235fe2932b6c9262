"""Codes in photographs, and pictures that are hostile."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from argosy.base.refusals import Refused
from argosy.channels.qr import draw, photo
from argosy.channels.qr.photo import PhotoReason, decode_photo, read_photo

TEXT = (
    "00020101021226350010A00000052401171234567890@argosy5204541153033565406150.005802IN"
    "5913Ravi Tea Shop6006Mumbai6229052503F2IXI59AKS080YKRZ1DRSFF63041B6C"
)


KINDS = ["JPEG", "PNG", "WEBP", "GIF", "BMP"]


def reason(said: object) -> PhotoReason:
    assert isinstance(said, Refused), said
    assert isinstance(said.reason, PhotoReason)
    return said.reason


def code(text: str = TEXT, module: int = 6) -> Image.Image:
    return Image.open(io.BytesIO(draw.png(text, module))).convert("RGB")


def saved(picture: Image.Image, kind: str = "JPEG", **more: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def on_table(picture: Image.Image, size: tuple[int, int] = (2400, 1800)) -> Image.Image:
    table = Image.new("RGB", size, "#7a6a55")
    table.paste(picture, (size[0] // 3, size[1] // 4))
    return table


@pytest.mark.parametrize("kind", KINDS)
def test_every_usual_format_is_read(kind: str) -> None:
    assert decode_photo(saved(code(), kind)) == (TEXT,)


@pytest.mark.parametrize("turn", [5, 45, 90, 180, 270])
def test_it_may_lie_in_any_way(turn: int) -> None:
    turned = code().rotate(turn, expand=True, fillcolor="white")
    assert decode_photo(saved(on_table(turned), quality=60)) == (TEXT,)


def test_a_small_code_in_a_large_photograph_is_found_at_the_second_look() -> None:
    table = on_table(code(module=3), (4800, 3600))
    assert decode_photo(saved(table, quality=80)) == (TEXT,)


def test_what_shines_through_is_white() -> None:
    drawn = Image.new("RGBA", code().size)
    drawn.putalpha(ImageOps.invert(code().convert("L")))
    assert decode_photo(saved(drawn, "PNG")) == (TEXT,)


def test_of_several_the_largest_comes_first() -> None:
    table = Image.new("RGB", (1600, 900), "white")
    table.paste(code("upi://pay?pa=a@bc", 4), (20, 20))
    table.paste(code(TEXT, 8), (700, 20))
    assert decode_photo(saved(table, "PNG")) == (TEXT, "upi://pay?pa=a@bc")


def test_thai_and_chinese_letters_are_read() -> None:
    text = "ร้านชา 茶館"
    assert decode_photo(draw.png(text)) == (text,)


@pytest.mark.parametrize("data", [b"x", b"GIF89a", b"\xff\xd8\xff", b"%PDF-1.7", b"<svg/>"])
def test_what_is_no_picture(data: bytes) -> None:
    assert reason(decode_photo(data)) is PhotoReason.PHOTO_UNREADABLE


def test_a_picture_cut_short_is_refused_or_read_and_never_breaks() -> None:
    for kind in ("JPEG", "PNG", "WEBP"):
        data = saved(code(), kind)
        for end in range(1, len(data), max(1, len(data) // 25)):
            said = decode_photo(data[:end])
            assert isinstance(said, Refused) or said == (TEXT,)


def test_nothing_in_sight() -> None:
    assert reason(decode_photo(saved(on_table(Image.new("RGB", (9, 9)))))) is (
        PhotoReason.PHOTO_WITHOUT_CODE
    )
    assert reason(decode_photo(b"")) is PhotoReason.PHOTO_MISSING


def test_too_many_bytes_are_refused_before_they_are_looked_at() -> None:
    said = decode_photo(b"x" * (photo.PHOTO_BYTES_MAX + 1))
    assert reason(said) is PhotoReason.PHOTO_TOO_LARGE
    assert isinstance(said, Refused)
    assert said.facts == {"most": photo.PHOTO_BYTES_MAX, "what": "bytes"}


@pytest.mark.parametrize("side", [5_000, 9_600, 15_000, 60_000])
def test_a_bomb_of_a_few_bytes_that_would_fill_the_memory_is_refused(side: int) -> None:
    """A PNG whose head promises `side` by `side` pixels, and whose body would deliver them."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1_000_000)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    assert len(bomb) < 2_000
    assert reason(decode_photo(bomb)) is PhotoReason.PHOTO_TOO_LARGE


def test_the_guard_of_pixels_is_the_one_that_holds() -> None:
    """Its twin: just under the bound the same picture is opened."""
    assert reason(decode_photo(saved(Image.new("1", (4_000, 4_900)), "PNG"))) is (
        PhotoReason.PHOTO_WITHOUT_CODE
    )


def progressive(picture: Image.Image, layers: int = 0) -> bytes:
    """A JPEG in layers, of which the last comes `layers` times more."""
    data = saved(picture, progressive=True, optimize=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * layers + data[-2:]


def test_a_photograph_in_layers_is_read() -> None:
    assert decode_photo(progressive(on_table(code()))) == (TEXT,)
    assert decode_photo(progressive(on_table(code()), 20)) == (TEXT,)


def test_layer_upon_layer_is_refused_before_it_is_unpacked() -> None:
    """A decoder walks over the whole picture for each layer, and a layer has a few bytes."""
    said = decode_photo(progressive(Image.new("L", (64, 64), 90), 300))
    assert reason(said) is PhotoReason.PHOTO_TOO_LARGE
    assert isinstance(said, Refused)
    assert said.facts == {"most": photo.SCANS_MAX, "what": "layers"}


def test_a_large_photograph_in_layers_would_be_kept_whole_and_is_refused() -> None:
    large = Image.new("L", (5_000, 5_000), 90)
    assert reason(decode_photo(progressive(large))) is PhotoReason.PHOTO_TOO_LARGE
    assert reason(decode_photo(saved(large))) is PhotoReason.PHOTO_WITHOUT_CODE  # its twin


def test_a_long_strip_that_cannot_be_made_smaller_is_refused() -> None:
    strip = saved(Image.new("L", (60_000, 600), 90))
    assert reason(decode_photo(strip)) is PhotoReason.PHOTO_TOO_LARGE


async def test_while_many_wait_others_are_asked_to_come_again(monkeypatch: Any) -> None:
    monkeypatch.setattr(photo, "WAITING_MAX", 0)
    assert reason(await read_photo(draw.png(TEXT))) is PhotoReason.PHOTOS_TOO_MANY
    monkeypatch.setattr(photo, "WAITING_MAX", 1)
    assert await read_photo(draw.png(TEXT)) == (TEXT,)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 400), st.binary(min_size=1, max_size=8))
def test_no_bytes_make_it_raise(kind: str, at: int, noise: bytes) -> None:
    data = saved(code(module=1), kind)
    decode_photo(data[:at] + noise + data[at + len(noise) :])
