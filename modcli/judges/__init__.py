"""From readouts to a probability per category. Pure numpy."""
