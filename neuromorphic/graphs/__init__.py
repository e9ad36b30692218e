"""NIR graphs: read, checked, run."""

STEP = 1e-4  # s; the step that snnTorch and SpikingJelly assume for every NIR file
