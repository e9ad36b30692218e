"""The objectives: distances between sounds, the v-diffusion loss, the price of events."""
