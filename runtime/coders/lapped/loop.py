"""The decisions of a chunk, frame by frame and bin by bin; sending and reading are one function.

A frame says block by block whether anything follows, whether the block of eight bins holds
anything, and then of each of its bins how often it fires and with which sign. Signs are turned by
`(-1)^(k t)`, under which a steady partial looks alike in all its bins and frames. What a decision
may depend on is what has been sent: lower bins of its frame, and the frames before.

For each decision several contexts predict a probability. The predictions are mixed, the decision
goes through a range coder, and the contexts and the mixer learn from it. All numbers are integers:
a probability is in units of 2^-22 in a context and of 2^-16 in the range coder; predictions are
mixed in the logistic domain, `256 ln(p / (1 - p))`, with weights in units of 2^-16. Every product
stays below 2^53, so that the 64-bit integers of numba and the unbounded ones of Python agree.

The whole state of the coder is `memory`, one array of integers with fixed places, since numba is
slow to compile and to call functions of many arrays. `now`, `last` and `before` are the offsets of
the current frame's row and of the two before it, counted from `HEIGHTS`, `SIGNS`, `SIZES` and
`SUMS`; `k` is a bin and `j` its place in a row, `b` that of its block.

Everything is in one file, with every constant that the compiled functions use, because numba's
cache depends on the file of a function and on no other.
"""

import math

from runtime.coders.lapped.compiling import Numbers, compiled

INPUTS = 5  # the most predictions that are mixed

# Where the contexts of each kind of decision lie in one long table. Magnitudes are counted in nine
# classes that widen upwards, frequencies in places, nine an octave, and in eleven bands.
BLOCK = 8  # bins that are sent, or left out, together
CLASS_COUNT = 9
LEVELS = 16  # levels with contexts of their own; those above are written as a number
PLACE_COUNT, BAND_COUNT, SURPLUS_COUNT = 64, 11, 7
KINDS = BLOCK + 1 + 3  # of a level: the first, by how many bins could still fire; 2nd, 3rd, higher
BITS = 20  # of the number above `LEVELS`
LARGEST_CORRECTION = 12
MOST = LEVELS + (1 << BITS) - 2  # levels of a bin

_CONTEXT_SIZES = {
    # does anything follow in this frame
    "more_ends": 17 * 9,
    "more_block": 192 * 2,
    "more_surplus": SURPLUS_COUNT * 9,
    # does this block hold anything
    "block_near": CLASS_COUNT**3,
    "block_place": 192 * 6,
    "block_past": CLASS_COUNT * CLASS_COUNT * 4,
    "block_surplus": SURPLUS_COUNT * CLASS_COUNT,
    # does the bin fire once more
    "near": BAND_COUNT * CLASS_COUNT * CLASS_COUNT * LEVELS,
    "wide": CLASS_COUNT * CLASS_COUNT * 4 * LEVELS,
    "place": PLACE_COUNT * 5 * 6,
    "shape": 729 * 4,
    "surplus": KINDS * SURPLUS_COUNT * CLASS_COUNT * 3,
    # is the correction not zero, is it positive, is it larger
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
_CONTEXT_STARTS = [sum(list(_CONTEXT_SIZES.values())[:i]) for i in range(len(_CONTEXT_SIZES) + 1)]
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
) = _CONTEXT_STARTS

# Sets of mixing weights.
MORE_SETS, BLOCK_SETS, LEVEL_SETS, ABOVE_SETS = (
    0,
    9,
    9 + CLASS_COUNT,
    9 + CLASS_COUNT + KINDS * CLASS_COUNT,
)
CORRECTION_SETS = ABOVE_SETS + 1
SIGN_SETS = CORRECTION_SETS + 4
SETS = SIGN_SETS + 27

CLASS_OF = [0, 1, 2, 3, 3, 4, 4, 4] + [5] * 5 + [6] * 8 + [7] * 16 + [8] * 27
MOST_CLASSED = len(CLASS_OF) - 1

# The memory.
MOST_BINS = 2048
MARGIN = 8  # bins beside the first and the last, always silent
SIDE = 2  # blocks beside the first and the last, always silent
ROW = MOST_BINS + 2 * MARGIN
ROWS = 3 * ROW  # the current frame and the two before it
OLDEST = 1000  # the most observations that a context counts


def _logit(place: int) -> int:
    share = (place + 0.5) / 4096
    return round(256 * math.log(share / (1 - share)))


