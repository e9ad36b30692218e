"""One binary decision: foretold by several contexts, mixed, sent by a range coder, learned from.

Whole numbers only. A chance is of 2^22 in a context and of 2^16 for the range coder; opinions are
mixed in the logistic domain, `256 ln(p / (1 - p))`, by weights of 2^16. Every product stays below
2^53, so that the 64-bit numbers of numba and the unbounded ones of Python agree.
"""

from runtime.coders.lapped import memory as at
from runtime.coders.lapped.compiling import Numbers, compiled


@compiled
def decide(bit: int, opinions: int, chosen: int, memory: Numbers, payload: Numbers) -> int:
    """Send `bit`, or return the one that was sent.

    The first `opinions` of the contexts at `CHOSEN` are mixed by the set `chosen` of weights.
    """
    weights = at.WEIGHTS + 5 * chosen
    total = 0
    for i in range(opinions):
        opinion = memory[at.STRETCH + (memory[at.CHANCES + memory[at.CHOSEN + i]] >> 10)]
        memory[at.OPINIONS + i] = opinion
        total += memory[weights + i] * opinion
    chance = memory[at.SQUASH + min(max((total >> 16) + 3072, 0), 6143)]
    bit = transmit(bit, chance, memory, payload)
    error = ((bit << 16) - chance) * memory[at.RATE]
    for i in range(opinions):
        memory[weights + i] += (memory[at.OPINIONS + i] * error + 32768) >> 16
        context = memory[at.CHOSEN + i]
        age, old = memory[at.AGES + context], memory[at.CHANCES + context]
        memory[at.CHANCES + context] += ((bit << 22) - bit - old) * memory[at.STEP + age] >> 16
        memory[at.AGES + context] = min(age + 1, memory[at.OLDEST_AGE])
    return bit


@compiled
def transmit(bit: int, chance: int, memory: Numbers, payload: Numbers) -> int:
    """Send one bit whose chance to be 1 is `chance` of 2^16, or return the one that was sent."""
    low, high, reading = memory[at.LOW], memory[at.HIGH], memory[at.READING]
    # A zero takes the lower part of the interval, so that silence for long is zeros.
    split = low + ((high - low) * (65536 - chance) >> 16)
    if reading:
        bit = int(memory[at.VALUE] > split)
    if bit:
        low = split + 1
    else:
        high = split
    while (low ^ high) >> 24 == 0:
        place = memory[at.NEXT]
        if reading:
            octet = payload[place] if place < len(payload) else 0
            memory[at.VALUE] = (memory[at.VALUE] << 8 & 0xFFFFFFFF) | octet
        else:
            payload[place] = high >> 24
        memory[at.NEXT] = place + 1
        low = low << 8 & 0xFFFFFFFF
        high = (high << 8 & 0xFFFFFFFF) | 255
    memory[at.LOW], memory[at.HIGH] = low, high
    memory[at.DECISIONS] += 1
    return bit
