"""What the conventional networks of a codec compute: every operator of an ONNX graph, counted."""
