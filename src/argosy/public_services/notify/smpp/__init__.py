"""SMS by SMPP 3.4, the protocol of message centres."""
