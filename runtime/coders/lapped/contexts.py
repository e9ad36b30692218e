"""Where the contexts of each kind of decision lie in one long table, and in what they begin.

Magnitudes are counted in nine classes that widen upwards, frequencies in `places`, nine an octave,
and in eleven `bands`. What a decision may know is what has been sent: lower bins of its frame and
the frames before.
"""

import math

BLOCK = 8  # bins that are sent, or left out, together
CLASSES = 9
LEVELS = 16  # levels that are told apart; those above are written as a number
PLACES, BANDS, SURPLUSES = 64, 11, 7
KINDS = BLOCK + 1 + 3  # of a level: the first, by the bins that are left to fire; 2nd, 3rd, higher
BITS = 20  # of the number above `LEVELS`
LARGEST_CORRECTION = 12
MOST = LEVELS + (1 << BITS) - 2  # levels of a bin

_SIZES = {
    # does anything follow in this frame
    "more_ends": 17 * 9,
    "more_block": 192 * 2,
    "more_surplus": SURPLUSES * 9,
    # does this block hold anything
    "block_near": CLASSES**3,
    "block_place": 192 * 6,
    "block_past": CLASSES * CLASSES * 4,
    "block_surplus": SURPLUSES * CLASSES,
    # does the bin fire once more
    "near": BANDS * CLASSES * CLASSES * LEVELS,
    "wide": CLASSES * CLASSES * 4 * LEVELS,
    "place": PLACES * 5 * 6,
    "shape": 729 * 4,
    "surplus": KINDS * SURPLUSES * CLASSES * 3,
    # does the correction differ from none, is it positive, is it larger
    "correction_near": 49 * 4,
    "correction_band": 64 * 3 * 4,
    # the number above the levels: how many bits, and the bits
    "above": 3 * BITS + 3 * BITS,
    # is the sign, turned, positive
    "sign_before": 243,
    "sign_behind": 243,
    "sign_lower": 729,
    "sign_bin": 512 * 9,
    "sign_size": 625,
}
_STARTS = [sum(list(_SIZES.values())[:i]) for i in range(len(_SIZES) + 1)]
(
    MORE_ENDS,
    MORE_BLOCK,
    MORE_SURPLUS,
    BLOCK_NEAR,
    BLOCK_PLACE,
    BLOCK_PAST,
    BLOCK_SURPLUS,
    NEAR,
    WIDE,
    PLACE,
    SHAPE,
    SURPLUS,
    CORRECTION_NEAR,
    CORRECTION_BAND,
    ABOVE,
    SIGN_BEFORE,
    SIGN_BEHIND,
    SIGN_LOWER,
    SIGN_BIN,
    SIGN_SIZE,
    CONTEXTS,
) = _STARTS

# Sets of mixing weights.
MORE_SETS, BLOCK_SETS, LEVEL_SETS, ABOVE_SETS = 0, 9, 9 + CLASSES, 9 + CLASSES + KINDS * CLASSES
CORRECTION_SETS = ABOVE_SETS + 1
SIGN_SETS = CORRECTION_SETS + 4
SETS = SIGN_SETS + 27

CLASS_OF = [0, 1, 2, 3, 3, 4, 4, 4] + [5] * 5 + [6] * 8 + [7] * 16 + [8] * 27
MOST_CLASSED = len(CLASS_OF) - 1


def frequency_classes(hertz: float) -> tuple[int, int]:
    """Return the place, 0..63, and the band, 0..10, of a frequency."""
    octaves = math.log2(hertz / 60)
    return min(max(round(9 * octaves), 0), PLACES - 1), min(max(round(1.6 * octaves), 0), BANDS - 1)
