"""From music to a trained model: data, networks, objectives, and the loop that joins them."""
