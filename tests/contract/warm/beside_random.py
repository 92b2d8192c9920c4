import random

generator = random.Random()