def _logistic(place: int) -> int:
    return min(max(round(65536 / (1 + math.exp((3072 - place) / 256))), 1), 65535)


# Rounded once; no value lies so near a half that two machines could round it differently.
STRETCHED = [_logit(place) for place in range(4096)]  # of a probability in units of 2^-12
SQUASHED = [_logistic(place) for place in range(6144)]  # to a probability in units of 2^-16
STEPS = [round(65536 / (age + 1.6)) for age in range(OLDEST + 1)]  # of 2^16

_MEMORY_SIZES = {
    # The range coder: interval, value read, next byte, number of decisions, whether it reads.
    "low": 1,
    "high": 1,
    "value": 1,
    "next": 1,
    "decisions": 1,
    "reading": 1,
    # The mixer: its learning rate, the age at which contexts stop slowing down, this decision.
    "rate": 1,
    "oldest": 1,
    "chosen": INPUTS,
    "opinions": INPUTS,
    "weights": SETS * INPUTS,
    "chances": CONTEXTS,
    "ages": CONTEXTS,
    # Constants.
    "stretch": len(STRETCHED),
    "squash": len(SQUASHED),
    "steps": len(STEPS),
    "classes": len(CLASS_OF),
    "places": MOST_BINS,
    "bands": MOST_BINS,
    # The past: heights are magnitudes, signs are turned, sizes are signs, twice as large where a
    # bin fires more than once, sums are heights of a block; old ones are means, times 256.
    "heights": ROWS,
    "signs": ROWS,
    "sizes": ROWS,
    "sums": ROWS,
    "old_heights": ROW,
    "old_sums": ROW,
}
_MEMORY_STARTS = [sum(list(_MEMORY_SIZES.values())[:i]) for i in range(len(_MEMORY_SIZES) + 1)]
(
    LOW,
    HIGH,
    VALUE,
    NEXT,
    DECISIONS,
    READING,
    RATE,
    OLDEST_AGE,
    CHOSEN,
    OPINIONS,
    WEIGHTS,
    CHANCES,
    AGES,
    STRETCH,
    SQUASH,
    STEP,
    CLASSES,
    PLACES,
    BANDS,
    HEIGHTS,
    SIGNS,
    SIZES,
    SUMS,
    OLD_HEIGHTS,
    OLD_SUMS,
    LENGTH,
) = _MEMORY_STARTS


@compiled
def transmit(bit: int, chance: int, memory: Numbers, payload: Numbers) -> int:
    """Send one bit that is 1 with probability `chance` / 2^16, or return the one that was sent."""
    low, high, reading = memory[LOW], memory[HIGH], memory[READING]
    # A zero takes the lower part of the interval, so that long silence becomes zero bytes.
    split = low + ((high - low) * (65536 - chance) >> 16)
    if reading:
        bit = int(memory[VALUE] > split)
    if bit:
        low = split + 1
    else:
        high = split
    while (low ^ high) >> 24 == 0:
        place = memory[NEXT]
        if reading:
            octet = payload[place] if place < len(payload) else 0
            memory[VALUE] = (memory[VALUE] << 8 & 0xFFFFFFFF) | octet
        else:
            payload[place] = high >> 24
        memory[NEXT] = place + 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    memory[LOW], memory[HIGH] = low, high
    memory[DECISIONS] += 1
    return bit


@compiled
def decide(bit: int, opinions: int, chosen: int, memory: Numbers, payload: Numbers) -> int:
    """Send `bit`, or return the one that was sent.

    The first `opinions` of the contexts at `CHOSEN` are mixed by the set `chosen` of weights.
    """
    weights = WEIGHTS + 5 * chosen
    total = 0
    for i in range(opinions):
        opinion = memory[STRETCH + (memory[CHANCES + memory[CHOSEN + i]] >> 10)]
        memory[OPINIONS + i] = opinion
        total += memory[weights + i] * opinion
    chance = memory[SQUASH + min(max((total >> 16) + 3072, 0), 6143)]
    bit = transmit(bit, chance, memory, payload)
    error = ((bit << 16) - chance) * memory[RATE]
    for i in range(opinions):
        memory[weights + i] += (memory[OPINIONS + i] * error + 32768) >> 16
        context = memory[CHOSEN + i]
        age, old = memory[AGES + context], memory[CHANCES + context]
        memory[CHANCES + context] += ((bit << 22) - bit - old) * memory[STEP + age] >> 16
        memory[AGES + context] = min(age + 1, memory[OLDEST_AGE])
    return bit


