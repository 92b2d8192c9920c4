"""Values as bytes between the candidate's process and the evaluator.

The format is data only: numbers, text, bytes, the builtin containers and numpy arrays of plain
element types. Decoding builds exact builtin types and base numpy arrays; it never looks up a name,
calls a constructor that the bytes choose, or opens a pickle, so bytes made by a hostile candidate
can be wrong but cannot run anything.
"""

import re
import struct
import sys

MAX_DEPTH = 64
_U64 = struct.Struct(">Q")
_F64 = struct.Struct(">d")
_C128 = struct.Struct(">dd")
# Booleans, integers, floats, complex, bytes, text, dates: element types without objects in them.
_DTYPE = re.compile(r"[<>|=](?:[biufcSU]\d{1,9}|[mM]8(?:\[[0-9a-zA-Z]{1,8}\])?)\Z")


class EncodeError(Exception):
    """A result holds something that cannot travel as data."""


class DecodeError(Exception):
    """Bytes that the encoder would not have written."""


def encode(value):
    """The bytes of a value. Subclasses of the builtin types travel as their base type."""
    out = []
    _encode(value, out, 0)
    return b"".join(out)


def _text(tag, data, out):
    out.append(tag + _U64.pack(len(data)))
    out.append(data)


def _encode(value, out, depth):
    if depth > MAX_DEPTH:
        raise EncodeError("the result is nested deeper than %d levels, or in itself" % MAX_DEPTH)
    if value is None:
        out.append(b"N")
    elif value is True:
        out.append(b"T")
    elif value is False:
        out.append(b"F")
    elif _is_numpy(value):
        _encode_numpy(value, out, depth)
    elif isinstance(value, float):
        out.append(b"f" + _F64.pack(value))
    elif isinstance(value, int):
        _text(b"i", format(int(value), "x").encode("ascii"), out)
    elif isinstance(value, complex):
        out.append(b"c" + _C128.pack(value.real, value.imag))
    elif isinstance(value, str):
        _text(b"s", str.encode(value, "utf-8", "surrogatepass"), out)
    elif isinstance(value, (bytes, bytearray)):
        _text(b"b", bytes(value), out)
    else:
        _encode_container(value, out, depth)


def _encode_container(value, out, depth):
    if isinstance(value, dict):
        out.append(b"d" + _U64.pack(len(value)))
        for key, item in value.items():
            _encode(key, out, depth + 1)
            _encode(item, out, depth + 1)
        return
    for tag, kind in ((b"l", list), (b"t", tuple), (b"S", set), (b"Z", frozenset)):
        if isinstance(value, kind):
            items = list(value)
            out.append(tag + _U64.pack(len(items)))
            for item in items:
                _encode(item, out, depth + 1)
            return
    raise EncodeError(
        "a result of type %s cannot leave the candidate's process: return plain values, "
        "containers or numpy arrays, or set candidate_process='inline'" % type(value).__name__)


def _is_numpy(value):
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))


def _encode_numpy(value, out, depth):
    import numpy
    array = numpy.asarray(value)
    if array.dtype.kind == "O":
        out.append(b"O" + _shape(array.shape))
        for item in array.ravel().tolist():
            _encode(item, out, depth + 1)
        return
    dtype = array.dtype.str
    if array.dtype.names or not _DTYPE.match(dtype):
        raise EncodeError("a numpy array of element type %s cannot leave the candidate's process"
                          % array.dtype)
    out.append(b"G" if isinstance(value, numpy.generic) else b"A")
    _text(b"s", dtype.encode("ascii"), out)
    out.append(_shape(array.shape))
    _text(b"b", array.tobytes(), out)


def _shape(shape):
    return struct.pack(">B%dQ" % len(shape), len(shape), *shape)


