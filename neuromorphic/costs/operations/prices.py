"""Price conventional networks operator by operator: arithmetic, functions, and moving data."""

from neuromorphic.chips.catalogue import Chip
from neuromorphic.chips.figure import Figure
from neuromorphic.costs.ledger import Bill, Term, settled, term
from neuromorphic.costs.operations.operators import UNKNOWN, Operator
from runtime.errors import ChipError

COVERS = "fp32 arithmetic, every tensor read and written once; no control, no leakage, no host"
QUANTITIES = ("fp32_mac", "fp32_arithmetic", "fp32_function", "fp32_byte")


def operators_bill(chip: Chip, operators: tuple[Operator, ...]) -> Bill:
    """Price operators at the reference prices of `chip`; terms with a count of 0 are left out.

    Every tensor is written once where it is made and read once where it is used, and every weight
    is read once per call; which memory it is kept in is the range of `fp32_byte`. The bill is
    refused if any operator is UNKNOWN. Raises `ChipError` for a chip without these prices.
    """
    unknown = dict.fromkeys(op.kind for op in operators if op.verdict == UNKNOWN)
    reason = "not counted: " + ", ".join(unknown) if unknown else None
    terms: list[Term] = []
    for op in operators:
        numbers = (op.macs, op.arithmetic, op.functions, moved_bytes(op))
        for name, number in zip(QUANTITIES, numbers, strict=True):
            if number:
                terms.append(term(op.layer, name, number, reference(chip, name)))
    return settled(chip, terms, misfit=reason, covers=COVERS)


def link_bill(chip: Chip, size: int) -> Bill:
    """Price the transfer of `size` bytes from one chip to another."""
    price = reference(chip, "link_bit")
    return settled(chip, [term("link", "link_bit", 8 * size, price)], covers="pins, no radio")


def reference(chip: Chip, name: str) -> Figure:
    """Return a price of `chip`; raises `ChipError` if it does not have it."""
    if name not in chip.energy:
        raise ChipError(f"chip {chip.name!r} has no price {name}; use int8-45nm")
    return chip.energy[name]


def moved_bytes(op: Operator) -> int:
    """Return how many bytes an operator reads and writes."""
    return op.weight_bytes + op.read_bytes + op.written_bytes
