"""The pure core: values in, values out. No I/O, no clock, no environment, no log.

reading     message, headers, addresses, mime, body, … : bytes to values
unwrapping  unwrap/: the originals inside a copy
deciding    decide, and the stages that it names; facts, results and draft are what they hand on
telling     decision, reasons, explain
"""
