"""A sink that leaves its spikes in one file: reading a Lava variable costs a message an element."""

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol


class SpikeFile(AbstractProcess):
    """Collects the spikes of `units` neurons in `path`, `(steps, units) bool`."""

    def __init__(self, *, units: int, steps: int, path: str) -> None:
        super().__init__(units=units, steps=steps, path=path)
        self.a_in = InPort(shape=(units,))


@implements(proc=SpikeFile, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PySpikeFile(PyLoihiProcessModel):
    """Writes the `.npy` file at the last step."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.path = proc_params["path"]
        self.spikes = np.zeros((proc_params["steps"], proc_params["units"]), np.bool_)

    def run_spk(self) -> None:
        """Receive one step."""
        self.spikes[self.time_step - 1] = self.a_in.recv()
        if self.time_step == len(self.spikes):
            np.save(self.path, self.spikes)
