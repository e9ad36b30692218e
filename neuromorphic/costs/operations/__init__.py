"""Count every operator of an ONNX graph: what a codec's conventional networks compute."""
