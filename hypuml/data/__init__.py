"""Images: the registry, safe decoding, drawn and folder data sets, transforms, samplers."""
