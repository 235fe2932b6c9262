"""Characters that no text of ours has, in every place of an address where a program can put them."""

from __future__ import annotations

import pytest

from tests.partners.shop import is_problem

ADDRESSES = (
    ("/api/v1/payments?reference=%00", 422, "query_invalid"),
    ("/api/v1/payments?cursor=%00", 422, "query_invalid"),
    ("/api/v1/payments?state=%00", 422, "query_invalid"),
    ("/api/v1/webhooks/deliveries?endpoint=%00", 422, "query_invalid"),
    ("/api/v1/payments/%00", 404, "order_not_found"),
    ("/api/v1/idempotency/%00", 404, "idempotency_key_unknown"),
    ("/api/v1/idempotency/%0A", 404, "idempotency_key_unknown"),
    ("/api/v1/webhooks/deliveries/%00", 404, "delivery_not_found"),
)


@pytest.mark.parametrize("address, status, code", ADDRESSES)
async def test_a_nul_is_refused_and_breaks_nothing(shop, address, status, code):
    assert is_problem(await shop.api.get(address), status, code)
