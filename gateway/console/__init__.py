"""The HTTP side: the API for programs, and the console for people. Both use the verbs that the commands use."""
