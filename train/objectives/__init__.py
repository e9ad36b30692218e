"""What is minimised: distances of sounds, the v-diffusion loss, the price of events."""
