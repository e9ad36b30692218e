"""A local page that shows and plays the spikes of a recording."""
