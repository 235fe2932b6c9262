"""Public services: what every channel and product uses and no market writes twice."""
