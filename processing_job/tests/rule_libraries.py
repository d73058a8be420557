"""What published libraries say of a text, as whoever calls them on a column would find out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import brutils
import stdnum.luhn
from pydantic import TypeAdapter, ValidationError
from pydantic_extra_types.payment import PaymentCardNumber
from stdnum.br import cpf as stdnum_cpf
from validate_docbr import CPF as DocbrCpf

Text = str | None


class Verdict(Enum):
    """Of one text by one judge."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    RAISES = "raises"


@dataclass(frozen=True)
class Library:
    """A judge. `package` is the distribution's name, `call` and `license` are for the page."""

    package: str
    call: str
    license: str
    accepts: Callable[[Text], bool]

    def verdict(self, text: Text) -> Verdict:
        """What the library says; any exception is a verdict, as it would end the run of who calls it."""
        try:
            return Verdict.ACCEPTS if self.accepts(text) else Verdict.REFUSES
        except Exception:
            return Verdict.RAISES


_DOCBR = DocbrCpf()
_PYDANTIC = TypeAdapter(PaymentCardNumber)


def _pydantic_accepts(text: Text) -> bool:
    try:
        _PYDANTIC.validate_python(text)
    except ValidationError:
        return False
    return True


STDNUM_CPF = Library("python-stdnum", "stdnum.br.cpf.is_valid", "LGPL-2.1-or-later", stdnum_cpf.is_valid)
BRUTILS_CPF = Library("brutils", "brutils.is_valid_cpf", "MIT", brutils.is_valid_cpf)
DOCBR_CPF = Library("validate-docbr", "validate_docbr.CPF().validate", "MIT", _DOCBR.validate)
STDNUM_LUHN = Library("python-stdnum", "stdnum.luhn.is_valid", "LGPL-2.1-or-later", stdnum.luhn.is_valid)
PYDANTIC_CARD = Library(
    "pydantic-extra-types", "pydantic_extra_types.payment.PaymentCardNumber", "MIT", _pydantic_accepts
)
CPF_LIBRARIES = (STDNUM_CPF, BRUTILS_CPF, DOCBR_CPF)
CARD_LIBRARIES = (STDNUM_LUHN, PYDANTIC_CARD)
