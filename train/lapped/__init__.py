"""Training of the lapped codec: thresholds, refiner and noise, alone and together."""
