"""The demo: a workspace to look at, made by the same services that real work uses.

Every part looks whether it was made before, so a second start changes nothing and an interrupted
one goes on. Where people who are not the demo's are stored, nothing is added: no flag mixes
invented people into real work.
"""
