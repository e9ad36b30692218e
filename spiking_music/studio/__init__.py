"""A local page on which a recording is taken apart into spikes, and the spikes are heard."""
