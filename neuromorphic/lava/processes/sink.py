"""A sink that appends spikes to a file, since reading a Lava variable takes a message per value."""

from pathlib import Path
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
    """Adds a value a unit and step to the file at `path`, of a `kind` of NumPy's, so many steps."""

    def __init__(self, *, units: int, steps: int, path: str, kind: str) -> None:
        super().__init__(units=units, steps=steps, path=path, kind=kind)
        self.a_in = InPort(shape=(units,))


@implements(proc=SpikeFile, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "floating_pt")
class PySpikeFile(PyLoihiProcessModel):
    """Closes the file at the last step; until then its size shows how far the run has come."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.steps, self.kind = proc_params["steps"], proc_params["kind"]
        self.file = Path(proc_params["path"]).open("wb")  # noqa: SIM115, closed at the last step

    def run_spk(self) -> None:
        """Receive one step."""
        self.file.write(self.a_in.recv().astype(self.kind).tobytes())
        if self.time_step == self.steps:
            self.file.close()
