"""The coder's probabilities for music before a chunk begins: tables that belong to a model."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.errors import BundleError
from runtime.kinds import SHIPPED

Numbers = npt.NDArray[np.int64]

MAGIC = b"SMT1"
MOST_BYTES = 2**20
KEPT = 50  # the most observations that a probability from a file counts for


@dataclass(frozen=True, eq=False)
class Tables:
    """The state that a chunk begins with.

    `chances (CONTEXTS,)`, probabilities 0..65535 in units of 2^-16; `ages (CONTEXTS,)`, 0..`KEPT`,
    the observations that each counts for; `weights (SETS, INPUTS)` of the mixer, also of 2^-16.
    """

    chances: Numbers
    ages: Numbers
    weights: Numbers

    def packed(self) -> bytes:
        """Return the bytes of the file."""
        parts = (self.chances.astype("<u2"), self.ages.astype("u1"), self.weights.astype("<i4"))
        return MAGIC + b"".join(part.tobytes() for part in parts)

    @property
    def hash(self) -> str:
        """The name of the tables: the first 6 hex digits of SHA-256 over the file."""
        return hashlib.sha256(self.packed()).hexdigest()[:6]


def parse_tables(data: bytes) -> Tables:
    """Parse the bytes of a file of tables; raises `BundleError` when they are not valid."""
    from runtime.coders.lapped import loop as at  # loading numba takes a second

    size = len(MAGIC) + 3 * at.CONTEXTS + 4 * at.SETS * at.INPUTS
    if len(data) != size or data[: len(MAGIC)] != MAGIC:
        raise BundleError(
            f"these {len(data)} bytes are no tables of the lapped coder, which have {size}"
        )
    ages_at = len(MAGIC) + 2 * at.CONTEXTS
    weights_at = ages_at + at.CONTEXTS
    chances = np.frombuffer(data[len(MAGIC) : ages_at], "<u2").astype(np.int64)
    ages = np.frombuffer(data[ages_at:weights_at], "u1").astype(np.int64)
    weights = np.frombuffer(data[weights_at:], "<i4").astype(np.int64)
    return Tables(chances, np.minimum(ages, KEPT), weights.reshape(at.SETS, at.INPUTS))


def read_tables(path: Path) -> Tables:
    """Read a file of tables; raises `BundleError` naming it."""
    try:
        with path.open("rb") as file:
            return parse_tables(file.read(MOST_BYTES))
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
    except BundleError as error:
        raise BundleError(f"{path}: {error}") from None


def fresh_tables() -> Tables:
    """Return the tables of a coder that has learned nothing yet."""
    from runtime.coders.lapped import loop as at  # loading numba takes a second

    chances = np.full(at.CONTEXTS, 1 << 13)
    chances[at.ABOVE :] = 1 << 15
    weights = np.full((at.SETS, at.INPUTS), 20000)
    weights[at.ABOVE_SETS] = 1 << 16
    weights[at.CORRECTION_SETS : at.SIGN_SETS] = 1 << 15
    return Tables(chances, np.zeros(at.CONTEXTS, np.int64), weights)


def found_tables(name: str) -> Tables | None:
    """Return the tables with this name from a shipped bundle, None if no bundle has them."""
    for path in sorted(SHIPPED.glob("*/coder.tables")):
        tables = read_tables(path)
        if tables.hash == name:
            return tables
    return None
