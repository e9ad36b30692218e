"""Piano as spikes: an audio codec whose bottleneck runs bit for bit on neuromorphic chips."""