@compiled
def _class(magnitude: int, memory: Numbers) -> int:
    """Which of nine classes a magnitude is in."""
    return memory[CLASSES + min(magnitude, MOST_CLASSED)]


@compiled
def _surplus(surplus: int) -> int:
    """Class, one of seven, of how many more events this frame has so far than the last one had."""
    above = (surplus > 1) + (surplus > 5) + (surplus > 12)
    return 3 + above - ((surplus < -1) + (surplus < -5) + (surplus < -12))


@compiled
def _holds(levels: Numbers, start: int) -> bool:
    """Whether any bin of the block at `start` fires."""
    found = 0
    for i in range(start, start + BLOCK):
        found |= levels[i]
    return found != 0


@compiled
def _remember(now: int, reach: int, memory: Numbers) -> None:
    """Update the running means with the frame just coded, up to block `reach`."""
    for j in range(MARGIN, MARGIN + reach * BLOCK):
        height = min(memory[HEIGHTS + now + j], 15) << 8
        memory[OLD_HEIGHTS + j] += (height - memory[OLD_HEIGHTS + j]) >> 3
    for b in range(SIDE, SIDE + reach):
        total = min(memory[SUMS + now + b], 63) << 8
        memory[OLD_SUMS + b] += (total - memory[OLD_SUMS + b]) >> 3


@compiled
def _clear(row: int, reach: int, memory: Numbers) -> None:
    """Silence a row up to block `reach`."""
    for j in range(MARGIN, MARGIN + reach * BLOCK):
        memory[HEIGHTS + row + j] = 0
        memory[SIGNS + row + j] = 0
        memory[SIZES + row + j] = 0
    for b in range(SIDE, SIDE + reach):
        memory[SUMS + row + b] = 0


@compiled
def _above(rest: int, group: int, memory: Numbers, payload: Numbers) -> int:
    """A number >= 0 in exponential Golomb code: the levels beyond those with contexts."""
    width = 0
    while width < BITS - 1:
        memory[CHOSEN] = ABOVE + group * BITS + width
        if not decide(int((rest + 1) >> (width + 1) > 0), 1, ABOVE_SETS, memory, payload):
            break
        width += 1
    number = 1
    for place in range(width - 1, -1, -1):
        memory[CHOSEN] = ABOVE + (3 + min(width - 1 - place, 2)) * BITS + width
        bit = (rest + 1) >> place & 1
        number = 2 * number + decide(bit, 1, ABOVE_SETS, memory, payload)
    return number - 1


@compiled
def _sign(
    bit: int,
    chosen: int,
    k: int,
    now: int,
    last: int,
    before: int,
    memory: Numbers,
    payload: Numbers,
) -> int:
    """Is the sign of bin `k`, turned, positive?"""
    s = SIGNS
    l1, l2 = memory[s + now - 1] + 1, memory[s + now - 2] + 1
    u, ul, ur = memory[s + last] + 1, memory[s + last - 1] + 1, memory[s + last + 1] + 1
    uu, uul, uur = memory[s + before] + 1, memory[s + before - 1] + 1, memory[s + before + 1] + 1
    memory[CHOSEN] = SIGN_BEFORE + ((l1 * 3 + u) * 3 + ul) * 9 + uu * 3 + uul
    memory[CHOSEN + 1] = SIGN_BEHIND + ((l1 * 3 + u) * 3 + ur) * 9 + uu * 3 + uur
    memory[CHOSEN + 2] = SIGN_LOWER + (
        ((l1 * 3 + l2) * 3 + memory[s + last - 2] + 1) * 27 + (ul * 3 + u) * 3 + ur
    )
    memory[CHOSEN + 3] = SIGN_BIN + min(k, 511) * 9 + u * 3 + uu
    s = SIZES
    memory[CHOSEN + 4] = SIGN_SIZE + (
        ((memory[s + last] + 2) * 5 + memory[s + before] + 2) * 25
        + (memory[s + now - 1] + 2) * 5 + memory[s + last - 1] + 2
    )  # fmt: skip
    return decide(bit, 5, chosen, memory, payload)


