"""Export a trained run as a bundle: ONNX graphs, NIR graphs, a netx file and a manifest."""
