"""`bcc-gateway doctor`: whether an installation is complete and works, and what to do where it doesn't."""