@compiled
def _value(
    value: int,
    left: int,
    k: int,
    now: int,
    last: int,
    before: int,
    surplus: int,
    memory: Numbers,
    payload: Numbers,
) -> int:
    """How often does bin `k` fire, and with which sign, turned?

    `now`, `last` and `before` are the places of the bin itself; `left` is how many bins of its
    block could still be the first to fire, 0 if one has fired already.
    """
    h = HEIGHTS
    l1, l2 = memory[h + now - 1], memory[h + now - 2]
    u, ul, ur, uu = (
        memory[h + last], memory[h + last - 1], memory[h + last + 1], memory[h + before]
    )  # fmt: skip
    wide = memory[h + last - 2] + memory[h + last + 2] + memory[h + last + 3]
    wide += memory[h + before - 1] + memory[h + before + 1]
    for i in range(3, 7):
        wide += memory[h + now - i]
    o = OLD_HEIGHTS + k + MARGIN
    old = _class((memory[o] * 4 + memory[o - 1] + memory[o + 1]) >> 8, memory)
    lower, upper = 2 * l1 + l2, 2 * u + ul + ur + uu
    both = _class(lower + upper, memory)
    near = NEAR + LEVELS * (
        (memory[BANDS + k] * 9 + _class(lower, memory)) * 9 + _class(upper, memory)
    )
    far = WIDE + LEVELS * ((_class(wide, memory) * 9 + old) * 4 + min(u, 3))
    place = PLACE + 6 * (memory[PLACES + k] * 5 + min(both, 4))
    shape = (min(l1, 2) * 3 + min(l2, 2)) * 3 + min(u, 2)
    shape = SHAPE + 4 * (((shape * 3 + min(ul, 2)) * 3 + min(ur, 2)) * 3 + min(uu, 2))
    crowd = SURPLUS + (_surplus(surplus) * 9 + both) * 3 + min(old, 2)
    due, height, sign = abs(value), 0, 1
    while height < LEVELS:
        bit = int(height < due)
        if left == 1 and height == 0:
            bit = 1  # the block holds something, and this is its last bin
        else:
            step = min(height, 3)
            kind = step + 8 if step else left
            memory[CHOSEN] = near + height
            memory[CHOSEN + 1] = far + height
            memory[CHOSEN + 2] = place + (step + 2 if step else (left > 0) + (left > 4))
            memory[CHOSEN + 3] = shape + step
            memory[CHOSEN + 4] = crowd + kind * 189
            bit = decide(bit, 5, LEVEL_SETS + kind * 9 + both, memory, payload)
        if bit == 0:
            break
        if height == 0:
            chosen = SIGN_SETS + min(u, 2) * 9 + min(uu, 2) * 3 + min(l1, 2)
            sign = 2 * _sign(int(value > 0), chosen, k, now, last, before, memory, payload) - 1
        height += 1
    if height == LEVELS:
        height += _above(due - LEVELS, max(both - 6, 0), memory, payload)
    return sign * height


@compiled
def _block(
    bit: int,
    block: int,
    now: int,
    last: int,
    before: int,
    end_last: int,
    surplus: int,
    memory: Numbers,
    payload: Numbers,
) -> int:
    """Does this block hold anything?"""
    b = block + SIDE
    l1, l2 = memory[SUMS + now + b - 1], memory[SUMS + now + b - 2]
    u, uu = memory[SUMS + last + b], memory[SUMS + before + b]
    beside = memory[SUMS + last + b - 1] + memory[SUMS + last + b + 1]
    near, old = _class(u + l1, memory), _class(memory[OLD_SUMS + b] >> 6, memory)
    behind = min(max(end_last - block, 0), 3)
    memory[CHOSEN] = BLOCK_NEAR + (
        (_class(u, memory) * 9 + _class(beside, memory)) * 9 + _class(2 * l1 + l2, memory)
    )
    memory[CHOSEN + 1] = BLOCK_PLACE + (min(block, 191) * 3 + min(u, 2)) * 2 + min(l1, 1)
    memory[CHOSEN + 2] = BLOCK_PAST + (old * 9 + _class(uu, memory)) * 4 + behind
    memory[CHOSEN + 3] = BLOCK_SURPLUS + _surplus(surplus) * 9 + near
    return decide(bit, 4, BLOCK_SETS + near, memory, payload)


