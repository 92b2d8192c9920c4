import sys

for number in range(20000):
    print("line", number)
sys.stderr.write("e" * 100000)
