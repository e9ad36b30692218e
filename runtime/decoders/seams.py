"""Make overlapping windows of the diffusion decoder agree on their prediction at every step."""

from dataclasses import dataclass, field

from runtime.audio.samples import Samples
from runtime.windows import rise


@dataclass(eq=False)
class Seams:
    """The two stretches of a window, each `overlap` samples long, where its neighbours join it.

    In the stretch that begins at `seam`, this window takes over from the window `before`; in its
    last samples, the window `after` takes over. A neighbour that is None does not exist, or is
    denoised later and then follows what is stored here for each step.
    """

    seam: int
    overlap: int
    before: "Seams | None" = None
    after: "Seams | None" = None
    heads: list[Samples] = field(default_factory=list)
    tails: list[Samples] = field(default_factory=list)

    def agreed(self, predicted: Samples) -> Samples:
        """Take the window's prediction `(n,)` at the next step; return it with smooth seams."""
        step, agreed, rising = len(self.heads), predicted.copy(), rise(self.overlap)
        head = agreed[self.seam : self.seam + self.overlap]
        tail = agreed[max(len(agreed) - self.overlap, 0) :]
        if self.before is not None:
            head[:] = _mixed(self.before.tails[step], head, rising)
        if self.after is not None:
            tail[:] = _mixed(tail, self.after.heads[step], rising)
        self.heads.append(head.copy())
        self.tails.append(tail.copy())
        return agreed


def _mixed(earlier: Samples, later: Samples, rising: Samples) -> Samples:
    return earlier + (later - earlier) * rising