def decode(data):
    """The value of the bytes; DecodeError for anything the encoder would not have written."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.position != len(data):
        raise DecodeError("bytes after the end of the value")
    return value


class _Reader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, count):
        end = self.position + count
        if end > len(self.data):
            raise DecodeError("the value is cut short")
        piece = self.data[self.position:end]
        self.position = end
        return piece

    def count(self):
        (number,) = _U64.unpack(self.take(8))
        if number > len(self.data) - self.position:
            raise DecodeError("a length goes beyond the end")
        return number

    def value(self, depth):
        if depth > MAX_DEPTH:
            raise DecodeError("nested too deep")
        method = _READERS.get(bytes(self.take(1)))
        if method is None:
            raise DecodeError("unknown value kind")
        return method(self, depth)

    def integer(self, _depth):
        text = bytes(self.take(self.count()))
        if not re.match(rb"-?[0-9a-f]+\Z", text):
            raise DecodeError("malformed integer")
        return int(text, 16)

    def text(self, _depth):
        try:
            return bytes(self.take(self.count())).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise DecodeError("malformed text")

    def items(self, depth):
        return [self.value(depth + 1) for _ in range(self.count())]

    def hashed(self, make, depth):
        try:
            return make(self.items(depth))
        except TypeError:
            raise DecodeError("a set member that cannot be one")

    def dictionary(self, depth):
        result = {}
        for _ in range(self.count()):
            key = self.value(depth + 1)
            try:
                result[key] = self.value(depth + 1)
            except TypeError:
                raise DecodeError("a key that cannot be one")
        return result

    def shape(self):
        rank = self.take(1)[0]
        if rank > 32:
            raise DecodeError("too many dimensions")
        return struct.unpack(">%dQ" % rank, self.take(8 * rank))

    def array(self, depth, scalar=False):
        if bytes(self.take(1)) != b"s":
            raise DecodeError("malformed array")
        dtype = self.text(depth)
        if not _DTYPE.match(dtype):
            raise DecodeError("an element type that is not plain data")
        shape = self.shape()
        if bytes(self.take(1)) != b"b":
            raise DecodeError("malformed array")
        payload = bytes(self.take(self.count()))
        numpy = _numpy()
        try:
            kind = numpy.dtype(dtype)
            if _product(shape) * kind.itemsize != len(payload):
                raise DecodeError("an array's size does not match its shape")
            if kind.itemsize == 0:
                array = numpy.zeros(shape, kind) if _product(shape) < 1 << 24 else None
            else:
                array = numpy.frombuffer(payload, dtype=kind).reshape(shape).copy()
            return array[()] if scalar else array
        except (ValueError, TypeError, MemoryError) as error:
            raise DecodeError("malformed array: %s" % error)

    def objects(self, depth):
        shape = self.shape()
        size = _product(shape)
        if size > len(self.data) - self.position:
            raise DecodeError("a length goes beyond the end")
        array = _numpy().empty(size, dtype=object)
        for index in range(size):
            array[index] = self.value(depth + 1)
        return array.reshape(shape)


def _product(shape):
    total = 1
    for extent in shape:
        total *= extent
    return total


def _numpy():
    """numpy, from the installation only: a candidate may have left a numpy.py beside the task."""
    if "numpy" not in sys.modules:
        saved = list(sys.path)
        sys.path[:] = [path for path in saved if "site-packages" in path
                       or "dist-packages" in path or path.startswith(sys.base_prefix)]
        try:
            import numpy
        except ImportError:
            raise DecodeError("the result is a numpy array, and the evaluator has no numpy")
        finally:
            sys.path[:] = saved
    return sys.modules["numpy"]


_READERS = {
    b"N": lambda reader, depth: None,
    b"T": lambda reader, depth: True,
    b"F": lambda reader, depth: False,
    b"i": _Reader.integer,
    b"f": lambda reader, depth: _F64.unpack(reader.take(8))[0],
    b"c": lambda reader, depth: complex(*_C128.unpack(reader.take(16))),
    b"s": _Reader.text,
    b"b": lambda reader, depth: bytes(reader.take(reader.count())),
    b"l": lambda reader, depth: reader.items(depth),
    b"t": lambda reader, depth: tuple(reader.items(depth)),
    b"S": lambda reader, depth: reader.hashed(set, depth),
    b"Z": lambda reader, depth: reader.hashed(frozenset, depth),
    b"d": _Reader.dictionary,
    b"A": _Reader.array,
    b"G": lambda reader, depth: reader.array(depth, scalar=True),
    b"O": _Reader.objects,
}
