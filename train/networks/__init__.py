"""The networks of the paper, one per file: plain modules, independent of training."""
