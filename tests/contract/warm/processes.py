import multiprocessing
import subprocess
import sys


def square(x):
    return x * x


if __name__ == "__main__":
    with multiprocessing.Pool(2) as pool:
        print(pool.map(square, range(5)))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(square, range(3)))
    print(subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True).stdout)
