"""What a user of a trained codec needs: audio, events, files, models. Never imports torch."""
