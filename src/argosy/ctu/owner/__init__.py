"""Is it the owner? A score from the history of device, place, network, time and habit."""
