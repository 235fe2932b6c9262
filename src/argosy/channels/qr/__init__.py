"""QR payment codes: what a code says, and how it is drawn and printed. No code here knows a country.

emv.py       the EMVCo merchant-presented format, read and written
upi.py       payment links of the form `upi://pay?...`
merchant.py  what every EMVCo code says around a country's own template
schemes.py   the names of schemes that are met in codes
latin.py     names of any script in Latin letters
draw.py      a code as SVG, PNG or a few hundred bytes for a light page
print.py     sticker and table stand as SVG and PDF
reasons.py   why a code is refused
"""
