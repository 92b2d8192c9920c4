# cold: cannot be compiled
def broken(:
