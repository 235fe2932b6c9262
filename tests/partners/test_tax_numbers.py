"""A program enters the tax numbers that stand on its shop's receipts."""

from __future__ import annotations

from tests.partners.shop import is_problem

GSTIN = "29ABCDE1234F1ZW"
PATH = "/api/v1/tax-numbers"


async def test_they_are_entered_and_read(shop):
    said = await shop.get("/tax-numbers")
    (one,) = said.json()["items"]
    assert (one["key"], one["name"], one["needed"], one["number"]) == ("gstin", "GSTIN", True, "")
    said = await shop.api.put(PATH, json={"numbers": {"gstin": "29-abcde-1234-f1zw"}})
    assert said.status_code == 200, said.text
    assert said.json()["items"][0]["number"] == GSTIN
    assert (await shop.get("/tax-numbers")).json() == said.json()
    said = await shop.api.put(PATH, json={"numbers": {}})
    assert said.json()["items"][0]["number"] == GSTIN


async def test_what_is_none_is_refused_by_name(shop):
    said = await shop.api.put(PATH, json={"numbers": {"gstin": "29ABCDE1234F1ZX"}})
    assert is_problem(said, 404, "tax_number_unknown", "numbers.gstin")
    said = await shop.api.put(PATH, json={"numbers": {"vat": "1"}})
    assert is_problem(said, 404, "tax_number_unknown", "numbers.vat")


async def test_the_receipt_says_them_to_programs_too(shop):
    await shop.api.put(PATH, json={"numbers": {"gstin": GSTIN}})
    payment = await shop.payment(99_00)
    await shop.pay(payment["id"])
    receipt = (await shop.get(f"/payments/{payment['id']}")).json()["receipt"]
    checked = await shop.wallet.receipts.check(receipt)
    assert [(line.key, line.number) for line in checked.tax] == [("gstin", GSTIN)]
