"""Sound in and out: read, resampled, written."""
