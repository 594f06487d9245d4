"""The hot loops: numba and NumPy only, arrays in, arrays out; no checks, no options, no input or output.

Every kernel is compiled once, for one signature: index arrays are ``uint32``, row pointers ``uint64``, graph arrays
read-only, scratch and results writable, and loops run over unsigned integers (signed ones cost 1.3-1.9x).
"""
