"""Source, synapses, neurons and sink as one process: no message between them, for long runs."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.lif.models import AbstractPyLifModelFixed
from lava.proc.lif.process import LIF
from lava.utils.weightutils import clip_weights, determine_sign_mode, truncate_weights


class FusedLif(LIF):
    """A LIF that reads its frames from the `.npy` file `source` and writes the file `path`.

    `weights (N, M)` and `weight_exp` are those of a Dense, `source` holds `(T, M)` integers, and
    `path` gets a byte a unit and step.
    """

    def __init__(
        self,
        *,
        weights: npt.NDArray[np.int32],
        weight_exp: int,
        source: str,
        path: str,
        **neuron: Any,
    ) -> None:
        super().__init__(
            shape=(len(weights),),
            weights=weights,
            weight_exp=weight_exp,
            source=source,
            path=path,
            **neuron,
        )


@implements(proc=FusedLif, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyFusedLif(AbstractPyLifModelFixed):
    """Lava's own neuron dynamics, bit-accurate; only input, threshold and output are ours."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    vth: int = LavaPyType(int, np.int32, precision=17)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        weights = proc_params["weights"]
        mode = determine_sign_mode(weights)
        stored = truncate_weights(clip_weights(weights, mode, 8), mode, 8)  # as Dense does
        self.weights = stored.astype(np.float64)
        self.weight_exp = proc_params["weight_exp"]
        self.frames = np.load(proc_params["source"], mmap_mode="r", allow_pickle=False)
        self.file = Path(proc_params["path"]).open("wb")  # noqa: SIM115, closed at the last step

    def run_spk(self) -> None:
        """Read a frame, take a step, write its spikes."""
        if not self.isbiasscaled:
            self.scale_bias()
        # Whole numbers below 2^53: the product in float64 is exact, and faster than in integers.
        total = (self.weights @ self.frames[self.time_step - 1]).astype(np.int64)
        exp = self.weight_exp
        total = total << exp if exp > 0 else total >> -exp
        self.subthr_dynamics(total.astype(np.int32))
        fires = self.v > self.vth << self.vth_shift
        self.reset_voltage(fires)
        self.file.write(fires.tobytes())
        if self.time_step == len(self.frames):
            self.file.close()
