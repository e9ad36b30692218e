"""Music to train and to measure on: recordings, MIDI played on a sampled piano, MAESTRO."""
