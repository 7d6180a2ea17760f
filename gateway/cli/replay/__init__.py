"""`bcc-gateway replay`: old mail, decided as if it came now.

command.py takes the options, session.py runs them, batches.py decides, threads.py and output.py say what became of it.
"""
