"""Music to train on: MIDI performances, a sampled piano, MAESTRO, folders of audio, crops."""
