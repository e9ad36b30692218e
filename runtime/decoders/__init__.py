"""Decode events to sound: the waveform decoder, diffusion, and what both need."""
