"""The web application: pages for people, `/api/v1/` for programs, both made from the same reports.

`app.create` makes it; `serving.serve` runs it. It keeps nothing but what it has worked out, and asks for
nothing from anywhere.
"""
