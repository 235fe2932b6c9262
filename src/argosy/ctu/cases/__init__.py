"""Money that waits for a human: queue, evidence, decision, and the label that follows."""
