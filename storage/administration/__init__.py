"""What admins do: verbs as plans, one file for each noun.

A verb that changes something takes an `Act` first, is run by `store.change`, and leaves a row in the audit; what only
reads is run by `store.read`. A change that can't be made raises `Refused` with a sentence that says what to do, and
then nothing was changed. A verb that takes an account id never sees another account.
"""
