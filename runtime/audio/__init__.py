"""Read, resample and write audio."""
