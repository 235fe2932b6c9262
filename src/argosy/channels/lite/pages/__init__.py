"""The pages, one file a subject; `ADDRESSES` is all of them."""

from __future__ import annotations

from argosy.channels.lite.pages import (
    asking,
    banking,
    charging,
    closing,
    device,
    entering,
    home,
    inbox,
    live,
    me,
    orders,
    paying,
    presenting,
    programs,
    receipts,
    sending,
    tax,
    till,
    workings,
)
from argosy.channels.lite.pages.address import Address

ADDRESSES: tuple[Address, ...] = (
    *home.ADDRESSES,
    *entering.ADDRESSES,
    *paying.ADDRESSES,
    *presenting.ADDRESSES,
    *charging.ADDRESSES,
    *sending.ADDRESSES,
    *asking.ADDRESSES,
    *banking.ADDRESSES,
    *orders.ADDRESSES,
    *receipts.ADDRESSES,
    *till.ADDRESSES,
    *programs.ADDRESSES,
    *me.ADDRESSES,
    *tax.ADDRESSES,
    *closing.ADDRESSES,
    *inbox.ADDRESSES,
    *live.ADDRESSES,
    *device.ADDRESSES,
    *workings.ADDRESSES,
)
