"""QR payment codes: what a code says, and how it is drawn and printed. No code here knows a country.

emv.py       the EMVCo merchant-presented format: a row of fields, read and written
standard.py  every field of that format by its name
merchant.py  what every EMVCo code says around a country's own template
schemes/     how each payment scheme writes who is paid, and the schemes' names
upi.py       payment links of the form `upi://pay?...`
cpm.py       the EMVCo customer-presented format (tlv.py: its bytes)
photo.py     the codes in a photograph
latin.py     names of any script in Latin letters
draw.py      a code as SVG, PNG or a few hundred bytes for a light page
fonts.py     fonts of this machine, for letters that readers of PDFs do not have
print.py     sticker and table stand as SVG and PDF
reasons.py   why a code is refused
"""
