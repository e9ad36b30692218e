"""A diffusion decoder for a bundle: what its waveform lacks, trained on its own sound."""
