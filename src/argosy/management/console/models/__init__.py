"""The models, and the runs of the loop that learns them."""
