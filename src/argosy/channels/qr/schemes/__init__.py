"""Payment schemes as they stand in EMVCo codes: how each writes who is paid, and their names.

naming.py     which schemes a code can be paid with; the refusal that names them
forms.py      the one form of all: patterns of values, a payee as fields and back
promptpay.py  fields 29 and 30: PromptPay to a person or wallet, and bill payment
qrph.py       fields 27, 28, 62 and 88: QR Ph to a person, and to a merchant
qris.py       fields 26 to 45 and 51: acquirers of QRIS, and the national merchant number
bharatqr.py   fields 02 to 08, 26 and 27: cards, bank account, UPI address and reference

Every payee is a frozen record with `fields() -> tuple[Field, ...] | Refused`, and has a function
`read_...(code) -> Payee | Refused | None`: None where the code has no such field. A market's pack puts
them together; what a market does not take it refuses with `not_taken(code)`.
"""

from argosy.channels.qr.schemes.naming import not_taken, schemes

__all__ = ["not_taken", "schemes"]
