"""Lava, the simulator of Intel's Loihi: frozen upstream, run in a process of its own."""
