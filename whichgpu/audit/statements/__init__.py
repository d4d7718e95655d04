"""Statements: what a sentence says of what it names, held against what is told and what is on file.

A sentence is read for claims of a few types, each with its subject, what it is of, and a value or a relation:
that one has so many times as much as another (`ratios.py`), more, or most of all (`ordered.py`), what a
device is (`beings.py`) and has (`features.py`), its rates (`rated.py`), what weights take and fit in
(`filled.py`), and results of what stands right before (`above.py`, `added.py`). Who is spoken of is told by
name, description, pronoun or as a group (`things.py`). A claim whose subject, kind or value is not certain is
none; one is wrong where neither the document's own tables and sentences nor what is on file bear it out
(`measured.py`).
"""
