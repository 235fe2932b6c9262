"""The staff console: pages in NiceGUI over the functions of the management board."""
