# Generators that seed themselves must not agree between jobs.  differs
import random
import uuid

import beside_random

try:
    import numpy
    print(numpy.random.random())
except ImportError:
    pass
print(random.random(), beside_random.generator.random(), uuid.uuid4())
