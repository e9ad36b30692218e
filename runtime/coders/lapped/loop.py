"""The decisions of a chunk, frame by frame and bin by bin; sending and reading are one function.

A frame says block by block whether anything follows, whether the block of eight bins holds
anything, and then of each of its bins how often it fires and with which sign. Signs are turned by
`(-1)^(k t)`, under which a steady partial looks alike in all its bins and frames.

`memory` is laid out in `memory.py`. `now`, `last` and `before` are where the rows of the frame at
hand and of the two before it begin, behind `HEIGHTS`, `SIGNS`, `SIZES` and `SUMS`; `k` is a bin and
`j` its place in a row, `b` that of its block.
"""

from runtime.coders.lapped import contexts as of
from runtime.coders.lapped import memory as at
from runtime.coders.lapped.compiling import Numbers, compiled
from runtime.coders.lapped.mixing import decide


@compiled
def code_frames(levels: Numbers, bins: int, memory: Numbers, payload: Numbers, most: int) -> bool:
    """Send `levels`, all bins of frame 0, of frame 1, ..., or fill them with what is read.

    Tells whether `most` decisions were enough; they are counted frame by frame.
    """
    now, last, before = 0, at.ROW, 2 * at.ROW
    end_last, end_before, reach = 0, 0, 0
    for t in range(len(levels) // bins):
        end = _frame(levels, t, bins, now, last, before, end_last, end_before, memory, payload)
        if memory[at.DECISIONS] > most:
            return False
        reach = max(reach, end)
        _remember(now, reach, memory)
        now, last, before = before, now, last
        _clear(now, reach, memory)
        end_last, end_before = end, end_last
    return True


@compiled
def code_corrections(values: Numbers, bands: int, memory: Numbers, payload: Numbers) -> None:
    """Send `values`, -12..12, all bands of the first row, of the second, ..., or fill them."""
    for i in range(len(values)):
        up = values[i - bands] if i >= bands else 0
        left = values[i - 1] if i % bands else 0
        near = of.CORRECTION_NEAR + (min(max(up, -3), 3) * 7 + min(max(left, -3), 3) + 24) * 4
        side = (up + left > 0) - (up + left < 0) + 1
        band = of.CORRECTION_BAND + (min(i % bands, 63) * 3 + side) * 4
        due, size, sign = abs(values[i]), 0, 1
        while size < of.LARGEST_CORRECTION:
            kind = 0 if size == 0 else min(size + 1, 3)
            if not _correction(int(size < due), kind, near, band, memory, payload):
                break
            if size == 0:
                sign = 2 * _correction(int(values[i] > 0), 1, near, band, memory, payload) - 1
            size += 1
        values[i] = sign * size


@compiled
def _correction(
    bit: int, kind: int, near: int, band: int, memory: Numbers, payload: Numbers
) -> int:
    memory[at.CHOSEN], memory[at.CHOSEN + 1] = near + kind, band + kind
    return decide(bit, 2, of.CORRECTION_SETS + kind, memory, payload)


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
    sending = memory[at.READING] == 0
    blocks, start = bins // of.BLOCK, t * bins
    due = blocks
    while sending and due and not _holds(levels, start + (due - 1) * of.BLOCK):
        due -= 1
    end, surplus = 0, 0
    while end < blocks and _more(
        int(due > end), end, end_last, end_before, surplus, memory, payload
    ):
        block = end
        while block < blocks - 1:  # the last block needs no word: something follows
            bit = int(sending and _holds(levels, start + block * of.BLOCK))
            if _block(bit, block, now, last, before, end_last, surplus, memory, payload):
                break
            block += 1
        total = 0
        for k in range(block * of.BLOCK, (block + 1) * of.BLOCK):
            left = 0 if total else (block + 1) * of.BLOCK - k
            value = levels[start + k] if sending else 0
            turn = 1 - 2 * (k * t & 1)
            j = k + at.MARGIN
            value = turn * _value(
                value * turn, left, k, now + j, last + j, before + j, surplus, memory, payload
            )
            height = abs(value)
            if height:
                sign = turn if value > 0 else -turn
                memory[at.HEIGHTS + now + j] = height
                memory[at.SIGNS + now + j] = sign
                memory[at.SIZES + now + j] = sign * min(height, 2)
            total += height
            surplus += min(height, 2) - min(memory[at.HEIGHTS + last + j], 2)
            levels[start + k] = value
        memory[at.SUMS + now + block + at.SIDE] = total
        end = block + 1
    return end


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
    memory[at.CHOSEN] = of.MORE_ENDS + last * 9 + before
    memory[at.CHOSEN + 1] = of.MORE_BLOCK + min(block, 191) * 2 + int(end_last > block)
    memory[at.CHOSEN + 2] = of.MORE_SURPLUS + _surplus(surplus) * 9 + near
    return decide(bit, 3, of.MORE_SETS + min(last, 8), memory, payload)


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
    b = block + at.SIDE
    l1, l2 = memory[at.SUMS + now + b - 1], memory[at.SUMS + now + b - 2]
    u, uu = memory[at.SUMS + last + b], memory[at.SUMS + before + b]
    beside = memory[at.SUMS + last + b - 1] + memory[at.SUMS + last + b + 1]
    near, old = _class(u + l1, memory), _class(memory[at.OLD_SUMS + b] >> 6, memory)
    behind = min(max(end_last - block, 0), 3)
    memory[at.CHOSEN] = of.BLOCK_NEAR + (
        (_class(u, memory) * 9 + _class(beside, memory)) * 9 + _class(2 * l1 + l2, memory)
    )
    memory[at.CHOSEN + 1] = of.BLOCK_PLACE + (min(block, 191) * 3 + min(u, 2)) * 2 + min(l1, 1)
    memory[at.CHOSEN + 2] = of.BLOCK_PAST + (old * 9 + _class(uu, memory)) * 4 + behind
    memory[at.CHOSEN + 3] = of.BLOCK_SURPLUS + _surplus(surplus) * 9 + near
    return decide(bit, 4, of.BLOCK_SETS + near, memory, payload)


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
    block are left to fire first, 0 where one has fired already.
    """
    h = at.HEIGHTS
    l1, l2 = memory[h + now - 1], memory[h + now - 2]
    u, ul, ur, uu = (
        memory[h + last], memory[h + last - 1], memory[h + last + 1], memory[h + before]
    )  # fmt: skip
    wide = memory[h + last - 2] + memory[h + last + 2] + memory[h + last + 3]
    wide += memory[h + before - 1] + memory[h + before + 1]
    for i in range(3, 7):
        wide += memory[h + now - i]
    o = at.OLD_HEIGHTS + k + at.MARGIN
    old = _class((memory[o] * 4 + memory[o - 1] + memory[o + 1]) >> 8, memory)
    lower, upper = 2 * l1 + l2, 2 * u + ul + ur + uu
    both = _class(lower + upper, memory)
    near = of.NEAR + of.LEVELS * (
        (memory[at.BANDS + k] * 9 + _class(lower, memory)) * 9 + _class(upper, memory)
    )
    far = of.WIDE + of.LEVELS * ((_class(wide, memory) * 9 + old) * 4 + min(u, 3))
    place = of.PLACE + 6 * (memory[at.PLACES + k] * 5 + min(both, 4))
    shape = (min(l1, 2) * 3 + min(l2, 2)) * 3 + min(u, 2)
    shape = of.SHAPE + 4 * (((shape * 3 + min(ul, 2)) * 3 + min(ur, 2)) * 3 + min(uu, 2))
    crowd = of.SURPLUS + (_surplus(surplus) * 9 + both) * 3 + min(old, 2)
    due, height, sign = abs(value), 0, 1
    while height < of.LEVELS:
        bit = int(height < due)
        if left == 1 and height == 0:
            bit = 1  # the block holds something, and nothing else is left
        else:
            step = min(height, 3)
            kind = step + 8 if step else left
            memory[at.CHOSEN] = near + height
            memory[at.CHOSEN + 1] = far + height
            memory[at.CHOSEN + 2] = place + (step + 2 if step else (left > 0) + (left > 4))
            memory[at.CHOSEN + 3] = shape + step
            memory[at.CHOSEN + 4] = crowd + kind * 189
            bit = decide(bit, 5, of.LEVEL_SETS + kind * 9 + both, memory, payload)
        if bit == 0:
            break
        if height == 0:
            chosen = of.SIGN_SETS + min(u, 2) * 9 + min(uu, 2) * 3 + min(l1, 2)
            sign = 2 * _sign(int(value > 0), chosen, k, now, last, before, memory, payload) - 1
        height += 1
    if height == of.LEVELS:
        height += _above(due - of.LEVELS, max(both - 6, 0), memory, payload)
    return sign * height


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
    s = at.SIGNS
    l1, l2 = memory[s + now - 1] + 1, memory[s + now - 2] + 1
    u, ul, ur = memory[s + last] + 1, memory[s + last - 1] + 1, memory[s + last + 1] + 1
    uu, uul, uur = memory[s + before] + 1, memory[s + before - 1] + 1, memory[s + before + 1] + 1
    memory[at.CHOSEN] = of.SIGN_BEFORE + ((l1 * 3 + u) * 3 + ul) * 9 + uu * 3 + uul
    memory[at.CHOSEN + 1] = of.SIGN_BEHIND + ((l1 * 3 + u) * 3 + ur) * 9 + uu * 3 + uur
    memory[at.CHOSEN + 2] = of.SIGN_LOWER + (
        ((l1 * 3 + l2) * 3 + memory[s + last - 2] + 1) * 27 + (ul * 3 + u) * 3 + ur
    )
    memory[at.CHOSEN + 3] = of.SIGN_BIN + min(k, 511) * 9 + u * 3 + uu
    s = at.SIZES
    memory[at.CHOSEN + 4] = of.SIGN_SIZE + (
        ((memory[s + last] + 2) * 5 + memory[s + before] + 2) * 25
        + (memory[s + now - 1] + 2) * 5 + memory[s + last - 1] + 2
    )  # fmt: skip
    return decide(bit, 5, chosen, memory, payload)


@compiled
def _above(rest: int, group: int, memory: Numbers, payload: Numbers) -> int:
    """A number from 0 on, for the levels above those that are told apart: exponential Golomb."""
    width = 0
    while width < of.BITS - 1:
        memory[at.CHOSEN] = of.ABOVE + group * of.BITS + width
        if not decide(int((rest + 1) >> (width + 1) > 0), 1, of.ABOVE_SETS, memory, payload):
            break
        width += 1
    number = 1
    for place in range(width - 1, -1, -1):
        memory[at.CHOSEN] = of.ABOVE + (3 + min(width - 1 - place, 2)) * of.BITS + width
        bit = (rest + 1) >> place & 1
        number = 2 * number + decide(bit, 1, of.ABOVE_SETS, memory, payload)
    return number - 1


@compiled
def _class(magnitude: int, memory: Numbers) -> int:
    """Which of nine classes a magnitude is in."""
    return memory[at.CLASSES + min(magnitude, of.MOST_CLASSED)]


@compiled
def _surplus(surplus: int) -> int:
    """Which of seven classes: how many more events this frame has than the last had until here."""
    above = (surplus > 1) + (surplus > 5) + (surplus > 12)
    return 3 + above - ((surplus < -1) + (surplus < -5) + (surplus < -12))


@compiled
def _holds(levels: Numbers, start: int) -> bool:
    """Whether any bin of the block at `start` fires."""
    found = 0
    for i in range(start, start + of.BLOCK):
        found |= levels[i]
    return found != 0


@compiled
def _remember(now: int, reach: int, memory: Numbers) -> None:
    """Let the running means follow the frame that is over, up to block `reach`."""
    for j in range(at.MARGIN, at.MARGIN + reach * of.BLOCK):
        height = min(memory[at.HEIGHTS + now + j], 15) << 8
        memory[at.OLD_HEIGHTS + j] += (height - memory[at.OLD_HEIGHTS + j]) >> 3
    for b in range(at.SIDE, at.SIDE + reach):
        total = min(memory[at.SUMS + now + b], 63) << 8
        memory[at.OLD_SUMS + b] += (total - memory[at.OLD_SUMS + b]) >> 3


@compiled
def _clear(row: int, reach: int, memory: Numbers) -> None:
    """Silence a row up to block `reach`."""
    for j in range(at.MARGIN, at.MARGIN + reach * of.BLOCK):
        memory[at.HEIGHTS + row + j] = 0
        memory[at.SIGNS + row + j] = 0
        memory[at.SIZES + row + j] = 0
    for b in range(at.SIDE, at.SIDE + reach):
        memory[at.SUMS + row + b] = 0
