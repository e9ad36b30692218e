"""A trained run becomes a bundle: ONNX graphs, NIR graphs, a netx file and a manifest."""
