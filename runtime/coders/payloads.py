"""Turn a matrix into the payload of a chunk and back, with any of the coders.

The writer chooses a coder for the whole file; a form says how one payload is written. Each coder
falls back to the dense form when it saves nothing, so no payload exceeds one bit per cell.
"""

from runtime.coders import adaptive, paper, rice
from runtime.errors import FormatError
from runtime.events import Bits
from runtime.kinds import CODERS

FORMS = (*paper.NAMES, "rice", "adaptive")
_RICE, _ADAPTIVE = FORMS.index("rice"), FORMS.index("adaptive")


def most_bytes(cells: int) -> int:
    """Return the greatest length, in bytes, of a payload of this many cells."""
    return (cells + 7) // 8


def pack(bits: Bits, coder: str) -> tuple[int, bytes]:
    """Return the form and the payload of `bits (N, T) bool` by one of `CODERS`.

    Raises `FormatError` for an unknown coder.
    """
    match coder:
        case "paper":
            return paper.pack(bits)
        case "rice":
            form, payload = _RICE, rice.encode(bits)
        case "adaptive":
            form, payload = _ADAPTIVE, adaptive.encode(bits)
        case _:
            raise FormatError(f"coder {coder!r} is unknown; choose {', '.join(CODERS)}")
    if len(payload) < most_bytes(bits.size):
        return form, payload
    return paper.DENSE, paper.pack_as(paper.DENSE, bits)


def unpack(form: int, payload: bytes, units: int, frames: int, events: int) -> Bits:
    """Read back the matrix `(N, T) bool` of exactly `events` ones.

    Raises `FormatError` for an unknown form, and for a payload that no writer would make.
    """
    cells = units * frames
    if not 0 <= events <= cells:
        raise FormatError(f"{events} events do not fit in {units} x {frames} cells")
    if len(payload) > most_bytes(cells):
        raise FormatError(f"payload has {len(payload)} bytes for {cells} cells")
    if form < _RICE:
        return paper.unpack(form, payload, units, frames, events)
    if form == _RICE:
        return rice.decode(payload, units, frames, events)
    if form == _ADAPTIVE:
        return adaptive.decode(payload, units, frames, events)
    raise FormatError(f"form {form} is unknown; this version reads 0 to {len(FORMS) - 1}")
