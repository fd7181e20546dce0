"""Sweeps: many runs that search for good settings, shared by several workers.

What a sweep is stands in `file` and `space`, who does what in `storage`, one trial in `trial`, its workers in
`workers`, and what came of it in `results`.
"""
