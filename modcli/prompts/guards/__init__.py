"""Guard and policy models: each asked in the prompt form that it was trained on."""
