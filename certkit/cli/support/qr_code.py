"""A code as a QR code, which the camera of another machine reads: drawn on the terminal, or written as SVG."""

import importlib.util
import io
from typing import TYPE_CHECKING

from certkit.errors import MissingError

if TYPE_CHECKING:
    from segno import QRCode

_BORDER = 2


def check() -> None:
    """Raise MissingError if what draws is not installed here."""
    if importlib.util.find_spec("segno") is None:
        raise MissingError("what draws QR codes is not installed here", code="server-not-installed")


def lines(text: str) -> list[str]:
    """Draw a text in half blocks, light ones on a dark terminal."""
    drawn = io.StringIO()
    _made(text).terminal(out=drawn, border=_BORDER, compact=True)
    return drawn.getvalue().splitlines()


def svg(text: str) -> bytes:
    """Draw a text as a picture."""
    drawn = io.BytesIO()
    _made(text).save(drawn, kind="svg", scale=4)
    return drawn.getvalue()


def _made(text: str) -> "QRCode":
    import segno  # it may not be installed

    return segno.make_qr(text, error="l", boost_error=False)
