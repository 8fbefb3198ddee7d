"""`doctor`: what is wrong between a program and the platform, and what to do about it.

`doctor` asks for the checks in order; a module each has those of tracking, of the key, of
the platform and of the folder. `advice` has the ways out.
"""
