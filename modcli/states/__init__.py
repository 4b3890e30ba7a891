"""What the model has read, kept: hidden states by content and model."""
