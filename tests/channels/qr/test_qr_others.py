"""Our codes in front of other people's software, and theirs in front of ours.

The libraries are no dependencies. `ARGOSY_OTHERS_NODE` names a folder with a `node_modules` that has
promptparse, promptpay-qr, emvqr, emvco-merchant-parse and steplix-emv-qrcps; `ARGOSY_OTHERS_PYTHON` an
interpreter that has promptpay. What is missing is left out, loudly.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from argosy.base.markets import PayCode
from argosy.base.refusals import Refused
from argosy.channels.qr import emv, merchant, standard
from argosy.channels.qr.emv import leaf, template
from argosy.channels.qr.merchant import Place
from argosy.channels.qr.schemes import promptpay, qrph
from argosy.channels.qr.standard import Additional, Local, MerchantCode

NODE, PYTHON = "ARGOSY_OTHERS_NODE", "ARGOSY_OTHERS_PYTHON"
THAILAND = Place("TH", "THB", "764", "th")
MOBILE = promptpay.PromptPay(promptpay.Proxy.MOBILE, "+66812345678")
TAX_ID = promptpay.PromptPay(promptpay.Proxy.TAX_ID, "1234567890123")
BILL = promptpay.BillPayment("099400016550100", "INV12345", "2B")

# Codes of others as they are printed in public documents: the example of the standard, with a name in
# Chinese, and a shop's code of the Philippines.
BEIJING = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN"
    "5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***"
    "0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)
TAGUIG = (
    "00020101021128620011ph.ppmi.p2m0111GXCHPHM2XXX032121702000005469871609905030005204581453036085802PH"
    "5917S and R MBTC 91826006Taguig6104163062650012ph.ppmi.qrph0308SRSU00200521217050000066990134094"
    "0708GEN0035163049EE7"
)


def node(script: str, **given: Any) -> Any:
    """What `script`, a function body in JavaScript, returns; `given` are its constants."""
    folder = os.environ.get(NODE)
    if not folder or not shutil.which("node"):
        pytest.skip(f"LEFT OUT: other people's software is not here ({NODE} is not set)")
    names = ", ".join(given)
    whole = f"const {{{names}}} = JSON.parse(process.argv[1]);\n" if given else ""
    whole += f"const said = (() => {{ {script} }})();\nconsole.log(JSON.stringify(said));"
    done = subprocess.run(
        ["node", "-e", whole, json.dumps(given)], cwd=Path(folder), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def python(script: str) -> str:
    """What `script` prints."""
    program = os.environ.get(PYTHON)
    if not program:
        pytest.skip(f"LEFT OUT: other people's software is not here ({PYTHON} is not set)")
    done = subprocess.run(
        [program, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def ours(payee: promptpay.PromptPay | promptpay.BillPayment, minor: int | None = None) -> str:
    rows = payee.fields()
    assert not isinstance(rows, Refused)
    pay = PayCode("12345", "Somchai Tea", "Bangkok", "5411", minor)
    text = merchant.build(pay, THAILAND, rows)
    assert isinstance(text, str), text
    return text


def reads(text: str) -> emv.Code:
    code = emv.parse(text)
    assert isinstance(code, emv.Code), (text, code)
    return code


def test_printed_codes_of_others_are_read() -> None:
    beijing = standard.decode(BEIJING)
    assert isinstance(beijing, MerchantCode)
    assert (beijing.name, beijing.amount, beijing.category) == ("BEST TRANSPORT", "23.72", "4111")
    assert beijing.local == Local("ZH", "最佳运输", "北京")
    assert beijing.additional == Additional(
        store="1234", customer="***", terminal="A6008667", request="ME"
    )
    assert emv.build(reads(BEIJING).fields) == BEIJING
    taguig = reads(TAGUIG)
    shop = qrph.read_merchant(taguig)
    assert isinstance(shop, qrph.Merchant)
    assert (shop.bank, shop.merchant) == ("GXCHPHM2XXX", "217020000054698716099")
    assert emv.build(taguig.fields) == TAGUIG


# --- what they write, we read --------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, payee, amount",
    [
        ("anyId({type: 'MSISDN', target: '0812345678'})", MOBILE, None),
        ("anyId({type: 'MSISDN', target: '0812345678', amount: 4.22})", MOBILE, 422),
        ("anyId({type: 'NATID', target: '1234567890123', amount: 1000})", TAX_ID, 100_000),
        ("billPayment({billerId: '099400016550100', ref1: 'INV12345', ref2: '2B', amount: 300})",
         BILL, 30_000),
    ],
)  # fmt: skip
def test_promptparse_writes_and_we_read(call: str, payee: Any, amount: int | None) -> None:
    text = node(f"const g = require('promptparse/generate'); return g.{call};")
    code = reads(text)
    assert (promptpay.read_promptpay(code) or promptpay.read_bill_payment(code)) == payee
    said = merchant.read(code, THAILAND)
    assert isinstance(said, merchant.Said)
    assert said.amount_minor == amount


def test_a_wallets_message_in_an_open_field_is_read() -> None:
    text = node(
        "const g = require('promptparse/generate');"
        "return g.trueMoney({mobileNo: '0812345678', amount: 10, message: 'Hello World!'});"
    )
    payee = promptpay.read_promptpay(reads(text))
    assert payee == promptpay.PromptPay(promptpay.Proxy.WALLET, "140000812345678")
    assert reads(text).get("81")
    assert emv.build(reads(text).fields) == text


def test_promptpay_qr_writes_and_we_read() -> None:
    code = reads(node("return require('promptpay-qr')('0812345678', {amount: 4.22});"))
    assert promptpay.read_promptpay(code) == MOBILE
    assert code.get("54") == "4.22"


def test_promptpay_of_python_writes_and_we_read() -> None:
    script = "from promptpay import qrcode; print(qrcode.generate_payload('0812345678', 4.22))"
    assert promptpay.read_promptpay(reads(python(script))) == MOBILE
    script = "from promptpay import qrcode; print(qrcode.generate_payload('1234567890123'))"
    assert promptpay.read_promptpay(reads(python(script))) == TAX_ID


# --- what we write, they read --------------------------------------------------------------------


@pytest.mark.parametrize("payee", [MOBILE, TAX_ID, BILL])
@pytest.mark.parametrize("minor", [None, 12_050])
def test_promptparse_reads_ours_and_checks_the_sum(payee: Any, minor: int | None) -> None:
    text = ours(payee, minor)
    field = "30" if payee is BILL else "29"
    said = node(
        "const q = require('promptparse').parse(text, true);"
        "return q && [q.getTagValue(field), q.getTagValue('54'), q.getTagValue('59')];",
        text=text,
        field=field,
    )
    code = reads(text)
    assert said == [code.get(field), code.get("54"), "Somchai Tea"]


@pytest.mark.parametrize("library", ["emvqr", "emvco-merchant-parse"])
def test_parsers_of_the_standard_read_ours(library: str) -> None:
    additional = Additional(bill="B1", store="S1", reference="R1", terminal="T1")
    own = template("26", [leaf("00", "com.example"), leaf("01", "12345")])
    text = standard.encode(
        MerchantCode(
            (own,), "764", "TH", "5411", "120.50", "Somchai Tea", "Bangkok", "10110", True,
            additional=additional,
        )
    )  # fmt: skip
    script = {
        "emvqr": "const d = require('emvqr').decode(text), v = x => x.data;"
        "return [v(v(d['26'])['01']), v(d['54']), v(d['59']), v(v(d['62'])['05'])];",
        "emvco-merchant-parse": "const d = require('emvco-merchant-parse').Parse(text);"
        "return [d['26']['01'], d['54'], d['59'], d['62']['05']];",
    }[library]
    assert node(script, text=text) == ["12345", "120.50", "Somchai Tea", "R1"]


@pytest.mark.parametrize("payee", [MOBILE, BILL])
def test_emv_qrcps_reads_ours_and_writes_it_back_in_its_own_order(payee: Any) -> None:
    text = ours(payee, 12_050)
    theirs = node(
        "return require('steplix-emv-qrcps').Merchant.Parser.toEMVQR(text).generatePayload();",
        text=text,
    )
    assert reads(theirs).leaves() == reads(text).leaves()


def test_what_we_wrote_wrongly_they_refuse_too() -> None:
    """The twin: these tests can fail."""
    text = ours(MOBILE, 12_050)
    wrong = text.replace("120.50", "920.50")
    assert node("return require('promptparse').parse(text, true);", text=wrong) is None
