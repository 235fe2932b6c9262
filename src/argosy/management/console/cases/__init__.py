"""Cases: the queue, one case, and what is decided; everything by keyboard too."""
