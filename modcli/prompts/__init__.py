"""From a profile and an item to what the model reads. Pure."""
