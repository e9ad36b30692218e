"""Where training runs: on one CPU, on one GPU, or in the processes that `torchrun` started.

    torchrun --standalone --nproc-per-node 4 --no-python spiking-music train paper RUN_DIR

starts four processes, one for each GPU of a machine; for several machines, give torchrun `--nnodes`
and `--rdzv-endpoint` instead of `--standalone`. The batch of the preset is divided evenly.
"""

import os

import torch
from lightning_fabric import Fabric


def launched() -> Fabric:
    """Fabric for this process; under `torchrun`, as a member of its data-parallel group.

    bf16 autocast is used only on GPUs: on CPUs without matrix units it is slower than float32.
    """
    local, everyone = (int(os.environ.get(k, "1")) for k in ("LOCAL_WORLD_SIZE", "WORLD_SIZE"))
    gpu = torch.cuda.is_available()
    fabric = Fabric(
        accelerator="cuda" if gpu else "cpu",
        devices=local,
        num_nodes=everyone // local,
        strategy="ddp" if everyone > 1 else "auto",
        precision="bf16-mixed" if gpu else "32-true",
    )
    fabric.launch()
    return fabric
