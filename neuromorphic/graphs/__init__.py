"""NIR graphs: read, checked, run."""
