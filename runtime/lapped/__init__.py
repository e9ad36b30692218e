"""The spiking codec in a lapped basis: transform, integer units, encoder and decoder."""
