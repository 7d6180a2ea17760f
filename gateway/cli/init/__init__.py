"""`init`: a first deployment, from nothing to a gateway that can be started."""
