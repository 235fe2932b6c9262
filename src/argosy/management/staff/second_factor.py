"""The second factor: time-based codes (RFC 6238, six digits, 30 seconds) and recovery codes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

import segno

STEP_SECONDS: Final = 30
STEPS_EITHER_SIDE: Final = 1
"""A clock may be so far off."""
SECRET_BYTES: Final = 20
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10


def new_secret(chance: Callable[[int], bytes]) -> str:
    """A secret to share with a person's app, in base 32."""
    return base64.b32encode(chance(SECRET_BYTES)).decode()


def step_of(secret: str, code: str, at: datetime) -> int | None:
    """Of which step of time `code` is, around `at`; None where it is of none."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    totp = _totp(secret)
    now = int(at.timestamp()) // STEP_SECONDS
    found = None
    for step in range(now - STEPS_EITHER_SIDE, now + STEPS_EITHER_SIDE + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def code_at(secret: str, at: datetime) -> str:
    """The code at the moment `at`."""
    return str(_totp(secret).generate_otp(int(at.timestamp()) // STEP_SECONDS))


def as_address(secret: str, name: str, house: str) -> str:
    """The `otpauth:` address that an authenticator app reads."""
    return (
        f"otpauth://totp/{quote(house)}:{quote(name)}?secret={secret}&issuer={quote(house)}"
        f"&algorithm=SHA1&digits=6&period={STEP_SECONDS}"
    )


def as_picture(address: str) -> str:
    """The address as a QR code: a `data:` address of an SVG."""
    return segno.make(address, error="m").svg_data_uri(scale=5, border=3, light="#fff")


def new_recovery_codes(chance: Callable[[int], bytes]) -> list[str]:
    """Codes to write down, such as `k3vq-7x2m-p5hc-9wta`, eighty bits each."""
    codes = []
    for _ in range(RECOVERY_CODES):
        text = base64.b32encode(chance(RECOVERY_BYTES)).decode().lower()
        codes.append("-".join(text[at : at + 4] for at in range(0, len(text), 4)))
    return codes


def is_recovery_shaped(code: str) -> bool:
    return len(plain(code)) == RECOVERY_BYTES * 8 // 5


def plain(code: str) -> str:
    """A recovery code as it is hashed, however it was typed."""
    return "".join(c for c in code.lower() if c.isalnum())


def _totp(secret: str) -> Any:
    from pyotp import TOTP  # of the console's extra: the wallet runs without it

    return TOTP(secret)