@compiled
def _more(
    bit: int,
    block: int,
    end_last: int,
    end_before: int,
    surplus: int,
    memory: Numbers,
    payload: Numbers,
) -> int:
    """Does anything follow in this frame, from `block` on?"""
    last = min(max(end_last - block, -4), 12) + 4
    before = min(max(end_before - block, -2), 6) + 2
    near = min(max(end_last - block, -2), 6) + 2
    memory[CHOSEN] = MORE_ENDS + last * 9 + before
    memory[CHOSEN + 1] = MORE_BLOCK + min(block, 191) * 2 + int(end_last > block)
    memory[CHOSEN + 2] = MORE_SURPLUS + _surplus(surplus) * 9 + near
    return decide(bit, 3, MORE_SETS + min(last, 8), memory, payload)


@compiled
def _frame(
    levels: Numbers,
    t: int,
    bins: int,
    now: int,
    last: int,
    before: int,
    end_last: int,
    end_before: int,
    memory: Numbers,
    payload: Numbers,
) -> int:
    """Send or read one frame; return the block behind its last event."""
    sending = memory[READING] == 0
    blocks, start = bins // BLOCK, t * bins
    due = blocks
    while sending and due and not _holds(levels, start + (due - 1) * BLOCK):
        due -= 1
    end, surplus = 0, 0
    while end < blocks and _more(
        int(due > end), end, end_last, end_before, surplus, memory, payload
    ):
        block = end
        while block < blocks - 1:  # something follows: if not before, in the last block
            bit = int(sending and _holds(levels, start + block * BLOCK))
            if _block(bit, block, now, last, before, end_last, surplus, memory, payload):
                break
            block += 1
        total = 0
        for k in range(block * BLOCK, (block + 1) * BLOCK):
            left = 0 if total else (block + 1) * BLOCK - k
            value = levels[start + k] if sending else 0
            turn = 1 - 2 * (k * t & 1)
            j = k + MARGIN
            value = turn * _value(
                value * turn, left, k, now + j, last + j, before + j, surplus, memory, payload
            )
            height = abs(value)
            if height:
                sign = turn if value > 0 else -turn
                memory[HEIGHTS + now + j] = height
                memory[SIGNS + now + j] = sign
                memory[SIZES + now + j] = sign * min(height, 2)
            total += height
            surplus += min(height, 2) - min(memory[HEIGHTS + last + j], 2)
            levels[start + k] = value
        memory[SUMS + now + block + SIDE] = total
        end = block + 1
    return end


@compiled
def _correction(
    bit: int, kind: int, near: int, band: int, memory: Numbers, payload: Numbers
) -> int:
    memory[CHOSEN], memory[CHOSEN + 1] = near + kind, band + kind
    return decide(bit, 2, CORRECTION_SETS + kind, memory, payload)


@compiled
def code_corrections(values: Numbers, bands: int, memory: Numbers, payload: Numbers) -> None:
    """Send `values`, -12..12, all bands of the first row, of the second, ..., or fill them."""
    for i in range(len(values)):
        up = values[i - bands] if i >= bands else 0
        left = values[i - 1] if i % bands else 0
        near = CORRECTION_NEAR + (min(max(up, -3), 3) * 7 + min(max(left, -3), 3) + 24) * 4
        side = (up + left > 0) - (up + left < 0) + 1
        band = CORRECTION_BAND + (min(i % bands, 63) * 3 + side) * 4
        due, size, sign = abs(values[i]), 0, 1
        while size < LARGEST_CORRECTION:
            kind = 0 if size == 0 else min(size + 1, 3)
            if not _correction(int(size < due), kind, near, band, memory, payload):
                break
            if size == 0:
                sign = 2 * _correction(int(values[i] > 0), 1, near, band, memory, payload) - 1
            size += 1
        values[i] = sign * size


@compiled
def code_frames(levels: Numbers, bins: int, memory: Numbers, payload: Numbers, most: int) -> bool:
    """Send `levels`, all bins of frame 0, of frame 1, ..., or fill them with what is read.

    Returns whether `most` decisions were enough; they are counted frame by frame.
    """
    now, last, before = 0, ROW, 2 * ROW
    end_last, end_before, reach = 0, 0, 0
    for t in range(len(levels) // bins):
        end = _frame(levels, t, bins, now, last, before, end_last, end_before, memory, payload)
        if memory[DECISIONS] > most:
            return False
        reach = max(reach, end)
        _remember(now, reach, memory)
        now, last, before = before, now, last
        _clear(now, reach, memory)
        end_last, end_before = end, end_last
    return True
