"""Long work beside requests: children that can be killed, and what they make.

parameters.py says what may be asked, runner.py claims and follows, child.py is one child seen from here, worker.py its
own main, confine.py what holds it, kinds.py what it does; upkeep.py asks for work by itself.
"""
