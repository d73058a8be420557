"""What a CPF, card number or e-mail address looks like within a text, as Java's and Python's regular expressions both
read it. A number that fits must still pass its check digits.
"""

#: What every number below has in it; hardly any text has, and to see that takes a fraction of the time.
LONG_NUMBER = r"[0-9]{3}[. ]?[0-9]{3}[. ]?[0-9]{3}|[0-9]{4}[ -]?[0-9]{4}"
#: Bounded by the longest local part and domain (RFC 5321, 4.5.3.1), as a pattern without end takes long in a long text.
ADDRESS = r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,255}\.[A-Za-z]{2,63}"
#: A CPF as it is written on paper, and in any of its usual spellings.
MARKED_CPF = r"(?<![0-9])[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}(?![0-9])"
ANY_CPF = r"(?<![0-9])[0-9]{3}([. ]?)[0-9]{3}\1[0-9]{3}[-. /]?[0-9]{2}(?![0-9])"
#: The lengths and first digits that networks issue (ISO/IEC 7812): neither a bar code (EAN-13) nor a phone's IMEI.
CARD = (
    r"(?<![0-9])(?:[2-6][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:[0-9]{3})?"
    r"|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}|3[0689][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{4}|4[0-9]{12})(?![0-9])"
)
