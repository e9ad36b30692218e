"""How wide a chip's integers are, as the integer executor needs to know."""

from dataclasses import dataclass

from neuromorphic.chips.catalogue import Chip
from runtime.bundle import PAYLOAD_BITS
from runtime.errors import ChipError


@dataclass(frozen=True)
class Arithmetic:
    """Limits of one chip's integers; the defaults are those of Lava's bit-accurate models.

    The `_bits` fields are the widths of weights, graded payloads and states (current and voltage),
    all signed; a payload of 1 bit is a plain spike. A decay of `decay_unity` keeps nothing. A bias
    is a mantissa of at most `bias_mantissa` times 2 to the power of at most `bias_exponent`.
    `threshold` is the largest threshold.
    """

    weight_bits: int = 8
    payload_bits: int = 8
    state_bits: int = 24
    decay_unity: int = 4096
    bias_mantissa: int = 4095
    bias_exponent: int = 7
    threshold: int = 131071

    @property
    def wrap(self) -> int:
        """The value at which the current wraps around, and before which the voltage saturates."""
        return 1 << (self.state_bits - 1)

    @property
    def decay_bits(self) -> int:
        """By how many bits a product with a decay is shifted right."""
        return self.decay_unity.bit_length() - 1

    @property
    def weight_max(self) -> int:
        """The largest weight; weights are symmetric around 0."""
        return (1 << (self.weight_bits - 1)) - 1

    @property
    def payload_max(self) -> int:
        """The largest payload; payloads are symmetric around 0. 1 for a plain spike."""
        return max(1, (1 << (self.payload_bits - 1)) - 1)


LAVA = Arithmetic()


def arithmetic(chip: Chip) -> Arithmetic:
    """Return the widths of `chip`, taking the low end of each published range.

    Raises `ChipError`, naming the width, when one is missing or outside what can be computed.
    """
    found = Arithmetic(
        weight_bits=_width(chip, "weight_bits"),
        payload_bits=min(_width(chip, "payload_bits"), PAYLOAD_BITS),
        state_bits=_width(chip, "state_bits"),
        decay_unity=_width(chip, "decay"),
        bias_mantissa=_width(chip, "bias_mantissa"),
        bias_exponent=_width(chip, "bias_exponent"),
        threshold=_width(chip, "threshold"),
    )
    if found.decay_unity & (found.decay_unity - 1):
        raise ChipError(f"{chip.name}: limits.decay is {found.decay_unity}; a power of 2 is needed")
    if found.weight_bits < 2 or not 8 <= found.state_bits <= 32:
        raise ChipError(
            f"{chip.name}: weights of {found.weight_bits} and states of {found.state_bits} bits; "
            "the integer executor needs weights of 2 bits or more and states of 8 to 32 bits"
        )
    return found


def _width(chip: Chip, limit: str) -> int:
    found = chip.allowed(limit)
    if found is None or found < 1:
        raise ChipError(
            f"{chip.name}: limits.{limit} is not published, so this chip's arithmetic cannot be "
            "reproduced; choose another chip"
        )
    return int(found)
