"""What is wrong with this machine, these settings, these profiles: one finding for each thing looked at."""
