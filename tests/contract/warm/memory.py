# limit: memory
blocks = []
try:
    for _ in range(64):
        blocks.append(b"x" * (64 << 20))
except MemoryError:
    raise SystemExit("no memory")
