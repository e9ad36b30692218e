"""The networks of the paper, one a file: plain modules that know of no training."""
