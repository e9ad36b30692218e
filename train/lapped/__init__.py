"""How the lapped codec is trained: thresholds, refiner, noise, and all of it together."""
