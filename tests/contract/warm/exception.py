def inner():
    raise ValueError("no good")


try:
    {}["missing"]
except KeyError:
    inner()
