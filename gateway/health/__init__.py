"""What the surroundings of a gateway ask of it: whether it lives, whether it can take mail, and its figures."""
