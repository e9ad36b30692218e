"""Music to train and measure on: recordings, MIDI played on a sampled piano, MAESTRO."""
